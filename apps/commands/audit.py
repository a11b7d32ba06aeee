"""`paraph audit`: the evidence of what was signed, and the log of the authority's acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from apps.commands.authority import Authority
from apps.commands.frame import Group, as_json
from apps.commands.output import instant, say_json
from apps.words import EXPECTED, plain
from channel.client import Channel
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.installation import Installation
    from ca.protocol import AuditVerified
    from signer.sam.protocol import EvidenceVerified


@click.group(cls=Group)
def audit() -> None:
    """The evidence of what was signed, and of what the authority did."""


@audit.command(example="paraph audit verify")
@as_json
@click.pass_obj
def verify(installation: Installation, *, as_json: bool) -> None:
    """Verify the SAM's evidence, and the authority's log with its record, from the first row, and every checkpoint.

    The first row or checkpoint that is altered, missing or out of order is named, and the exit code is 1. Times of more
    than a day for which no time-stamp speaks are told.
    """
    settings = installation.settings()
    logs: dict[str, Callable[[], EvidenceVerified | AuditVerified]] = {
        "evidence": SamAdmin(Channel(ADMIN, settings.socket("sam-admin"))).verify_evidence,
        "authority's log": Authority(installation).operator.verify_audit,
    }
    found, broken = {}, []
    for name, verified in logs.items():
        try:
            found[name] = verified()
        except EXPECTED as error:  # the other log is looked at all the same
            broken.append(error)
    if as_json:
        say_json({name: _facts(each) for name, each in found.items()})
    else:
        for name, each in found.items():
            _show(name, each)
    if broken:
        for other in broken[1:]:
            click.echo(f"paraph: {plain(other)}", err=True)
        raise broken[0]


def _show(name: str, found: EvidenceVerified | AuditVerified) -> None:
    click.echo(f"The {name} is whole: {found.rows} rows, last link {found.head}")
    points = found.checkpoints
    until = (
        f"the last time-stamp is of {instant(points.stamped_until)}" if points.stamped_until else "no time-stamp yet"
    )
    click.echo(f"  Checkpoints: {points.checkpoints}, all hold. Time-stamps: {points.time_stamps}; {until}")
    for begin, end in points.gaps:
        click.echo(f"  No time-stamp speaks for the time from {instant(begin)} to {instant(end)}")


def _facts(found: EvidenceVerified | AuditVerified) -> dict[str, Any]:
    points = found.checkpoints
    return {
        "rows": found.rows,
        "last_link": found.head,
        "checkpoints": points.checkpoints,
        "time_stamps": points.time_stamps,
        "stamped_until": points.stamped_until,
        "gaps": [{"from": begin, "to": end} for begin, end in points.gaps],
    }
