"""`paraph ra`: signatories and their credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import click
from cryptography.x509 import load_der_x509_certificate

from apps.commands.frame import Group
from apps.enrolment import enrol
from channel.client import Channel
from ra.applicant import Application
from ra.enrolment import Account
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN, SetState

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group(cls=Group)
def ra() -> None:
    """Signatories and their credentials."""


@ra.command(
    "enrol",
    example="paraph ra enrol --given-name Maria --surname Ștefănescu --national-id 2910203400017 --phone +40723000001 "
    "--email maria@example.com --client client-1 --account maria",
)
@click.option("--given-name", required=True)
@click.option("--surname", required=True)
@click.option("--national-id", required=True, help="CNP, thirteen digits.")
@click.option("--phone", required=True, help="Mobile number with country code: codes are sent there.")
@click.option("--email", required=True)
@click.option("--client", required=True, help="client_id of the portal that knows the person.")
@click.option("--account", required=True, help="The portal's own name for the person's account.")
@click.option("--allow-carried", is_flag=True, help="Allow requests that the portal did not sign (lower trust mode).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def enrol_signatory(
    installation: Installation,
    *,
    given_name: str,
    surname: str,
    national_id: str,
    phone: str,
    email: str,
    client: str,
    account: str,
    allow_carried: bool,
    as_json: bool,
) -> None:
    """Make a signatory with a key, a certificate and an active credential. The identity was vetted before."""
    application = Application(given_name=given_name, surname=surname, national_id=national_id, phone=phone, email=email)
    linked = Account(client=client, account=account, allow_carried=allow_carried)
    enrolled = enrol(installation.settings(), application, linked)
    certificate = load_der_x509_certificate(enrolled.certificate)
    if as_json:
        serial = f"{certificate.serial_number:x}"
        click.echo(json.dumps({"credential": enrolled.credential, "certificate_serial": serial}))
        return
    click.echo(f"credential   {enrolled.credential}")
    click.echo(f"certificate  {certificate.subject.rfc4514_string()}")
    click.echo(f"valid until  {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")


@ra.command(example="paraph ra suspend c-1")
@click.argument("credential")
@click.pass_obj
def suspend(installation: Installation, credential: str) -> None:
    """Suspend a credential: it signs nothing until it is resumed."""
    _set(installation, credential, "suspended")


@ra.command(example="paraph ra resume c-1")
@click.argument("credential")
@click.pass_obj
def resume(installation: Installation, credential: str) -> None:
    """End the suspension of a credential."""
    _set(installation, credential, "active")


def _set(installation: Installation, credential: str, state: Literal["active", "suspended"]) -> None:
    admin = SamAdmin(Channel(ADMIN, installation.settings().socket("sam-admin")))
    admin.set_state(SetState(credential=credential, state=state))
    click.echo(f"{credential} is {state}")
