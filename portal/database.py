"""The portal's own database: SQLite, one writer at a time, on disk when a transaction ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, Connection, Dialect, Engine, Integer, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from portal.errors import PortalError

_BUSY_SECONDS: Final = 5.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DatabaseFailed(PortalError):
    """The database is locked for too long, or does not work."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, stored as microseconds since 1970."""

    impl = BigInteger().with_variant(Integer, "sqlite")  # a strict table knows no BIGINT
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's interface
        """Return the number to store."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's interface
        """Return the instant."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Database:
    """The portal's database."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)

    def create(self, metadata: MetaData) -> None:
        """Make the tables that are not there yet."""
        with self.transaction() as connection:
            metadata.create_all(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a block under the write lock; durable when it ends, undone when it raises.

        Raises:
            DatabaseFailed: the lock was not to be had, or the database does not work.
        """
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run a block that only reads, on one consistent snapshot.

        Raises:
            DatabaseFailed: the database does not work.
        """
        with _translated(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    # isolation_level=None: we say BEGIN ourselves; the driver's own idea of when to begin is too late for a counter.
    arguments = {"isolation_level": None, "timeout": _BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(f"sqlite:///{path}", connect_args=arguments, pool_size=4)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.IntegrityError):
            raise
        raise DatabaseFailed(str(error.orig)) from error
