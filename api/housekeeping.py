"""Rows whose time is long over are dropped, so that the tables stay as large as a day's work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete

from api.tables import authorizations, tokens, used_jtis
from core.clock import Clock
from storage.engine import Database

_KEPT: Final = timedelta(days=1)  # long enough to notice a late reuse of a code and to answer a citizen who comes back
_EVERY: Final = timedelta(minutes=10)
_DELETES: Final = [
    delete(table).where(table.c.expires_at < bindparam("before")) for table in (authorizations, tokens, used_jtis)
]


class Housekeeping:
    """Purges now and then, in the course of other requests."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._next: datetime | None = None

    def purge_if_due(self) -> None:
        """Purge when ten minutes have passed since this process last did."""
        now = self._clock.now()
        if self._next is None or now >= self._next:
            self._next = now + _EVERY
            self.purge(now)

    def purge(self, now: datetime) -> None:
        """Drop what expired more than a day ago."""
        with self._database.transaction() as connection:
            for statement in _DELETES:
                connection.execute(statement, {"before": now - _KEPT})
