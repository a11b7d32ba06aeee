"""`paraph client`: the portals that may use the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.clients import add_client, public_jwk
from apps.commands.frame import Group

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group(cls=Group)
def client() -> None:
    """Portals that may use the service."""


@client.command(
    example="paraph client add --name 'Primăria Exemplu' --sms-name 'Primaria Exemplu' "
    "--redirect-uri https://portal.example.com/back --request-key request.pem"
)
@click.option("--name", required=True, help="As the authorization page shows it.")
@click.option("--sms-name", help="As the SMS says it: no diacritics. Default: the name.")
@click.option(
    "--redirect-uri", "redirect_uris", required=True, multiple=True, help="Where browsers go back; repeatable."
)
@click.option(
    "--request-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key that signs the portal's requests (PEM or JWK). Without: the marked, lower trust mode.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(
    installation: Installation,
    *,
    name: str,
    sms_name: str | None,
    redirect_uris: tuple[str, ...],
    request_key: Path | None,
    as_json: bool,
) -> None:
    """Register a portal; its secret is shown once and cannot be had again."""
    key = public_jwk(request_key.read_bytes()) if request_key is not None else None
    new = add_client(installation.settings(), name, sms_name or name, redirect_uris, key)
    if as_json:
        click.echo(json.dumps({"client_id": new.client, "client_secret": new.secret}))
        return
    click.echo(f"client_id      {new.client}\nclient_secret  {new.secret}")
    click.echo("The secret is not kept in readable form: store it now.", err=True)
