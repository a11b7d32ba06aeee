"""`paraph audit`: the evidence of what was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from channel.client import Channel
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group()
def audit() -> None:
    """The evidence of what was authorised and signed."""


@audit.command()
@click.pass_obj
def verify(installation: Installation) -> None:
    """Verify the SAM's evidence log from its first row, and every checkpoint."""
    found = SamAdmin(Channel(ADMIN, installation.settings().socket("sam-admin"))).verify_evidence()
    click.echo(f"The evidence is whole: {found.rows} rows, last link {found.head}")
