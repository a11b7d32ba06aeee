"""`paraph ca ocsp` and `paraph ca tsa`: with which key and certificate the `status` zone answers and stamps."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.serialization import Encoding

from apps.commands.authority import Authority
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_facts, say_json
from apps.status_keys import TOKEN_LABEL, certificate_of, certify_again
from ca.generations import pinned
from core.addresses import FIRST
from hsm.session import Token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from apps.installation import Installation

generation = click.option(
    "--generation", type=click.IntRange(FIRST), help="Of the issuing CA, by its number; default: the newest."
)


@click.command(cls=Command, example="paraph ca ocsp --renew")
@click.option("--renew", is_flag=True, help="Have its present key certified anew; for a timer, needs no login.")
@generation
@as_json
@click.pass_obj
def ocsp(installation: Installation, *, renew: bool, generation: int | None, as_json: bool) -> None:
    """Show the certificate of the OCSP responder, or renew it: it lives for 30 days.

    The responder has a certificate of each generation of the issuing CA. A new key for it: paraph ca rotate ocsp.
    """
    settings = installation.settings()
    number, folder = generation or newest(installation), settings.zone_dir("status")
    if not renew:
        say_certificate(certificate_of("ocsp", folder, number), as_json=as_json)
        return
    certify = partial(Authority(installation).operator.certify, generation=number)
    with closing(token_of(installation)) as token:
        say_certificate(certify_again("ocsp", folder, token, certify, number), as_json=as_json)


@click.command(cls=Command, example="paraph ca tsa")
@as_json
@click.pass_obj
def tsa(installation: Installation, *, as_json: bool) -> None:
    """Show the certificate of the time-stamping unit: its key is used for a year. A new unit: paraph ca rotate tsa."""
    say_certificate(certificate_of("tsu", installation.settings().zone_dir("status")), as_json=as_json)


def newest(installation: Installation) -> int:
    """Return the number of the newest generation of the issuing CA that is published."""
    return max(pinned(installation.settings().published()), default=FIRST)


def token_of(installation: Installation) -> Token:
    """Return the token of the `status` zone."""
    settings = installation.settings()
    return Token(settings.zone_dir("status"), Path(settings.ca.module), TOKEN_LABEL)


def say_certificate(certificate: Certificate, *, as_json: bool) -> None:
    """Print a certificate, in short."""
    subject, serial = certificate.subject.rfc4514_string(), f"{certificate.serial_number:040x}"
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if as_json:
        pem = certificate.public_bytes(Encoding.PEM).decode()
        say_json({"subject": subject, "serial": serial, "not_before": begins, "not_after": ends, "certificate": pem})
        return
    issuer = certificate.issuer.rfc4514_string()
    facts: list[tuple[str, str]] = [("Subject", subject), ("Issuer", issuer), ("Serial", serial)]
    say_facts([*facts, ("Valid from", instant(begins)), ("Valid until", instant(ends))])
