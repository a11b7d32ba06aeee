"""`paraph audit`: the evidence of what was signed, and the log of the authority's acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from apps.commands.authority import Authority
from channel.client import Channel
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group()
def audit() -> None:
    """The evidence of what was signed, and of what the authority did."""


@audit.command()
@click.pass_obj
def verify(installation: Installation) -> None:
    """Verify the SAM's evidence with every checkpoint, and the authority's log with its record, from the first row.

    The first row that is altered, missing or out of order is named. Example: paraph audit verify
    """
    settings = installation.settings()
    evidence = SamAdmin(Channel(ADMIN, settings.socket("sam-admin"))).verify_evidence()
    click.echo(f"The evidence is whole: {evidence.rows} rows, last link {evidence.head}")
    log = Authority(installation).operator.verify_audit()
    click.echo(f"The authority's log is whole: {log.rows} rows, last link {log.head}")
