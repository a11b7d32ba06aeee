"""`paraph ca ocsp` and `paraph ca tsa`: with which key and certificate the `status` zone answers and stamps; new ones."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.serialization import Encoding

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_facts, say_json
from apps.status_keys import TOKEN_LABEL, Part, certificate_of, certify_again, certify_part
from hsm.session import Token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from apps.installation import Installation


@click.command(cls=Command, example="paraph ca ocsp --renew --same-key")
@click.option("--renew", is_flag=True, help="Make a new key and have it certified; the running zone uses it at once.")
@click.option(
    "--same-key", is_flag=True, help="With --renew: a new certificate for the key; for a timer, needs no login."
)
@as_json
@signing_in
@click.pass_obj
def ocsp(installation: Installation, *, renew: bool, same_key: bool, as_json: bool, admin: Admin) -> None:
    """Show the certificate of the OCSP responder, or renew it: it lives for 30 days."""
    if same_key and not renew:
        raise click.UsageError("--same-key goes with --renew")
    if renew and same_key:
        _show(_certified_again(installation), as_json=as_json)
    else:
        _show(_certificate(installation, "ocsp", admin if renew else None), as_json=as_json)


@click.command(cls=Command, example="paraph ca tsa --renew --as elena")
@click.option("--renew", is_flag=True, help="Make a new unit: new key, new name. The running zone uses it at once.")
@as_json
@signing_in
@click.pass_obj
def tsa(installation: Installation, *, renew: bool, as_json: bool, admin: Admin) -> None:
    """Show the certificate of the time-stamping unit, or renew it: its key is used for a year."""
    _show(_certificate(installation, "tsu", admin if renew else None), as_json=as_json)


def _certificate(installation: Installation, part: Part, renewing: Admin | None) -> Certificate:
    folder = installation.settings().zone_dir("status")
    if renewing is None:
        return certificate_of(part, folder)
    authority = Authority(installation).signed_in(renewing)  # before a key is made
    with closing(_token(installation)) as token:
        return certify_part(part, folder, token, authority.certify)


def _certified_again(installation: Installation) -> Certificate:
    folder = installation.settings().zone_dir("status")
    with closing(_token(installation)) as token:
        return certify_again("ocsp", folder, token, Authority(installation).operator.certify)


def _token(installation: Installation) -> Token:
    settings = installation.settings()
    return Token(settings.zone_dir("status"), Path(settings.ca.module), TOKEN_LABEL)


def _show(certificate: Certificate, *, as_json: bool) -> None:
    subject, serial = certificate.subject.rfc4514_string(), f"{certificate.serial_number:040x}"
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if as_json:
        pem = certificate.public_bytes(Encoding.PEM).decode()
        say_json({"subject": subject, "serial": serial, "not_before": begins, "not_after": ends, "certificate": pem})
        return
    ends_at, begins_at = instant(ends), instant(begins)
    say_facts([("Subject", subject), ("Serial", serial), ("Valid from", begins_at), ("Valid until", ends_at)])
