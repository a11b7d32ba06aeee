"""`paraph document`: what becomes of signed documents as the years pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.files import replace_document
from apps.trust_services import augmentation
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.errors import DomainError
from signer.augmentation import STAMPED_WITH
from signer.pades.archive import archived_document
from signer.pades.engine import PadesEngine

if TYPE_CHECKING:
    from apps.installation import Installation


class FileUnreadable(DomainError):
    """A file that cannot be read or written."""


@click.group()
def document() -> None:
    """Signed documents as the years pass."""


@document.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def renew(installation: Installation, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Give documents of level B-LTA what validates their newest time-stamp, and a new one over everything.

    To be done before the certificate of the unit that made the newest one ends. Each file is replaced as a whole, and
    begins with all it was before. The first that cannot be renewed ends the command. Example: paraph document renew a.pdf
    """
    clock = SystemClock()
    parts = augmentation(installation.settings(), clock, SystemEntropy()), PadesEngine(clock)
    renewed = []
    for path in files:
        try:
            before = path.read_bytes()
            after = parts[0].renewed(archived_document(before, STAMPED_WITH), parts[1])
            replace_document(path, after)
        except OSError as error:
            raise FileUnreadable(f"{path}: {error.strerror}") from error
        except DomainError as error:
            error.detail = f"{path}: {error.detail}"
            raise
        renewed.append({"file": str(path), "added": len(after) - len(before)})
        if not as_json:
            click.echo(f"{path}: renewed, {len(after) - len(before)} bytes longer")
    if as_json:
        click.echo(json.dumps({"renewed": renewed}))
