"""`paraph audit`: the evidence of what was signed, and the log of the authority's acts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from apps.words import EXPECTED, plain
from ca.client import CaAdmin
from ca.protocol import CA_ADMIN
from channel.client import Channel
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from apps.installation import Installation
    from ca.protocol import AuditVerified
    from signer.sam.protocol import EvidenceVerified


@click.group()
def audit() -> None:
    """The evidence of what was signed, and of what the authority did."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(installation: Installation, *, as_json: bool) -> None:
    """Verify the SAM's evidence, and the authority's log with its record, from the first row, and every checkpoint.

    The first row or checkpoint that is altered, missing or out of order is named, and the exit code is 1. Times of more
    than a day for which no time-stamp speaks are told.

    Example: paraph audit verify
    """
    settings = installation.settings()
    logs: dict[str, Callable[[], EvidenceVerified | AuditVerified]] = {
        "evidence": SamAdmin(Channel(ADMIN, settings.socket("sam-admin"))).verify_evidence,
        "authority's log": CaAdmin(Channel(CA_ADMIN, settings.socket("ca-admin"))).verify_audit,
    }
    found, broken = {}, []
    for name, verified in logs.items():
        try:
            found[name] = verified()
        except EXPECTED as error:  # the other log is looked at all the same
            broken.append(error)
    if as_json:
        click.echo(json.dumps({name: _as_json(each) for name, each in found.items()}, indent=2))
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
        f"the last time-stamp is of {_minute(points.stamped_until)}" if points.stamped_until else "no time-stamp yet"
    )
    click.echo(f"  Checkpoints: {points.checkpoints}, all hold. Time-stamps: {points.time_stamps}; {until}")
    for begin, end in points.gaps:
        click.echo(f"  No time-stamp speaks for the time from {_minute(begin)} to {_minute(end)}")


def _as_json(found: EvidenceVerified | AuditVerified) -> dict[str, Any]:
    points = found.checkpoints
    return {
        "rows": found.rows,
        "last_link": found.head,
        "checkpoints": points.checkpoints,
        "time_stamps": points.time_stamps,
        "stamped_until": points.stamped_until.isoformat() if points.stamped_until else None,
        "gaps": [{"from": begin.isoformat(), "to": end.isoformat()} for begin, end in points.gaps],
    }


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
