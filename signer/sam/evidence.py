"""The SAM's evidence: an append-only log whose rows are chained by keyed links (design §2.8).

A row is written in the transaction that does what it tells, so there is no act without its evidence: the intent before
a key is used, the outcome after. It also keeps time: nothing may happen before what happened last (attack O6).
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, insert, select

from core.canonical import Value, decode, encode
from core.errors import ClockInDoubt
from hsm.ports import MacKey
from signer.sam.errors import EvidenceBroken
from signer.sam.tables import evidence

_GENESIS: Final = bytes(32)
_TOLERANCE: Final = timedelta(seconds=2)  # two processes of one machine do not write in the order they read the clock
_BATCH: Final = 1000
_DOMAIN: Final = "paraph evidence v1"
# Built once: putting a statement together costs more than running it.
_LAST: Final = select(evidence.c.id, evidence.c.at, evidence.c.link).order_by(evidence.c.id.desc()).limit(1)
_APPEND: Final = insert(evidence)


class Evidence:
    """Appends to the log and verifies it."""

    def __init__(self, key: MacKey) -> None:
        self._key = key

    def append(self, connection: Connection, event: str, now: datetime, **fields: Value) -> None:
        """Append one row in the caller's transaction.

        Raises:
            ClockInDoubt: the last row is of a later time than `now`.
        """
        last = connection.execute(_LAST).first()
        if last is not None and now < last.at - _TOLERANCE:
            raise ClockInDoubt(f"{now.isoformat()} is before {last.at.isoformat()}")
        number = 1 if last is None else last.id + 1
        body = encode(_DOMAIN, {"event": event, "at": now, **fields})
        link = self._link(_GENESIS if last is None else last.link, number, body)
        connection.execute(_APPEND, {"id": number, "at": now, "event": event, "body": body, "link": link})

    def verify(self, connection: Connection) -> tuple[int, bytes]:
        """Return the number of rows and the last link, after checking every link from the first.

        Raises:
            EvidenceBroken: the first row that is altered, missing or out of order.
        """
        previous, count = _GENESIS, 0
        while rows := connection.execute(
            select(evidence).where(evidence.c.id > count).order_by(evidence.c.id).limit(_BATCH)
        ).all():
            for row in rows:
                count += 1
                if row.id != count:
                    raise EvidenceBroken(count, "missing")
                if not hmac.compare_digest(self._link(previous, row.id, row.body), row.link):
                    raise EvidenceBroken(count, "altered")
                told = decode(_DOMAIN, row.body)
                if told["event"] != row.event or told["at"] != row.at:
                    raise EvidenceBroken(count, "altered")
                previous = row.link
        return count, previous

    def link_of(self, connection: Connection, row: int) -> bytes | None:
        """Return the link of one row; None when there is no such row."""
        return connection.scalar(select(evidence.c.link).where(evidence.c.id == row))

    def head(self, connection: Connection) -> tuple[int, bytes]:
        """Return the number of the last row and its link."""
        last = connection.execute(_LAST).first()
        return (0, _GENESIS) if last is None else (last.id, last.link)

    def _link(self, previous: bytes, number: int, body: bytes) -> bytes:
        return self._key.mac(encode("paraph evidence link v1", {"previous": previous, "id": number, "body": body}))
