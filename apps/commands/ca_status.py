"""`paraph ca revoke`, `suspend` and `resume`: the status of one certificate, and of the credential it belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_json
from ca.protocol import REVOCATION_REASONS, StatusChanged

if TYPE_CHECKING:
    from apps.installation import Installation

reason = click.option(
    "--reason", type=click.Choice(REVOCATION_REASONS), required=True, help="As RFC 5280 §5.3.1 names it."
)
invalid_since = click.option(
    "--invalid-since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Since when the key may have been in wrong hands, UTC. The revocation itself holds from now on.",
)


@click.command(cls=Command, example="paraph ca revoke 4f09c2 --reason keyCompromise --yes --as elena")
@click.argument("serial")
@reason
@invalid_since
@click.option("--yes", is_flag=True, help="Do not ask: a revocation cannot be undone.")
@as_json
@signing_in
@click.pass_obj
def revoke(
    installation: Installation,
    *,
    serial: str,
    reason: str,
    invalid_since: datetime | None,
    yes: bool,
    as_json: bool,
    admin: Admin,
) -> None:
    """Revoke a certificate for good, from now on, and destroy the signatory's key.

    Many at once, from a file: paraph ca propose revoke.
    """
    authority = Authority(installation)
    found = authority.operator.describe(serial)
    if not yes:
        click.confirm(f"Revoke {found.subject}? This cannot be undone.", abort=True, err=True)
    requests = authority.status_requests(authority.signed_in(admin))
    _say(requests.revoke(serial, reason, in_utc(invalid_since)), as_json=as_json)


@click.command(cls=Command, example="paraph ca suspend 4f09c2")
@click.argument("serial")
@as_json
@click.pass_obj
def suspend(installation: Installation, *, serial: str, as_json: bool) -> None:
    """Suspend a certificate from now on: its credential signs nothing until it is resumed.

    This is the brake that anybody at this command may put on; to take it off, an administrator signs in.
    """
    authority = Authority(installation)
    _say(authority.status_requests(authority.operator).suspend(serial), as_json=as_json)


@click.command(cls=Command, example="paraph ca resume 4f09c2 --as elena")
@click.argument("serial")
@as_json
@signing_in
@click.pass_obj
def resume(installation: Installation, *, serial: str, as_json: bool, admin: Admin) -> None:
    """End the suspension of a certificate: its credential signs again."""
    authority = Authority(installation)
    _say(authority.status_requests(authority.signed_in(admin)).resume(serial), as_json=as_json)


def in_utc(typed: datetime | None) -> datetime | None:
    """Return an instant that was typed without a zone."""
    return typed.replace(tzinfo=UTC) if typed else None


def _say(changed: StatusChanged | None, *, as_json: bool) -> None:
    if changed is None:
        click.echo("{}" if as_json else "It was not suspended any more.")
    elif as_json:
        crl = changed.crl_number
        say_json({"serial": changed.serial, "status": changed.status, "at": changed.at, "crl": crl})
    else:
        number = changed.crl_number
        told = f"revocation list {number}" if number else "the revocation list follows as soon as it can be issued"
        click.echo(f"{changed.serial} is {changed.status} from {instant(changed.at)} on; {told}")
