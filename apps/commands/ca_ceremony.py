"""`paraph ca ceremony`: the file that says a founding ceremony beforehand, and the transcripts of ceremonies held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from apps.ceremony import journal
from apps.ceremony.journal import JournalUnreadable, is_ended
from apps.ceremony.plan import of_settings, to_toml
from apps.ceremony.transcript import transcript as transcript_of
from apps.commands.frame import Group, as_json, to_file
from apps.commands.output import instant, say_json, say_table, write

if TYPE_CHECKING:
    from pathlib import Path

    from apps.installation import Installation


@click.group(cls=Group)
def ceremony() -> None:
    """Key ceremonies: what the founding will do, and the transcripts of those that were held."""


@ceremony.command(example="paraph ca ceremony plan --out ceremony.toml")
@to_file
@as_json
@click.pass_obj
def plan(installation: Installation, *, to: str, as_json: bool) -> None:
    """Write a ceremony file for these settings, to be completed with who is present, reviewed, and given to paraph init."""
    said = of_settings(installation.settings())
    write(to, _json(said) if as_json else to_toml(said).encode())


@ceremony.command(example="paraph ca ceremony transcript")
@click.argument("name", required=False)
@to_file
@as_json
@click.pass_obj
def transcript(installation: Installation, *, name: str | None, to: str, as_json: bool) -> None:
    """Print the transcript of a ceremony: the last one, or that of NAME. It is made from the journal, the same each time."""
    held = _journals(installation)
    found = [path for path in held if name in (None, path.stem)]
    if not found:
        raise JournalUnreadable(name or "no ceremony was held here")
    if as_json:
        head, acts = journal.read(found[-1])
        write(to, _json({"ceremony": head, "acts": acts}))
        return
    write(to, transcript_of(found[-1]).encode())


@ceremony.command("list", example="paraph ca ceremony list")
@as_json
@click.pass_obj
def list_ceremonies(installation: Installation, *, as_json: bool) -> None:
    """List the ceremonies that were held here, oldest first."""
    found = [(path.stem, *journal.read(path)) for path in _journals(installation)]
    if as_json:
        say_json(
            [
                {"name": name, "title": head.title, "acts": len(acts), "ended": is_ended(acts)}
                for name, head, acts in found
            ]
        )
        return
    rows = [
        (name, head.title, instant(acts[-1].at) if acts else "", "held" if is_ended(acts) else "CUT SHORT")
        for name, head, acts in found
    ]
    say_table(("Ceremony", "Title", "Last act", "State"), rows)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def _journals(installation: Installation) -> list[Path]:
    folder = installation.settings().state_dir / journal.FOLDER
    return sorted(folder.glob("*.jsonl"))
