"""`paraph ca renew`: another key and certificate for whom a certificate names, begun from its serial number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from apps.commands.authority import Authority
from apps.commands.frame import Command, as_json
from apps.commands.ra_credentials import say_renewed
from apps.enrolment import enrolments
from ca.protocol import CertificateUnknown

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command(cls=Command, example="paraph ca renew 4f09c2")
@click.argument("serial")
@as_json
@click.pass_obj
def renew(installation: Installation, serial: str, *, as_json: bool) -> None:
    """Renew a signatory's certificate: new key, same identification. The parts of the service have their own commands."""
    credential = Authority(installation).operator.describe(serial).credential
    if not credential:
        raise CertificateUnknown(f"{serial} is no signatory's; see `paraph ca ocsp` and `paraph ca tsa`")
    say_renewed(credential, enrolments(installation.settings()).renew(credential), as_json=as_json)
