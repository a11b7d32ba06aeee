"""A zone's database: SQLite embedded, opened with what durability and concurrency need.

Every write runs in a transaction that takes the write lock at its start (`BEGIN IMMEDIATE`), so that a counter read in
it cannot change under it, and is on disk when the block ends (`synchronous=FULL`). A lock not had in time is
`StorageBusy`: the caller refuses, it does not try again free of charge (attacks §3.3, O7).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class StorageBusy(Unavailable):
    """Another process held the write lock for too long."""


class StorageBroken(Unavailable):
    """The database cannot be opened, read or written."""


_BUSY_MS = 5_000
_WAITING = "waiting for the end of the transaction"


class Database:
    """One zone's database."""

    def __init__(self, path: Path, *, busy_ms: int = _BUSY_MS, durable: bool = True) -> None:
        """`durable=False` is for counts that a power cut may set back (a crash of ours does not): no wait for the disk."""
        self._engine = _engine(path, busy_ms, "FULL" if durable else "NORMAL")

    def create(self, metadata: MetaData) -> None:
        """Make the tables that are not there yet."""
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            metadata.create_all(connection)
            connection.commit()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a block under the write lock; durable when it ends, undone when it raises.

        Raises:
            StorageBusy: the lock was not to be had.
            StorageBroken: the database does not work.
        """
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            waiting: list[Callable[[], None]] = []
            connection.info[_WAITING] = waiting
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                del connection.info[_WAITING]
        for action in waiting:
            action()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run a block that only reads, on one consistent snapshot.

        Raises:
            StorageBroken: the database does not work.
        """
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    def forget_deleted(self) -> None:
        """Leave nothing in the database's files of what was deleted: the log of writes is emptied into the database.

        Deleted content is overwritten where it stood (`secure_delete`), and lives on in that log alone. When readers of
        other processes hold the log, it is emptied by a later call, or by the database itself.

        Raises:
            StorageBroken: the database does not work.
        """
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> None:
        """Prove that the database answers.

        Raises:
            Unavailable: it does not.
        """
        with self.reading() as connection:
            connection.execute(text("SELECT count(*) FROM sqlite_master"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def is_writing(connection: Connection) -> bool:
    """Return whether this connection holds the write lock: what it reads is the newest there is."""
    return _WAITING in connection.info


def once_durable(connection: Connection, action: Callable[[], None]) -> None:
    """Have something done when the present transaction is durable; never, when it is undone."""
    connection.info[_WAITING].append(action)


def _engine(path: Path, busy_ms: int, synchronous: Literal["FULL", "NORMAL"]) -> Engine:
    # isolation_level=None: we say BEGIN ourselves, the driver's own idea of when to begin is too late for a counter.
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"isolation_level": None, "timeout": busy_ms / 1000, "check_same_thread": False},
        poolclass=QueuePool if str(path) != ":memory:" else NullPool,
        pool_size=4,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != {"FULL": 2, "NORMAL": 1}[synchronous]:
            raise StorageBroken(f"synchronous={synchronous} was not accepted")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise StorageBusy(str(error.orig)) from error
        raise StorageBroken(str(error.orig)) from error
    except DBAPIError as error:
        if error.orig is not None and type(error.orig).__name__ == "DatabaseError":  # e.g. not a database file
            raise StorageBroken(str(error.orig)) from error
        raise
