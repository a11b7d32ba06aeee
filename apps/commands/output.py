"""How commands print: tables for people, JSON for machines, progress on standard error."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

_WIDE: Final = 200  # columns where nobody looks: lines are not broken


def say_json(value: Any) -> None:
    """Print a value as JSON: instants as RFC 3339, bytes as base64."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def say_json_line(value: Any) -> None:
    """Print a value as JSON in one line, for what comes one after the other."""
    click.echo(msgspec.json.encode(value).decode())


def say_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(*headings)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _WIDE, markup=False, highlight=False).print(table)


def say_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one pair a line."""
    width = max(len(name) for name, _value in facts)
    for name, value in facts:
        click.echo(f"{name:<{width}}  {value}")


def write(to: str, data: bytes) -> None:
    """Write to a file, or to standard output where the name is a hyphen.

    Raises:
        click.ClickException: it could not be written.
    """
    try:
        if to == "-":
            click.echo(data, nl=False)
        else:
            Path(to).write_bytes(data)
    except OSError as error:
        raise click.FileError(to, error.strerror or str(error)) from error


def with_progress(items: Sequence[T], words: str) -> Iterable[T]:
    """Give the items one by one, and show on standard error how far it is, where somebody looks."""
    console = Console(stderr=True)
    return track(items, words, console=console, disable=not console.is_terminal, transient=True)


def say_step(words: str) -> None:
    """Say on standard error what long work does next."""
    click.echo(words, err=True)


def instant(value: datetime | None) -> str:
    """Return an instant as people read it."""
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if value else ""
