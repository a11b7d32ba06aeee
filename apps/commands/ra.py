"""`paraph ra`: people who were identified, and how they come to a credential."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

import click
from cryptography.x509 import load_der_x509_certificate
from rich.console import Console
from rich.table import Table

from apps.commands.ra_credentials import renew, resume, revoke, suspend
from apps.enrolment import enrolments, sam_admin, vetted
from ra.applicant import Application
from ra.enrolment import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.installation import Installation
    from ra.enrolment import Enrolment


@click.group()
def ra() -> None:
    """People who were identified, and their credentials."""


for command in (renew, revoke, suspend, resume):
    ra.add_command(command)


def _person(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe a person, and hand it an application and an account."""

    @click.option("--given-name", required=True)
    @click.option("--surname", required=True)
    @click.option("--national-id", required=True, help="CNP, thirteen digits.")
    @click.option("--phone", required=True, help="Mobile number with country code: codes are sent there.")
    @click.option("--email", required=True)
    @click.option("--client", required=True, help="client_id of the portal that knows the person.")
    @click.option("--account", required=True, help="The portal's own name for the person's account.")
    @click.option("--allow-carried", is_flag=True, help="Allow requests that the portal did not sign (lower trust).")
    @click.option("--anew", is_flag=True, help="The person has a credential; the new one replaces it and its key.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @functools.wraps(command)
    def with_person(*, anew: bool, as_json: bool, **typed: Any) -> None:
        linked = Account(**{name: typed.pop(name) for name in ("client", "account", "allow_carried")})
        command(click.get_current_context().obj, Application(**typed), linked, anew=anew, as_json=as_json)

    return with_person


@ra.command()
@_person
def approve(
    installation: Installation, application: Application, linked: Account, *, anew: bool, as_json: bool
) -> None:
    """Put on record that a person was identified and may have a credential; unused, that lapses after some days.

    Example: paraph ra approve --given-name Ana --surname Pop --national-id 2900101400016 --phone +40722000111
    --email ana@example.com --client client-abc --account ana
    """
    settings = installation.settings()
    approved = enrolments(settings).approve(vetted(settings, application), linked, anew=anew)
    if as_json:
        click.echo(json.dumps({"approval": approved.approval, "activate_by": approved.activate_by.isoformat()}))
        return
    click.echo(f"approval     {approved.approval}")
    click.echo(f"activate by  {approved.activate_by:%Y-%m-%d %H:%M} UTC")


@ra.command()
@click.argument("approval")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def activate(installation: Installation, approval: str, *, as_json: bool) -> None:
    """Make the credential that an approval allows: a key, a certificate. The signatory is told by SMS.

    Example: paraph ra activate a-k3v5
    """
    _say_enrolled(enrolments(installation.settings()).activate(approval), as_json=as_json)


@ra.command("enrol")
@_person
def enrol_signatory(
    installation: Installation, application: Application, linked: Account, *, anew: bool, as_json: bool
) -> None:
    """Approve a person who was identified, and make the credential at once.

    Example: paraph ra enrol --given-name Ana --surname Pop --national-id 2900101400016 --phone +40722000111
    --email ana@example.com --client client-abc --account ana
    """
    settings = installation.settings()
    _say_enrolled(enrolments(settings).enrol(vetted(settings, application), linked, anew=anew), as_json=as_json)


@ra.command("approvals")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_approvals(installation: Installation, *, as_json: bool) -> None:
    """List approvals that wait for their activation, oldest first.

    Example: paraph ra approvals
    """
    found = sam_admin(installation.settings()).open_approvals()
    if as_json:
        rows = [
            {
                "approval": each.approval,
                "name": each.name,
                "client": each.client,
                "account": each.account,
                "replaces": each.replaces,
                "approved_at": each.approved_at.isoformat(),
                "activate_by": each.activate_by.isoformat(),
            }
            for each in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("Approval", "Name", "Account", "Replaces", "Activate by (UTC)")
    for each in found:
        table.add_row(each.approval, each.name, each.account, each.replaces, f"{each.activate_by:%Y-%m-%d %H:%M}")
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@ra.command()
@click.argument("approval")
@click.pass_obj
def withdraw(installation: Installation, approval: str) -> None:
    """Withdraw an approval that was not used: no credential can be made on it any more.

    Example: paraph ra withdraw a-k3v5
    """
    sam_admin(installation.settings()).withdraw(approval)
    click.echo(f"{approval} is withdrawn")


def _say_enrolled(enrolled: Enrolment, *, as_json: bool) -> None:
    certificate = load_der_x509_certificate(enrolled.certificate)
    if as_json:
        serial = f"{certificate.serial_number:x}"
        click.echo(json.dumps({"credential": enrolled.credential, "certificate_serial": serial}))
        return
    click.echo(f"credential   {enrolled.credential}")
    click.echo(f"certificate  {certificate.subject.rfc4514_string()}")
    click.echo(f"valid until  {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
