"""`paraph ca`: what the certification authority has issued."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from rich.console import Console
from rich.table import Table

from ca.client import CaAdmin, CaClient
from ca.protocol import CA, CA_ADMIN, CertificateSummary
from channel.client import Channel

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group()
def ca() -> None:
    """What the certification authority has issued."""


def _client(installation: Installation) -> CaClient:
    return CaClient(Channel(CA, installation.settings().socket("ca")))


def _admin(installation: Installation) -> CaAdmin:
    return CaAdmin(Channel(CA_ADMIN, installation.settings().socket("ca-admin")))


@ca.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@click.option("--after", "after_serial", default="", help="Go on after this serial number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_certificates(installation: Installation, *, limit: int, after_serial: str, as_json: bool) -> None:
    """List certificates, newest first."""
    found = _client(installation).list(limit, after_serial)
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


def _as_json(each: CertificateSummary) -> dict[str, str]:
    return {
        "serial": each.serial,
        "subject": each.subject,
        "profile": each.profile,
        "not_before": each.not_before.isoformat(),
        "not_after": each.not_after.isoformat(),
        "status": each.status,
    }
