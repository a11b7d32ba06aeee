"""`paraph ca trusted-list`: the trusted list of the test scheme."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ca.client import CaAdmin
from ca.protocol import CA_ADMIN
from channel.client import Channel
from core import addresses

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command("trusted-list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def trusted_list(installation: Installation, *, as_json: bool) -> None:
    """Issue, sign and publish a new trusted list of the TEST scheme now.

    The authority does so by itself within a minute when a responder or time-stamping unit is new or was revoked, and
    when half of the list's ninety days are over.

    Example: paraph ca trusted-list
    """
    settings = installation.settings()
    new = CaAdmin(Channel(CA_ADMIN, settings.socket("ca-admin"))).publish_trusted_list()
    url = settings.ca.public_url + addresses.TRUSTED_LIST
    if as_json:
        instants = {"issued_at": new.issued_at.isoformat(), "next_update": new.next_update.isoformat()}
        click.echo(json.dumps({"number": new.number, "services": new.services, **instants, "url": url}))
        return
    click.echo(f"Trusted list {new.number}: {new.services} services, valid until {new.next_update:%Y-%m-%d %H:%M} UTC")
    click.echo(url)
