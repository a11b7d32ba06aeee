"""`paraph ca ocsp` and `paraph ca tsa`: with which key and certificate the `status` zone answers and stamps; new ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.serialization import Encoding

from apps.status_keys import Part, certificate_of
from apps.status_keys import renew as renewed

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from apps.installation import Installation


@click.command()
@click.option("--renew", is_flag=True, help="Make a new key and have it certified; the running zone uses it at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def ocsp(installation: Installation, *, renew: bool, as_json: bool) -> None:
    """Show the certificate of the OCSP responder, or renew it: it lives for 30 days.

    Example: paraph ca ocsp --renew
    """
    _show(_certificate(installation, "ocsp", renew=renew), as_json=as_json)


@click.command()
@click.option("--renew", is_flag=True, help="Make a new unit: new key, new name. The running zone uses it at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def tsa(installation: Installation, *, renew: bool, as_json: bool) -> None:
    """Show the certificate of the time-stamping unit, or renew it: its key is used for a year.

    Example: paraph ca tsa --renew
    """
    _show(_certificate(installation, "tsu", renew=renew), as_json=as_json)


def _certificate(installation: Installation, part: Part, *, renew: bool) -> Certificate:
    settings = installation.settings()
    return renewed(part, settings) if renew else certificate_of(part, settings.zone_dir("status"))


def _show(certificate: Certificate, *, as_json: bool) -> None:
    found = {
        "subject": certificate.subject.rfc4514_string(),
        "serial": f"{certificate.serial_number:040x}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "certificate": certificate.public_bytes(Encoding.PEM).decode(),
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name in ("subject", "serial", "not_before", "not_after"):
        click.echo(f"{name.replace('_', ' '):12}{found[name]}")
