"""Where the `limits` library counts: a database that all workers share, so that four workers do not mean four limits.

A count is read, judged and raised in one transaction under the write lock. Who cannot count refuses: a busy or broken
database is `Unavailable`, and the library passes that on. The database may be set back by a power cut, not by a crash.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final

from limits.storage import SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from core.clock import Clock
from core.errors import Unavailable
from storage.engine import Database
from storage.types import Instant

metadata: Final = MetaData()
counters: Final = Table(
    "rate_counters",
    metadata,
    Column("key", Text, primary_key=True),  # what is limited, whose, and the number of the window
    Column("counted", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    sqlite_strict=True,
)

# Built once: putting a statement together costs more than running it.
_FIND: Final = select(counters.c.counted, counters.c.expires_at).where(counters.c.key == bindparam("of"))
_RAISE: Final = (
    update(counters).where(counters.c.key == bindparam("of")).values(counted=counters.c.counted + bindparam("by"))
)
_BEGIN: Final = insert(counters)
_FORGET: Final = delete(counters).where(counters.c.expires_at < bindparam("before"))
_CLEAR: Final = delete(counters).where(counters.c.key == bindparam("of"))


class Counters(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """The library's storage, in a database that has the table above."""

    STORAGE_SCHEME = None

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self._database = database
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what says that nothing can be counted."""
        return Unavailable

    # -- a sliding window: what the limits of `api.limits.rules` use --------------------------------------------------

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` if that stays within the limit; otherwise count nothing."""
        with self._database.transaction() as connection:
            before, left, now, _ = self._window(connection, key, expiry)
            if floor(before * left / expiry + now) + amount > limit:
                return False
            self._raise(connection, self._names(key, expiry)[1], 2 * expiry, amount)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and remaining seconds of the window before, and of the present one."""
        with self._database.reading() as connection:
            return self._window(connection, key, expiry)

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows."""
        for name in self._names(key, expiry):
            self.clear(name)

    def _window(self, connection: Connection, key: str, expiry: int) -> tuple[int, float, int, float]:
        before, present = (self._count(connection, name) for name in self._names(key, expiry))
        left = expiry - self._clock.now().timestamp() % expiry
        return before, left if before else 0.0, present, left + expiry

    def _names(self, key: str, expiry: int) -> tuple[str, str]:
        return self.sliding_window_keys(key, expiry, self._clock.now().timestamp())

    # -- what every storage of the library has ------------------------------------------------------------------------

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Raise a count and return it."""
        with self._database.transaction() as connection:
            self._raise(connection, key, expiry, amount)
            return self._count(connection, key)

    def get(self, key: str) -> int:
        """Return a count."""
        with self._database.reading() as connection:
            return self._count(connection, key)

    def get_expiry(self, key: str) -> float:
        """Return when a count begins anew, in seconds since 1970."""
        now = self._clock.now()
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"of": key}).one_or_none()
        ends: datetime = now if row is None else row.expires_at
        return max(ends, now).astimezone(UTC).timestamp()

    def check(self) -> bool:
        """Prove that the database answers."""
        self._database.check()
        return True

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._database.transaction() as connection:
            connection.execute(_CLEAR, {"of": key})

    def reset(self) -> int | None:
        """Forget every count; return how many there were."""
        with self._database.transaction() as connection:
            count = connection.scalar(select(func.count()).select_from(counters))
            connection.execute(delete(counters))
        return count

    def _count(self, connection: Connection, key: str) -> int:
        row = connection.execute(_FIND, {"of": key}).one_or_none()
        return 0 if row is None or row.expires_at <= self._clock.now() else int(row.counted)

    def _raise(self, connection: Connection, key: str, expiry: int, amount: int) -> None:
        now = self._clock.now()
        if self._count(connection, key) and connection.execute(_RAISE, {"of": key, "by": amount}).rowcount:
            return
        connection.execute(_FORGET, {"before": now})  # once in each window
        connection.execute(_CLEAR, {"of": key})
        connection.execute(_BEGIN, {"key": key, "counted": amount, "expires_at": now + timedelta(seconds=expiry)})
