"""`paraph ra`: signatories and their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from channel.client import Channel
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN, SetState

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group()
def ra() -> None:
    """Signatories and their credentials."""


@ra.command()
@click.argument("credential")
@click.pass_obj
def suspend(installation: Installation, credential: str) -> None:
    """Suspend a credential: it signs nothing until it is resumed."""
    _set(installation, credential, "suspended")


@ra.command()
@click.argument("credential")
@click.pass_obj
def resume(installation: Installation, credential: str) -> None:
    """End the suspension of a credential."""
    _set(installation, credential, "active")


def _set(installation: Installation, credential: str, state: Literal["active", "suspended"]) -> None:
    admin = SamAdmin(Channel(ADMIN, installation.settings().socket("sam-admin")))
    admin.set_state(SetState(credential=credential, state=state))
    click.echo(f"{credential} is {state}")
