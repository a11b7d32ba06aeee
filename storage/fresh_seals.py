"""Sealed rows of which only the newest version counts: an older one in its place is refused (attacks D2 to D4, O1, O7).

A seal proves who wrote a row, not that it is the newest one. So the row carries a version, each change raises it, and
the newest version is kept beside the database as well (`storage.marks`).
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from core.errors import RecordStale
from storage.engine import is_writing, once_durable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Table

    from storage.marks import Marks
    from storage.seals import Seals


class FreshSeals:
    """Seals and checks rows of tables that have a column `version` and one primary key."""

    def __init__(self, seals: Seals, marks: Marks) -> None:
        self._seals = seals
        self._marks = marks

    def sealed(self, connection: Connection, table: Table, record: object) -> dict[str, Any]:
        """Return the row of a record, which has an attribute for every other column of `table`, with its seal.

        The caller writes it in this transaction; when that is durable, its version is the newest one.
        """
        row = self._seals.sealed(table, record)
        once_durable(connection, partial(self._marks.raise_to, _name(table, _key(table, row)), row["version"]))
        return row

    def opened(self, connection: Connection, table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return `row` without its seal.

        Only who is about to write must know that it is the newest: what is read besides may have been overtaken meanwhile.

        Raises:
            RecordTampered: the seal does not fit.
            RecordStale: the row is older than the newest one.
        """
        opened = self._seals.opened(table, row)
        if is_writing(connection) and row["version"] < self.newest(table, _key(table, row)):
            raise RecordStale(f"{table.name}, version {row['version']}")
        return opened

    def newest(self, table: Table, key: str) -> int:
        """Return the newest version of the row with this key; 0 when none was ever written."""
        return self._marks.newest(_name(table, key))

    def take_over(self, connection: Connection, table: Table) -> tuple[list[str], list[str]]:
        """Have a restored table count: what it has is the newest from here on, what it lacks never counts again.

        Returns the keys of the rows that were older than the newest, and of those that are missing.

        Raises:
            RecordTampered: a seal does not fit.
        """
        rows = {_key(table, row): dict(row) for row in connection.execute(select(table)).mappings()}
        (key_column,) = table.primary_key.columns
        older, missing = [], []
        for key in self._keys(table):
            newest = self.newest(table, key)
            if key not in rows:
                missing.append(key)
                once_durable(connection, partial(self._marks.raise_to, _name(table, key), newest + 1))
            elif rows[key]["version"] < newest:
                older.append(key)
                again = SimpleNamespace(**(self._seals.opened(table, rows[key]) | {"version": newest + 1}))
                connection.execute(update(table).where(key_column == key).values(self.sealed(connection, table, again)))
        return older, missing

    def forget(self, connection: Connection, table: Table, keys: Sequence[str]) -> None:
        """Forget that rows with these keys were ever written, once they are gone: only what their content has ended."""
        for key in keys:
            once_durable(connection, partial(self._marks.forget, _name(table, key)))

    def _keys(self, table: Table) -> list[str]:
        """Return the keys of all rows that were ever written, whether they are still there or not."""
        beginning = _name(table, "")
        return [name.removeprefix(beginning) for name in self._marks.names(beginning)]


def _key(table: Table, row: Mapping[Any, Any]) -> str:
    (column,) = table.primary_key.columns
    return str(row[column.name])


def _name(table: Table, key: str) -> str:
    return f"{table.name} {key}"
