"""`paraph ra`: people who were identified, and how they come to a credential."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import click
from cryptography.x509 import load_der_x509_certificate

from apps.commands.frame import Command, Group, as_json
from apps.commands.output import instant, say_facts, say_json, say_table
from apps.commands.ra_credentials import renew, resume, revoke, suspend
from apps.enrolment import enrolments, sam_admin, vetted
from ra.applicant import Application
from ra.enrolment import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.installation import Installation
    from ra.enrolment import Enrolment


_PERSON: Final = (
    "--given-name Ana --surname Pop --national-id 2900101400016 --phone +40722000111 --email ana@example.com "
    "--client client-abc --account ana"
)


@click.group(cls=Group)
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
    @as_json
    @functools.wraps(command)
    def with_person(*, anew: bool, as_json: bool, **typed: Any) -> None:
        linked = Account(**{name: typed.pop(name) for name in ("client", "account", "allow_carried")})
        command(click.get_current_context().obj, Application(**typed), linked, anew=anew, as_json=as_json)

    return with_person


@ra.command(cls=Command, example=f"paraph ra approve {_PERSON}")
@_person
def approve(
    installation: Installation, application: Application, linked: Account, *, anew: bool, as_json: bool
) -> None:
    """Put on record that a person was identified and may have a credential; unused, that lapses after some days."""
    settings = installation.settings()
    approved = enrolments(settings).approve(vetted(settings, application), linked, anew=anew)
    if as_json:
        say_json(approved)
        return
    say_facts([("Approval", approved.approval), ("Activate by", instant(approved.activate_by))])


@ra.command(cls=Command, example="paraph ra activate a-k3v5")
@click.argument("approval")
@as_json
@click.pass_obj
def activate(installation: Installation, approval: str, *, as_json: bool) -> None:
    """Make the credential that an approval allows: a key, a certificate. The signatory is told by SMS."""
    _say_enrolled(enrolments(installation.settings()).activate(approval), as_json=as_json)


@ra.command("enrol", cls=Command, example=f"paraph ra enrol {_PERSON}")
@_person
def enrol_signatory(
    installation: Installation, application: Application, linked: Account, *, anew: bool, as_json: bool
) -> None:
    """Approve a person who was identified, and make the credential at once."""
    settings = installation.settings()
    _say_enrolled(enrolments(settings).enrol(vetted(settings, application), linked, anew=anew), as_json=as_json)


@ra.command("approvals", cls=Command, example="paraph ra approvals")
@as_json
@click.pass_obj
def list_approvals(installation: Installation, *, as_json: bool) -> None:
    """List approvals that wait for their activation, oldest first."""
    found = sam_admin(installation.settings()).open_approvals()
    if as_json:
        say_json(found)
        return
    say_table(
        ("Approval", "Name", "Account", "Replaces", "Activate by"),
        [(each.approval, each.name, each.account, each.replaces, instant(each.activate_by)) for each in found],
    )


@ra.command(cls=Command, example="paraph ra withdraw a-k3v5")
@click.argument("approval")
@click.pass_obj
def withdraw(installation: Installation, approval: str) -> None:
    """Withdraw an approval that was not used: no credential can be made on it any more."""
    sam_admin(installation.settings()).withdraw(approval)
    click.echo(f"{approval} is withdrawn")


def _say_enrolled(enrolled: Enrolment, *, as_json: bool) -> None:
    certificate = load_der_x509_certificate(enrolled.certificate)
    serial = f"{certificate.serial_number:x}"
    if as_json:
        say_json({"credential": enrolled.credential, "certificate_serial": serial})
        return
    say_facts(
        [
            ("Credential", enrolled.credential),
            ("Certificate", certificate.subject.rfc4514_string()),
            ("Serial", serial),
            ("Valid until", instant(certificate.not_valid_after_utc)),
        ]
    )
