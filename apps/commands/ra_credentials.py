"""`paraph ra renew`, `revoke`, `suspend`, `resume`: what an officer does about a credential that there is."""

from __future__ import annotations

import functools
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from cryptography.x509 import load_der_x509_certificate

from apps import words
from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.ca_status import in_utc, invalid_since, reason
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_json_line
from apps.enrolment import enrolments, renewals, sam_admin
from channel.client import Channel
from core.clock import SystemClock
from signer.sam.client import SamClient
from signer.sam.errors import CredentialUnknown
from signer.sam.protocol import SAM, ListCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.installation import Installation
    from ca.protocol import StatusChanged
    from core.config import Settings
    from ra.enrolment import Enrolment
    from ra.renewal import Renewal
    from signer.sam.protocol import CredentialLine


@click.command(cls=Command, example="paraph ra renew --ending")
@click.argument("credential", required=False)
@click.option("--ending", is_flag=True, help="Instead of CREDENTIAL: every one that ends soon.")
@click.option("--within", type=click.IntRange(1), help="With --ending: within so many days. Default: ra.renewal_days.")
@as_json
@click.pass_obj
def renew(
    installation: Installation, *, credential: str | None, ending: bool, within: int | None, as_json: bool
) -> None:
    """Give a signatory another key and certificate on the same identification; the key before it is destroyed.

    With --ending, what is refused for one person does not stop the others, and the exit code is then 1; as JSON, each
    credential is one line.
    """
    if (credential is None) != ending or (within is not None and not ending):
        raise click.UsageError("Name a CREDENTIAL, or --ending with or without --within.")
    settings = installation.settings()
    if credential is not None:
        say_renewed(credential, enrolments(settings).renew(credential), as_json=as_json)
        return
    until = SystemClock().now() + timedelta(days=within or settings.ra.renewal_days)
    refused = [_say_one(each, as_json=as_json) for each in renewals(settings).all_ending(until)].count(False)
    sys.exit(words.REFUSED if refused else 0)


def _say_one(renewal: Renewal, *, as_json: bool) -> bool:
    """Say what became of one credential of many; return whether it was renewed."""
    line = renewal.credential
    if renewal.made is not None:
        say_renewed(line.credential, renewal.made, as_json=as_json)
    elif renewal.refusal is not None:
        why = words.plain(renewal.refusal)
        if as_json:
            say_json_line({"credential": line.credential, "refused": why})
        else:
            click.echo(f"{line.credential} ({line.name}): {why}", err=True)
    return renewal.made is not None


def say_renewed(before: str, made: Enrolment, *, as_json: bool) -> None:
    """Say what follows a credential."""
    certificate = load_der_x509_certificate(made.certificate)
    if as_json:
        serial = f"{certificate.serial_number:x}"
        say_json_line({"credential": before, "followed_by": made.credential, "certificate_serial": serial})
        return
    click.echo(f"{before} is followed by {made.credential}, valid until {instant(certificate.not_valid_after_utc)}")


def _whose(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command's credential be named, or said to be the one in use of a portal's account."""

    @click.argument("credential", required=False)
    @click.option("--client", help="Instead of CREDENTIAL: client_id of the portal …")
    @click.option("--account", help="… and its name for the person's account.")
    @functools.wraps(command)
    def with_credential(*, credential: str | None, client: str | None, account: str | None, **more: Any) -> None:
        if (credential is None) == (client is None) or (client is None) != (account is None):
            raise click.UsageError("Name a CREDENTIAL, or --client and --account.")
        installation: Installation = click.get_current_context().obj
        settings = installation.settings()
        name = credential or _in_use(settings, client or "", account or "")
        command(sam_admin(settings).show(name), **more)

    return with_credential


def _in_use(settings: Settings, client: str, account: str) -> str:
    sam = SamClient(Channel(SAM, settings.socket("sam")))
    for view in sam.list_credentials(ListCredentials(client, account)).credentials:
        if view.state in {"active", "suspended"}:
            return view.credential
    raise CredentialUnknown("none of this account is in use")


@click.command(
    cls=Command, example="paraph ra revoke --client client-abc --account ana --reason keyCompromise --as elena"
)
@_whose
@reason
@invalid_since
@click.option("--yes", is_flag=True, help="Do not ask: a revocation cannot be undone.")
@as_json
@signing_in
@click.pass_obj
def revoke(
    installation: Installation,
    line: CredentialLine,
    *,
    reason: str,
    invalid_since: datetime | None,
    yes: bool,
    as_json: bool,
    admin: Admin,
) -> None:
    """Revoke a credential's certificate for good, and destroy its key. The signatory is told by SMS.

    Signatories do this themselves on the service's page, with a code; this is for whoever has lost their telephone and
    has shown you who they are.
    """
    if not yes:
        click.confirm(f"Revoke the certificate of {line.name}? This cannot be undone.", abort=True, err=True)
    authority = Authority(installation)
    requests = authority.status_requests(authority.signed_in(admin))
    _say_status(line, requests.revoke(line.serial, reason, in_utc(invalid_since)), as_json=as_json)


@click.command(cls=Command, example="paraph ra suspend c-k3v5")
@_whose
@as_json
@click.pass_obj
def suspend(installation: Installation, line: CredentialLine, *, as_json: bool) -> None:
    """Suspend a credential and its certificate: it signs nothing until it is resumed."""
    authority = Authority(installation)
    requests = authority.status_requests(authority.operator)
    _say_status(line, requests.suspend(line.serial), as_json=as_json)


@click.command(cls=Command, example="paraph ra resume c-k3v5 --as elena")
@_whose
@as_json
@signing_in
@click.pass_obj
def resume(installation: Installation, line: CredentialLine, *, as_json: bool, admin: Admin) -> None:
    """End the suspension of a credential and its certificate."""
    authority = Authority(installation)
    requests = authority.status_requests(authority.signed_in(admin))
    _say_status(line, requests.resume(line.serial), as_json=as_json)


def _say_status(line: CredentialLine, changed: StatusChanged | None, *, as_json: bool) -> None:
    status = "good" if changed is None else changed.status
    if as_json:
        say_json_line({"credential": line.credential, "serial": line.serial, "status": status})
        return
    click.echo(f"{line.credential} of {line.name} is {'active' if status == 'good' else status}")
