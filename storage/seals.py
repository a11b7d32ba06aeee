"""Records that cannot be changed or swapped in the database: a MAC over every column with its name and the row's table.

The seal covers whatever columns the table has, so a column added later is sealed by being there (attack D6). Values are
sealed as they are typed in the program: '3' is not 3, NULL is not "" (attack D5). A seal proves who wrote a row, not
that it is the newest one (attack D2).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, select

from core.canonical import encode
from core.errors import RecordTampered

SEAL: Final = "seal"


class Seals:
    """Seals and checks rows under one MAC key of the HSM (`mac`: bytes → 32 bytes)."""

    def __init__(self, mac: Callable[[bytes], bytes]) -> None:
        self._mac = mac

    def sealed(self, table: Table, record: object) -> dict[str, Any]:
        """Return the row of a record, which has an attribute for every other column of `table`, with its seal."""
        row = {name: getattr(record, name) for name in _sealed_columns(table)}
        return {**row, SEAL: self._mac(_bytes(table, row))}

    def opened(self, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return `row` without its seal.

        Raises:
            RecordTampered: the seal does not fit.
        """
        if not hmac.compare_digest(self._mac(_bytes(table, row)), row[SEAL]):
            raise RecordTampered(str(table.name))  # SQLAlchemy names tables with a kind of text that does not travel
        return {name: value for name, value in row.items() if name != SEAL}


def check_sealed(connection: Connection, seals: Seals, metadata: MetaData) -> int:
    """Check every sealed row of a database; return how many there are.

    Raises:
        RecordTampered: a seal does not fit.
    """
    count = 0
    for table in metadata.sorted_tables:
        if SEAL in table.columns:
            for row in connection.execute(select(table)).mappings():
                seals.opened(table, dict(row))
                count += 1
    return count


def _bytes(table: Table, row: Mapping[str, Any]) -> bytes:
    return encode(f"paraph record v1 {table.name}", {name: row[name] for name in _sealed_columns(table)})


@cache
def _sealed_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name != SEAL)
