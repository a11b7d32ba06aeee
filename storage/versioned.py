"""Sealed records with a version that only rises: an older row in the place of a newer one is refused (attack D2).

A seal proves who wrote a row, not that it is the newest one. So each change raises the record's version, the caller
writes that version into its log, and a process refuses a row that is older than one it has read. What was put back
while no process ran shows when the record is verified against the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from core.errors import RecordTampered
from storage.engine import once_durable
from storage.seals import Seals


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The base of a record, which has one attribute for each column but the seal."""

    version: int = 0  # how often it was written


R = TypeVar("R", bound=Record)


class Versioned(Generic[R]):
    """The rows of one table, whose primary key is one text column."""

    def __init__(self, table: Table, kind: type[R], seals: Seals) -> None:
        (self._key,) = table.primary_key.columns
        self._table = table
        self._kind = kind
        self._seals = seals
        self._seen: dict[str, int] = {}
        self._written: dict[str, object] = {}  # the transaction that last wrote it, which may yet be undone
        # Built once: putting a statement together costs more than running it.
        self._find = select(table).where(self._key == bindparam("wanted"))
        self._all = select(table).order_by(self._key)
        self._change = update(table).where(self._key == bindparam("wanted"), table.c.version == bindparam("before"))

    def find(self, connection: Connection, name: str) -> R | None:
        """Return a record; None when there is none.

        Raises:
            RecordTampered: its seal does not fit, it is older than it was, or it is gone.
        """
        row = connection.execute(self._find, {"wanted": name}).mappings().first()
        if row is None:
            if name in self._seen:
                raise RecordTampered(f"{self._table.name}: {name} is gone")
            return None
        return self._opened(connection, row)

    def all(self, connection: Connection) -> list[R]:
        """Return every record, in the order of the key.

        Raises:
            RecordTampered: as `find`.
        """
        found = {row[self._key.name]: self._opened(connection, row) for row in connection.execute(self._all).mappings()}
        if gone := self._seen.keys() - found.keys():
            raise RecordTampered(f"{self._table.name}: {min(gone)} is gone")
        return list(found.values())

    def store(self, connection: Connection, record: R) -> R:
        """Write a record, of which the caller read the version before in this transaction; return it as written.

        Raises:
            RecordTampered: the row is not the one that was read.
        """
        new = replace(record, version=record.version + 1)
        row = self._seals.sealed(self._table, new)
        if record.version == 0:
            connection.execute(insert(self._table), row)
        else:
            place = {"wanted": row[self._key.name], "before": record.version}
            if connection.execute(self._change, {**place, **row}).rowcount != 1:
                raise RecordTampered(f"{self._table.name}: changed meanwhile")
        name: str = row[self._key.name]
        self._written[name] = connection.get_transaction()
        once_durable(connection, partial(self._note, name, new.version))
        return new

    def _opened(self, connection: Connection, row: Mapping[Any, Any]) -> R:
        record = self._kind(**self._seals.opened(self._table, dict(row)))
        name = row[self._key.name]
        if record.version < self._seen.get(name, 0):
            raise RecordTampered(f"{self._table.name}: {name} is older than it was")
        if self._written.get(name) is not connection.get_transaction():
            self._note(name, record.version)
        return record

    def _note(self, name: str, version: int) -> None:
        self._seen[name] = version
