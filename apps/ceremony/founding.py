"""The frame of a founding ceremony: its journal, what is done with one that was cut short, and its transcript."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from apps.ceremony import facts, journal
from apps.ceremony.journal import Act, Head, Journal
from apps.ceremony.plan import words
from apps.ceremony.transcript import transcript
from apps.files import PUBLIC_MODE, make_folder, write_pinned
from core.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from apps.ceremony.plan import Plan
    from core.config import Settings

_JOURNAL: Final = "-founding.jsonl"


def is_free(state: Path) -> bool:
    """Return whether a ceremony may be held here: nothing is here but what one that was cut short has left."""
    left = {path.name for path in state.iterdir()} - {journal.FOLDER} if state.exists() else set()
    return not left or _is_cut_short(_attempt(state))


def begin(state: Path, plan: Plan) -> Journal:
    """Destroy what a ceremony has left that was cut short, and begin a new one."""
    earlier = _clean(state)
    make_folder(state, PUBLIC_MODE)  # `public` in it is for everyone, all else has a mode of its own
    name = f"{SystemClock().now():%Y%m%dT%H%M%SZ}{_JOURNAL}"
    held = Journal(state / journal.FOLDER / name, SystemClock())
    held.begin(Head(plan.title, plan.place, list(words(plan)), [(each.name, each.role) for each in plan.present]))
    if earlier:
        held.act(earlier)
    return held


def end(settings: Settings, held: Journal) -> Path:
    """End a ceremony and write its transcript beside its journal; return where."""
    published = sorted(path for path in settings.published().iterdir() if path.is_file())
    held.act("Everything was published", *(facts.file(path) for path in published))
    held.end()
    path = held.path.with_suffix(".txt")
    write_pinned(path, transcript(held.path).encode())
    return path


def _attempt(state: Path) -> Path | None:
    found = sorted((state / journal.FOLDER).glob(f"*{_JOURNAL}"))
    return found[-1] if found else None


def _is_cut_short(attempt: Path | None) -> bool:
    return attempt is not None and not journal.is_ended(_acts(attempt))


def _acts(attempt: Path) -> list[Act]:
    """Return what an attempt did: nothing, when it was cut short before its journal had a first line."""
    return journal.read(attempt)[1] if b"\n" in attempt.read_bytes() else []


def _clean(state: Path) -> str:
    """Destroy what an attempt left, its journal last; return what the next transcript says of it."""
    attempt = _attempt(state)
    if attempt is None:
        return ""
    acts = _acts(attempt)
    for path in sorted(state.iterdir(), key=lambda each: each.name == journal.FOLDER):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    far = f'after "{acts[-1].what}" at {acts[-1].at:%Y-%m-%d %H:%M:%S} UTC' if acts else "before its first act"
    return f"An earlier attempt was cut short {far}; everything that it made was destroyed"
