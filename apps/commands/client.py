"""`paraph client`: the portals that may use the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.oauth.clients import Registration
from apps.clients import add_client, public_jwk
from apps.commands.frame import Group
from otp.sms import without_diacritics

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group(cls=Group)
def client() -> None:
    """Portals that may use the service."""


@client.command(
    example="paraph client add --name 'Primăria Exemplu' --sms-name 'Primaria Exemplu' "
    "--redirect-uri https://portal.example.com/back --request-key request.pem --auth-key request.pem"
)
@click.option("--name", required=True, help="As the authorization page shows it.")
@click.option("--sms-name", help="As the SMS says it. Default: the name without diacritics.")
@click.option(
    "--redirect-uri", "redirect_uris", required=True, multiple=True, help="Where browsers go back; repeatable."
)
@click.option(
    "--request-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key that signs the portal's requests (PEM or JWK). Without: the marked, lower trust mode.",
)
@click.option(
    "--auth-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key with which it authenticates (private_key_jwt; PEM or JWK). Without: its secret.",
)
@click.option("--requests-a-minute", type=click.IntRange(1), help="Default: web.requests_a_minute.")
@click.option("--signatures-a-day", type=click.IntRange(1), help="Default: web.signatures_a_day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(
    installation: Installation,
    *,
    name: str,
    sms_name: str | None,
    redirect_uris: tuple[str, ...],
    request_key: Path | None,
    auth_key: Path | None,
    requests_a_minute: int | None,
    signatures_a_day: int | None,
    as_json: bool,
) -> None:
    """Register a portal; its secret is shown once and cannot be had again."""
    registration = Registration(
        name,
        redirect_uris,
        request_key=_jwk(request_key),
        auth_key=_jwk(auth_key),
        requests_a_minute=requests_a_minute,
        signatures_a_day=signatures_a_day,
    )
    new = add_client(installation.settings(), registration, sms_name or without_diacritics(name))
    if as_json:
        click.echo(json.dumps({"client_id": new.client, "client_secret": new.secret}))
        return
    click.echo(f"client_id      {new.client}\nclient_secret  {new.secret}")
    click.echo("The secret is not kept in readable form: store it now.", err=True)


def _jwk(path: Path | None) -> str | None:
    return None if path is None else public_jwk(path.read_bytes())
