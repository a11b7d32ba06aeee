"""An append-only log whose rows are chained by keyed links: no row can be changed, dropped or moved without its trace.

Each link is a MAC under an HSM key over the link before it, the row's number and the row's canonical body, so that who
can write the database cannot write the log anew. What is cut off at the end shows only against something outside the
log: with `marks` the number of rows is kept beside the database, and nothing is appended to a log that has fewer
(attacks D8, O1, O7). A log also keeps time: nothing may be written that happened before what happened last (attack O6).
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Row, Table, Text, insert, select

from core.canonical import Value, decode, encode
from core.errors import ClockInDoubt, Unavailable
from storage.engine import once_durable
from storage.types import Instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from core.errors import DomainError
    from storage.marks import Marks


class RolledBack(Unavailable):
    """The database knows less than was written into it, or what is kept beside it is lost: nothing is done on it."""


_GENESIS: Final = bytes(32)
_TOLERANCE: Final = timedelta(seconds=2)  # two processes of one machine do not write in the order they read the clock
_BATCH: Final = 1000


def chain_table(name: str, metadata: MetaData) -> Table:
    """Return the table of a chained log."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", Instant, nullable=False),
        Column("event", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),  # canonical bytes, `at` and `event` among them
        Column("link", LargeBinary, nullable=False),  # MAC over the link before, the id and the body
        sqlite_strict=True,
    )


class Chain:
    """Appends to a chained log and verifies it.

    `label` is the log's name in what the links cover; `broken` makes the error of a row: its number, and what is wrong.
    """

    def __init__(
        self,
        table: Table,
        label: str,
        mac: Callable[[bytes], bytes],
        broken: Callable[[int, str], DomainError],
        marks: Marks | None = None,
    ) -> None:
        self.label: Final = label
        self._table = table
        self._begun = f"{label} begun"
        self._marks = marks
        self._domain = f"paraph {label} v1"
        self._link_domain = f"paraph {label} link v1"
        self._mac = mac
        self.broken: Final = broken
        # Built once: putting a statement together costs more than running it.
        self._last = select(table.c.id, table.c.at, table.c.link).order_by(table.c.id.desc()).limit(1)
        self._append = insert(table)

    def append(self, connection: Connection, event: str, now: datetime, **fields: Value) -> None:
        """Append one row in the caller's transaction, which does what the row tells.

        Raises:
            ClockInDoubt: the last row is of a later time than `now`.
            RolledBack: rows are missing at the end.
        """
        last = connection.execute(self._last).first()
        self._check_end(0 if last is None else last.id)
        number = self._write(connection, last, event, now, fields)
        if self._marks is not None:
            once_durable(connection, partial(self._marks.raise_to, self.label, number))

    def take_over(self, connection: Connection, event: str, now: datetime, **fields: Value) -> None:
        """Append one row after whatever is there, and take that for the whole log: a copy was restored.

        Raises:
            ClockInDoubt: the last row is of a later time than `now`.
        """
        number = self._write(connection, connection.execute(self._last).first(), event, now, fields)
        if self._marks is not None:
            once_durable(connection, partial(self._marks.set_back_to, self.label, number))
            once_durable(connection, partial(self._marks.raise_to, self._begun, 1))

    def _write(
        self,
        connection: Connection,
        last: Row[Any, Any, Any] | None,
        event: str,
        now: datetime,
        fields: dict[str, Value],
    ) -> int:
        if last is not None and now < last.at - _TOLERANCE:
            raise ClockInDoubt(f"{now.isoformat()} is before {last.at.isoformat()}")
        number = 1 if last is None else last.id + 1
        if last is None and self._marks is not None:
            self._marks.raise_to(self._begun, 1)  # at once: rows without it are a log whose marks were lost
        body = encode(self._domain, {"event": event, "at": now, **fields})
        link = self._link(_GENESIS if last is None else last.link, number, body)
        connection.execute(self._append, {"id": number, "at": now, "event": event, "body": body, "link": link})
        return number

    def check_end(self, connection: Connection) -> None:
        """Check that no rows are missing at the end.

        Raises:
            RolledBack: some are.
        """
        self._check_end(self.head(connection)[0])

    def missing(self, connection: Connection) -> int:
        """Return how many rows were written and are not there any more."""
        return 0 if self._marks is None else max(self._marks.newest(self.label) - self.head(connection)[0], 0)

    def _check_end(self, rows: int) -> None:
        if self._marks is None:
            return
        known = self._marks.newest(self.label)
        if rows < known or (rows and not known and not self._marks.newest(self._begun)):
            raise RolledBack(f"{self.label}: {rows} rows, and {known} are known to have been there")

    def verify(self, connection: Connection) -> tuple[int, bytes]:
        """Return the number of rows and the last link, after checking every link from the first.

        Raises:
            DomainError: the first row that is altered, missing or out of order.
        """
        for _row, _told in self.rows(connection):
            pass
        return self.head(connection)

    def rows(self, connection: Connection) -> Iterator[tuple[int, dict[str, Value]]]:
        """Give each row's number and fields, from the first, each checked against the one before.

        Raises:
            DomainError: at the first row that is altered, missing or out of order.
        """
        previous, count, table = _GENESIS, 0, self._table
        while batch := connection.execute(
            select(table).where(table.c.id > count).order_by(table.c.id).limit(_BATCH)
        ).all():
            for row in batch:
                count += 1
                if row.id != count:
                    raise self.broken(count, "missing")
                if not hmac.compare_digest(self._link(previous, row.id, row.body), row.link):
                    raise self.broken(count, "altered")
                told = decode(self._domain, row.body)
                if told["event"] != row.event or told["at"] != row.at:
                    raise self.broken(count, "altered")
                previous = row.link
                yield count, told

    def link_of(self, connection: Connection, row: int) -> bytes | None:
        """Return the link of one row; None when there is no such row."""
        return connection.scalar(select(self._table.c.link).where(self._table.c.id == row))

    def head(self, connection: Connection) -> tuple[int, bytes]:
        """Return the number of the last row and its link."""
        last = connection.execute(self._last).first()
        return (0, _GENESIS) if last is None else (last.id, last.link)

    def _link(self, previous: bytes, number: int, body: bytes) -> bytes:
        return self._mac(encode(self._link_domain, {"previous": previous, "id": number, "body": body}))
