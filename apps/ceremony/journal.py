"""The journal of a ceremony: each act when it is done, on disk before the next begins; no secret in it.

A transcript is made from the journal alone, so it can be printed again, the same, at any time; and what a journal
without an end tells is how far a ceremony came that was cut short.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from apps.files import SECRET_MODE, make_folder
from core.errors import DomainError

if TYPE_CHECKING:
    from core.clock import Clock

FOLDER: Final = "ceremony"  # of the state folder


class JournalUnreadable(DomainError):
    """A journal that is missing, or is none."""


class Act(msgspec.Struct, frozen=True):
    """One thing that was done."""

    at: datetime
    what: str
    facts: list[tuple[str, str]] = []


class Head(msgspec.Struct, frozen=True):
    """What a journal begins with."""

    title: str
    place: str
    plan: list[str]  # what was to be done, in plain words
    present: list[tuple[str, str]]  # name, role


class Journal:
    """Writes one journal."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path: Final = path
        self._clock = clock

    def begin(self, head: Head) -> None:
        """Write the head, if the journal does not exist yet; otherwise the ceremony goes on."""
        make_folder(self.path.parent)
        if not self.path.exists():
            self._append(msgspec.json.encode(head))

    def act(self, what: str, *facts: tuple[str, str]) -> None:
        """Write what was just done."""
        self._append(msgspec.json.encode(Act(self._clock.now(), what, list(facts))))

    def end(self) -> None:
        """Write that everything was done."""
        self.act(ENDED)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, SECRET_MODE)
        with os.fdopen(descriptor, "ab") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())


ENDED: Final = "The ceremony ended"


def read(path: Path) -> tuple[Head, list[Act]]:
    """Return what a journal tells; a last line that was cut short is not counted.

    Raises:
        JournalUnreadable: it is missing, or is none.
    """
    try:
        head, *lines = path.read_bytes().split(b"\n")
        told = lines[:-1]  # behind the last end of line there is nothing, or what a crash cut
        return msgspec.json.decode(head, type=Head), [msgspec.json.decode(each, type=Act) for each in told]
    except (OSError, msgspec.MsgspecError) as error:
        raise JournalUnreadable(f"{path}: {error}") from error


def is_ended(acts: list[Act]) -> bool:
    """Return whether the ceremony was held to its end."""
    return bool(acts) and acts[-1].what == ENDED
