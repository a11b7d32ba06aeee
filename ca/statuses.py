"""What the status of each certificate is, and was: an append-only record, numbered over all certificates.

Each row is sealed under an HSM key, so that a status another hand wrote or changed is refused (attack D9), and the
numbers have no gaps, so that a row taken away is noticed by who follows them. A status is never overwritten: the newest
row of a certificate counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    func,
    select,
)

from ca.tables import metadata
from core.errors import RecordTampered
from storage.seals import SEAL, Seals
from storage.types import Instant

Status = Literal["good", "suspended", "revoked"]
HOLD: Final = "certificateHold"

statuses: Final = Table(
    "statuses",
    metadata,
    Column("change", Integer, primary_key=True),
    Column("issuer", Text, nullable=False),  # of the certificate: which generation's lists tell of it
    Column("serial", Text, nullable=False),  # 40 hexadecimal digits; no two generations share one
    Column("status", Text, CheckConstraint("status IN ('good', 'suspended', 'revoked')"), nullable=False),
    Column("reason", Text, nullable=False),  # empty while good
    Column("at", Instant, nullable=False),
    Column("invalid_since", Instant),
    Column("not_after", Instant, nullable=False),  # of the certificate
    Column(SEAL, LargeBinary, nullable=False),
    Index("statuses_of_certificate", "serial", "change"),
    sqlite_strict=True,
)
later: Final = statuses.alias()

# Built once: putting a statement together costs more than running it.
_ADD: Final = statuses.insert()
_NEWEST: Final = select(func.max(statuses.c.change))
_CURRENT: Final = (
    select(statuses).where(statuses.c.serial == bindparam("wanted")).order_by(statuses.c.change.desc()).limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From `at` on, the certificate has this status."""

    change: int
    issuer: str  # SHA-256 of the issuer's SubjectPublicKeyInfo, hex
    serial: str
    status: Status
    reason: str
    at: datetime
    invalid_since: datetime | None
    not_after: datetime


class Statuses:
    """The repository of statuses."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def add(
        self, connection: Connection, serial: str, status: Status, reason: str, at: datetime, **more: Any
    ) -> Change:
        """Record a status, as the next change; `more` is `issuer`, `not_after` and perhaps `invalid_since`."""
        change = Change(
            change=self.newest(connection) + 1,
            issuer=more["issuer"],
            serial=serial,
            status=status,
            reason=reason,
            at=at,
            invalid_since=more.get("invalid_since"),
            not_after=more["not_after"],
        )
        connection.execute(_ADD, self._seals.sealed(statuses, change))
        return change

    def newest(self, connection: Connection) -> int:
        """Return the number of the newest change; 0 when there is none."""
        return connection.scalar(_NEWEST) or 0

    def current(self, connection: Connection, serial: str) -> Change | None:
        """Return the status of a certificate; None when it has none.

        Raises:
            RecordTampered: its seal does not fit.
        """
        row = connection.execute(_CURRENT, {"wanted": serial}).mappings().first()
        return None if row is None else self._opened(row)

    def after(self, connection: Connection, change: int, limit: int | None = None) -> list[Change]:
        """Return the changes after one, oldest first, at most `limit`.

        Raises:
            RecordTampered: a seal does not fit, or a change is missing.
        """
        wanted = select(statuses).where(statuses.c.change > change).order_by(statuses.c.change).limit(limit)
        found = [self._opened(row) for row in connection.execute(wanted).mappings()]
        if [each.change for each in found] != list(range(change + 1, change + 1 + len(found))):
            raise RecordTampered(f"{statuses.name}: a change after {change} is missing")
        return found

    def has_listed_after(self, connection: Connection, issuer: str, change: int) -> bool:
        """Return whether a change after this one may alter an issuer's list: any but a certificate's first status."""
        first = select(func.min(statuses.c.change)).where(statuses.c.serial == later.c.serial).scalar_subquery()
        alters = (later.c.status != "good") | (later.c.change != first)
        wanted = select(later.c.change).where(later.c.change > change, later.c.issuer == issuer, alters).limit(1)
        return connection.scalar(wanted) is not None

    def in_force(self, connection: Connection, issuer: str, now: datetime) -> int:
        """Return how many certificates of an issuer are neither expired nor revoked."""
        newest = select(func.max(statuses.c.change)).where(statuses.c.issuer == issuer).group_by(statuses.c.serial)
        living = (statuses.c.status != "revoked") & (statuses.c.not_after >= now)
        return connection.scalar(select(func.count()).where(statuses.c.change.in_(newest), living)) or 0

    def counts(self, connection: Connection, now: datetime) -> dict[str, int]:
        """Return how many certificates whose validity is not over have each status."""
        newest = select(func.max(statuses.c.change)).group_by(statuses.c.serial)
        living = statuses.c.change.in_(newest) & (statuses.c.not_after >= now)
        wanted = select(statuses.c.status, func.count().label("number")).where(living).group_by(statuses.c.status)
        counted = {row.status: row.number for row in connection.execute(wanted)}
        return {"good": 0, "suspended": 0, "revoked": 0} | counted

    def _opened(self, row: Mapping[Any, Any]) -> Change:
        return Change(**self._seals.opened(statuses, dict(row)))
