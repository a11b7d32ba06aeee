"""`paraph document`: what becomes of signed documents as the years pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.archive import Archive
from apps.commands.frame import Group, as_json
from apps.commands.output import say_json
from apps.files import replace_document
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.errors import DomainError

if TYPE_CHECKING:
    from apps.installation import Installation

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


class FileUnreadable(DomainError):
    """A file that cannot be read or written."""


@click.group(cls=Group)
def document() -> None:
    """Signed documents as the years pass.

    Each file is replaced as a whole, and begins with all it was before; the first that is refused ends the command.
    """


@document.command(example="paraph document archive signed.pdf")
@_FILES
@as_json
@click.pass_obj
def archive(installation: Installation, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Raise documents of level B-T or B-LT to B-LTA: validation data, and a time-stamp over them and the signature."""
    _each(files, _archive(installation).archived, "archived", as_json=as_json)


@document.command(example="paraph document renew archived.pdf")
@_FILES
@as_json
@click.pass_obj
def renew(installation: Installation, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Renew documents of level B-LTA, before the certificate behind their newest time-stamp ends.

    Each gets what validates that time-stamp, and a new one over everything.
    """
    _each(files, _archive(installation).renewed, "renewed", as_json=as_json)


def _archive(installation: Installation) -> Archive:
    return Archive(installation.settings(), SystemClock(), SystemEntropy())


def _each(files: tuple[Path, ...], act: Callable[[bytes], bytes], done: str, *, as_json: bool) -> None:
    changed = []
    for path in files:
        added = _replace(path, act)
        changed.append({"file": str(path), "added": added})
        if not as_json:
            click.echo(f"{path}: {done}, {added} bytes longer")
    if as_json:
        say_json({done: changed})


def _replace(path: Path, act: Callable[[bytes], bytes]) -> int:
    """Give a file what `act` makes of its content; return how many bytes were added."""
    try:
        before = path.read_bytes()
        after = act(before)
        replace_document(path, after)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror}") from error
    except DomainError as error:
        error.detail = f"{path}: {error.detail}"
        raise
    return len(after) - len(before)
