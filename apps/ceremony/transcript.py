"""The transcript of a ceremony: text for paper, made from the journal and nothing else."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from apps.ceremony.journal import is_ended, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.ceremony.journal import Act, Head

_WIDTH: Final = 100
_LINE: Final = "_" * 40


def transcript(journal: Path) -> str:
    """Return the transcript of a ceremony, the same each time.

    Raises:
        JournalUnreadable: there is no journal.
    """
    head, acts = read(journal)
    return "\n".join(_lines(head, acts, journal.stem)) + "\n"


def _lines(head: Head, acts: list[Act], name: str) -> Iterator[str]:
    yield f"TRANSCRIPT OF A KEY CEREMONY: {head.title}"
    yield f"{name}; at {head.place}"
    yield "TEST. Nothing that was made here has legal effect."
    yield from ("", "WHAT WAS TO BE DONE", "")
    for number, each in enumerate(head.plan, start=1):
        yield from _wrapped(f"{number:>3}. ", each)
    yield from ("", "WHAT WAS DONE (UTC)", "")
    for number, act in enumerate(acts, start=1):
        yield from _wrapped(f"{number:>3}. {act.at:%Y-%m-%d %H:%M:%S}  ", act.what)
        for fact, value in act.facts:
            yield from _wrapped(f"       {fact + ':':<14} ", value)
    if not is_ended(acts):
        yield from ("", "THE CEREMONY WAS CUT SHORT HERE.")
    yield from ("", "WHO WAS PRESENT, AND SIGNS FOR IT", "")
    for person, role in head.present:
        yield from (f"     {person}, {role}", "", f"     {_LINE}    {_LINE}", "     signature" + " " * 35 + "date", "")


def _wrapped(begins: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=begins,
        subsequent_indent=" " * len(begins),
        break_long_words=True,
        break_on_hyphens=False,
    ) or [begins.rstrip()]
