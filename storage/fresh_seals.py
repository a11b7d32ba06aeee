"""Sealed rows of which only the newest version counts: an older one in its place is refused (attacks D2 to D4, O1, O7).

A seal proves who wrote a row, not that it is the newest one. So the row carries a version, each change raises it, and
the newest version is kept beside the database as well (`storage.marks`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

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

    def opened(
        self, connection: Connection, table: Table, row: Mapping[Any, Any], *, also_older: bool = False
    ) -> dict[str, Any]:
        """Return `row` without its seal; `also_older`: whether or not it is the newest version.

        Only who is about to write must know that it is: what is read besides may have been overtaken meanwhile.

        Raises:
            RecordTampered: the seal does not fit.
            RecordStale: the row is older than the newest one.
        """
        opened = self._seals.opened(table, row)
        if not also_older and is_writing(connection) and row["version"] < self.newest(table, _key(table, row)):
            raise RecordStale(f"{table.name}, version {row['version']}")
        return opened

    def newest(self, table: Table, key: str) -> int:
        """Return the newest version of the row with this key; 0 when none was ever written."""
        return self._marks.newest(_name(table, key))

    def older(self, connection: Connection, table: Table) -> list[tuple[dict[str, Any], int]]:
        """Return the rows of a restored database that are not the newest, opened, each with the version that is next.

        Raises:
            RecordTampered: a seal does not fit.
        """
        rows = connection.execute(select(table)).mappings().all()
        newest = [self.newest(table, _key(table, row)) for row in rows]
        return [
            (self.opened(connection, table, row, also_older=True), version + 1)
            for row, version in zip(rows, newest, strict=True)
            if row["version"] < version
        ]

    def keys(self, table: Table) -> list[str]:
        """Return the keys of all rows that were ever written, whether they are still there or not."""
        beginning = _name(table, "")
        return [name.removeprefix(beginning) for name in self._marks.names(beginning)]

    def forget(self, connection: Connection, table: Table, keys: Sequence[str]) -> None:
        """Forget that rows with these keys were ever written, once they are gone: only what their content has ended."""
        for key in keys:
            once_durable(connection, partial(self._marks.forget, _name(table, key)))


def _key(table: Table, row: Mapping[Any, Any]) -> str:
    (column,) = table.primary_key.columns
    return str(row[column.name])


def _name(table: Table, key: str) -> str:
    return f"{table.name} {key}"
