"""`paraph ca statements`: the practice statement and the disclosure statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from apps.commands.frame import Command, as_json
from apps.commands.output import say_json
from ca.statements.publisher import publish_statements

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command(cls=Command, example="paraph ca statements")
@as_json
@click.pass_obj
def statements(installation: Installation, *, as_json: bool) -> None:
    """Make the practice and disclosure statements (PDF) anew from their texts and the settings, and publish them."""
    settings = installation.settings()
    changed = publish_statements(settings, settings.published())
    if as_json:
        say_json({"published": changed})
        return
    click.echo(f"Published {', '.join(changed)}" if changed else "The published statements are current")
