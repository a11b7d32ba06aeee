"""`paraph ca crl` and `paraph ca trusted-list`: the lists that tell the world, issued anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from apps.commands.authority import Authority
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_json
from core import addresses

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command(cls=Command, example="paraph ca crl")
@click.option("--generation", type=click.IntRange(1), help="Of the issuing CA; default: the one that issues.")
@as_json
@click.pass_obj
def crl(installation: Installation, *, generation: int | None, as_json: bool) -> None:
    """Issue and publish a new revocation list now.

    The authority does so by itself at every revocation, and every twelve hours.
    """
    new = Authority(installation).operator.publish_crl(generation or 0)
    if as_json:
        say_json({"number": new.number, "next_update": new.next_update, "entries": new.entries})
        return
    click.echo(f"Revocation list {new.number}: {new.entries} entries, valid until {instant(new.next_update)}")


@click.command("trusted-list", cls=Command, example="paraph ca trusted-list")
@as_json
@click.pass_obj
def trusted_list(installation: Installation, *, as_json: bool) -> None:
    """Issue, sign and publish a new trusted list of the TEST scheme now.

    The authority does so by itself within a minute when a responder or time-stamping unit is new or was revoked, and
    when half of the list's ninety days are over.
    """
    new = Authority(installation).operator.publish_trusted_list()
    url = installation.settings().ca.public_url + addresses.TRUSTED_LIST
    if as_json:
        instants = {"issued_at": new.issued_at, "next_update": new.next_update}
        say_json({"number": new.number, "services": new.services, **instants, "url": url})
        return
    click.echo(f"Trusted list {new.number}: {new.services} services, valid until {instant(new.next_update)}")
    click.echo(url)
