"""`paraph ra renew`, `revoke`, `suspend`, `resume`: what an officer does about a credential that there is."""

from __future__ import annotations

import functools
import getpass
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from cryptography.x509 import load_der_x509_certificate

from apps import words
from apps.enrolment import enrolments, renewals, sam_admin, status_requests
from ca.protocol import REVOCATION_REASONS
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


@click.command()
@click.argument("credential", required=False)
@click.option("--ending", is_flag=True, help="Instead of CREDENTIAL: every one that ends soon.")
@click.option("--within", type=click.IntRange(1), help="With --ending: within so many days. Default: ra.renewal_days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each credential.")
@click.pass_obj
def renew(
    installation: Installation, *, credential: str | None, ending: bool, within: int | None, as_json: bool
) -> None:
    """Give a signatory another key and certificate on the same identification; the key before it is destroyed.

    With --ending, what is refused for one person does not stop the others; the exit code is then 1.

    Example: paraph ra renew --ending
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
        said = json.dumps({"credential": line.credential, "refused": why}, ensure_ascii=False)
        click.echo(said if as_json else f"{line.credential} ({line.name}): {why}", err=not as_json)
    return renewal.made is not None


def say_renewed(before: str, made: Enrolment, *, as_json: bool) -> None:
    """Say what follows a credential."""
    certificate = load_der_x509_certificate(made.certificate)
    if as_json:
        serial = f"{certificate.serial_number:x}"
        said = {"credential": before, "followed_by": made.credential, "certificate_serial": serial}
        click.echo(json.dumps(said))
        return
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{before} is followed by {made.credential}, valid until {until}")


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


@click.command()
@_whose
@click.option("--reason", type=click.Choice(REVOCATION_REASONS), required=True, help="As RFC 5280 §5.3.1 names it.")
@click.option(
    "--invalid-since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Since when the key may have been in wrong hands, UTC. The revocation itself holds from now on.",
)
@click.option("--for-signatory", is_flag=True, help="The signatory asks, and you have established who they are.")
@click.option("--yes", is_flag=True, help="Do not ask: a revocation cannot be undone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def revoke(
    installation: Installation,
    line: CredentialLine,
    *,
    reason: str,
    invalid_since: datetime | None,
    for_signatory: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Revoke a credential's certificate for good, and destroy its key. The signatory is told by SMS.

    Example: paraph ra revoke --client client-abc --account ana --reason keyCompromise --for-signatory
    """
    if not yes:
        click.confirm(f"Revoke the certificate of {line.name}? This cannot be undone.", abort=True, err=True)
    since = invalid_since.replace(tzinfo=UTC) if invalid_since else None
    requests = status_requests(installation.settings(), _by(for_signatory=for_signatory))
    _say_status(line, requests.revoke(line.serial, reason, since), as_json=as_json)


@click.command()
@_whose
@click.option("--for-signatory", is_flag=True, help="The signatory asks, and you have established who they are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def suspend(installation: Installation, line: CredentialLine, *, for_signatory: bool, as_json: bool) -> None:
    """Suspend a credential and its certificate: it signs nothing until it is resumed.

    Example: paraph ra suspend c-k3v5
    """
    requests = status_requests(installation.settings(), _by(for_signatory=for_signatory))
    _say_status(line, requests.suspend(line.serial), as_json=as_json)


@click.command()
@_whose
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def resume(installation: Installation, line: CredentialLine, *, as_json: bool) -> None:
    """End the suspension of a credential and its certificate.

    Example: paraph ra resume c-k3v5
    """
    requests = status_requests(installation.settings(), _by(for_signatory=False))
    _say_status(line, requests.resume(line.serial), as_json=as_json)


def _by(*, for_signatory: bool) -> str:
    officer = f"officer {getpass.getuser()}"
    return f"signatory, through {officer}" if for_signatory else officer


def _say_status(line: CredentialLine, changed: StatusChanged | None, *, as_json: bool) -> None:
    status = "good" if changed is None else changed.status
    if as_json:
        click.echo(json.dumps({"credential": line.credential, "serial": line.serial, "status": status}))
        return
    click.echo(f"{line.credential} of {line.name} is {'active' if status == 'good' else status}")
