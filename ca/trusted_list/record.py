"""The issues of the trusted list on record: their numbers never come twice (TS 119 612 §5.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, func, select

from ca.tables import metadata
from storage.types import Instant

trusted_lists: Final = Table(
    "trusted_lists",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("issued_at", Instant, nullable=False),
    Column("next_update", Instant, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the document
    Column("document", LargeBinary, nullable=False),  # empty once there is a newer issue
    sqlite_strict=True,
)


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of the list, but for its bytes."""

    number: int
    issued_at: datetime
    next_update: datetime
    digest: bytes


def last_issue(connection: Connection) -> Issue | None:
    """Return the issue with the highest number."""
    columns = [column for column in trusted_lists.c if column is not trusted_lists.c.document]
    row = connection.execute(select(*columns).order_by(trusted_lists.c.number.desc()).limit(1)).first()
    return None if row is None else Issue(*row)


def document(connection: Connection, number: int) -> bytes:
    """Return the bytes of an issue; empty when there is a newer one."""
    return connection.scalar(select(trusted_lists.c.document).where(trusted_lists.c.number == number)) or b""


def record_issue(connection: Connection, issue: Issue, data: bytes) -> None:
    """Put an issue on record, and let go of the bytes of those before it."""
    connection.execute(
        trusted_lists.insert().values(
            number=issue.number,
            issued_at=issue.issued_at,
            next_update=issue.next_update,
            digest=issue.digest,
            document=data,
        )
    )
    older = (trusted_lists.c.number < issue.number) & (func.length(trusted_lists.c.document) > 0)
    connection.execute(trusted_lists.update().where(older).values(document=b""))
