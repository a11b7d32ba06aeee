"""The newest version of each record, kept in a store of its own.

A seal proves who wrote a row, not that it is the newest one. Who writes the database can put an old row back, or take
away what counts (attacks D2 to D4), and so does who restores a copy of it (O1, O7). So the version of each record that
decides anything is kept here as well: in another store, which is neither restored with the database nor writable for
who can write only that. A version here only rises, and it rises after the record is durable: a crash in between leaves
a mark that is behind, which harms nothing.

Losing the last moments of this store harms nothing either, so it is not synchronised with the disk at each step.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_SECONDS: Final = 5.0
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID"
)
_NEWEST: Final = "SELECT version FROM marks WHERE name = ?"
_RAISE: Final = (
    "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = max(version, excluded.version)"
)
_SET: Final = "INSERT OR REPLACE INTO marks VALUES (?, ?)"
_FORGET: Final = "DELETE FROM marks WHERE name = ?"


class MarksUnavailable(Unavailable):
    """The store of marks cannot be opened, read or written."""


class Marks:
    """The marks of one zone, in one file. Made in the process that uses it."""

    def __init__(self, path: Path) -> None:
        """Open the store, and make it when it is not there.

        Raises:
            MarksUnavailable: it cannot be opened.
        """
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "trusted_schema=OFF"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute(_TABLE)
        except sqlite3.Error as error:
            raise MarksUnavailable(str(error)) from error

    def newest(self, name: str) -> int:
        """Return the newest version of a record; 0 when none was ever written."""
        try:
            row = self._connection.execute(_NEWEST, (name,)).fetchone()
        except sqlite3.Error as error:
            raise MarksUnavailable(str(error)) from error
        return 0 if row is None else int(row[0])

    def names(self, beginning: str) -> list[str]:
        """Return the names that begin so."""
        try:
            rows = self._connection.execute("SELECT name FROM marks").fetchall()
        except sqlite3.Error as error:
            raise MarksUnavailable(str(error)) from error
        return [name for (name,) in rows if name.startswith(beginning)]

    def raise_to(self, name: str, version: int) -> None:
        """Note that a version was written; an older one than is known changes nothing."""
        self._write(_RAISE, name, version)

    def set_back_to(self, name: str, version: int) -> None:
        """Note a version that may be older than the one known: when a restored database is put to use."""
        self._write(_SET, name, version)

    def forget(self, name: str) -> None:
        """Forget a record that is gone for good."""
        self._write(_FORGET, name)

    def close(self) -> None:
        """Close the store."""
        self._connection.close()

    def _write(self, statement: str, *values: str | int) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise MarksUnavailable(str(error)) from error
