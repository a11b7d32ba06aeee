"""`paraph ca statements`: the practice statement and the disclosure statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ca.statements.publisher import publish_statements

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def statements(installation: Installation, *, as_json: bool) -> None:
    """Make the practice and disclosure statements (PDF) anew from their texts and the settings, and publish them.

    Example: paraph ca statements
    """
    settings = installation.settings()
    changed = publish_statements(settings, settings.published())
    if as_json:
        click.echo(json.dumps({"published": changed}))
        return
    click.echo(f"Published {', '.join(changed)}" if changed else "The published statements are current")
