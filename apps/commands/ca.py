"""`paraph ca`: what the certification authority has issued, and the status of it."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from rich.console import Console
from rich.table import Table

from apps.commands.ca_parts import ocsp, tsa
from apps.commands.ca_renew import renew
from apps.commands.ca_statements import statements
from apps.commands.ca_trusted_list import trusted_list
from ca.client import CaAdmin, CaClient
from ca.protocol import CA, CA_ADMIN, REVOCATION_REASONS, CertificateSummary, StatusChanged
from channel.client import Channel
from ra.revocation import StatusRequests
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group()
def ca() -> None:
    """What the certification authority has issued, and the status of it."""


for command in (ocsp, tsa, renew):
    ca.add_command(command)
ca.add_command(statements)
ca.add_command(trusted_list)


def _client(installation: Installation) -> CaClient:
    return CaClient(Channel(CA, installation.settings().socket("ca")))


def _admin(installation: Installation) -> CaAdmin:
    return CaAdmin(Channel(CA_ADMIN, installation.settings().socket("ca-admin")))


def _requests(installation: Installation) -> StatusRequests:
    sam = SamAdmin(Channel(ADMIN, installation.settings().socket("sam-admin")))
    return StatusRequests(sam, _admin(installation), by=f"operator {getpass.getuser()}")


@ca.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@click.option("--after", "after_serial", default="", help="Go on after this serial number.")
@click.option("--unfinished", is_flag=True, help="Those that were perhaps signed before a crash and never handed out.")
@click.option("--credential", default="", help="Only those issued for this credential.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_certificates(
    installation: Installation, *, limit: int, after_serial: str, unfinished: bool, credential: str, as_json: bool
) -> None:
    """List certificates, newest first."""
    found = _client(installation).list(limit, after_serial, unfinished=unfinished, credential=credential)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("Serial", "Subject", "Profile", "Valid until", "Status")
    for each in found:
        table.add_row(each.serial, each.subject, each.profile, f"{each.not_after:%Y-%m-%d %H:%M}", each.status)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@ca.command()
@click.argument("serial")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(installation: Installation, serial: str, *, as_json: bool) -> None:
    """Show one certificate by its serial number (hex), as PEM."""
    issued = _client(installation).show(serial)
    certificate = load_der_x509_certificate(issued.certificate)
    pem = certificate.public_bytes(Encoding.PEM).decode()
    if as_json:
        issuer = load_der_x509_certificate(issued.issuer).public_bytes(Encoding.PEM).decode()
        click.echo(json.dumps({"certificate": pem, "issuer": issuer}))
        return
    table = Table(show_header=False, box=None)
    table.add_row("Subject", certificate.subject.rfc4514_string())
    table.add_row("Issuer", certificate.issuer.rfc4514_string())
    table.add_row("Serial", f"{certificate.serial_number:x}")
    table.add_row("Valid from", f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC")
    table.add_row("Valid until", f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC")
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    click.echo(pem, nl=False)


@ca.command()
@click.argument("serial")
@click.option("--reason", type=click.Choice(REVOCATION_REASONS), required=True, help="As RFC 5280 §5.3.1 names it.")
@click.option(
    "--invalid-since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Since when the key may have been in wrong hands, UTC. The revocation itself holds from now on.",
)
@click.option("--yes", is_flag=True, help="Do not ask: a revocation cannot be undone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def revoke(
    installation: Installation, *, serial: str, reason: str, invalid_since: datetime | None, yes: bool, as_json: bool
) -> None:
    """Revoke a certificate for good, from now on, and destroy the signatory's key.

    Example: paraph ca revoke 4f09c2 --reason keyCompromise --yes
    """
    found = _admin(installation).describe(serial)
    if not yes:
        click.confirm(f"Revoke {found.subject}? This cannot be undone.", abort=True, err=True)
    since = invalid_since.replace(tzinfo=UTC) if invalid_since else None
    _say(_requests(installation).revoke(serial, reason, since), as_json=as_json)


@ca.command()
@click.argument("serial")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def suspend(installation: Installation, *, serial: str, as_json: bool) -> None:
    """Suspend a certificate from now on: its credential signs nothing until it is resumed.

    Example: paraph ca suspend 4f09c2
    """
    _say(_requests(installation).suspend(serial), as_json=as_json)


@ca.command()
@click.argument("serial")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def resume(installation: Installation, *, serial: str, as_json: bool) -> None:
    """End the suspension of a certificate: its credential signs again.

    Example: paraph ca resume 4f09c2
    """
    _say(_requests(installation).resume(serial), as_json=as_json)


@ca.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def crl(installation: Installation, *, as_json: bool) -> None:
    """Issue and publish a new revocation list now."""
    new = _admin(installation).publish_crl()
    if as_json:
        said = {"number": new.number, "next_update": new.next_update.isoformat(), "entries": new.entries}
        click.echo(json.dumps(said))
        return
    click.echo(f"Revocation list {new.number}: {new.entries} entries, valid until {new.next_update:%Y-%m-%d %H:%M} UTC")


def _say(changed: StatusChanged | None, *, as_json: bool) -> None:
    if changed is None:
        click.echo("{}" if as_json else "It was not suspended any more.")
    elif as_json:
        said = {"serial": changed.serial, "status": changed.status, "at": changed.at.isoformat()}
        click.echo(json.dumps({**said, "crl": changed.crl_number}))
    else:
        number = changed.crl_number
        told = f"revocation list {number}" if number else "the revocation list follows as soon as it can be issued"
        click.echo(f"{changed.serial} is {changed.status} from {changed.at:%Y-%m-%d %H:%M:%S} UTC on; {told}")


def _as_json(each: CertificateSummary) -> dict[str, str]:
    return {
        "serial": each.serial,
        "subject": each.subject,
        "profile": each.profile,
        "not_before": each.not_before.isoformat(),
        "not_after": each.not_after.isoformat(),
        "status": each.status,
        "reason": each.reason,
        "since": each.since.isoformat() if each.since else "",
        "credential": each.credential,
    }
