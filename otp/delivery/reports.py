"""What gateways report of messages: kept for a month, counted, and of no consequence (attack Y3).

Nothing reads this table but the counting: no report sends anything again, ends or opens anything. It is in a database of
its own, in a zone of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal, TypeAlias

from sqlalchemy import CheckConstraint, Column, Index, MetaData, Table, Text, delete, insert, select, update

from otp.delivery.report_addresses import SentMessage
from storage.engine import Database
from storage.types import Instant

State: TypeAlias = Literal["delivered", "failed"]
_KEPT: Final = timedelta(days=30)

metadata = MetaData()
reports = Table(
    "sms_reports",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("state", Text, CheckConstraint("state IN ('delivered', 'failed')"), nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("reported_at", Instant, nullable=False),
    Index("sms_reports_by_time", "reported_at"),
    sqlite_strict=True,
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one gateway reported of the messages of some time."""

    gateway: str
    delivered: int
    failed: int
    median_seconds: float  # from sending to the report of delivery; 0 when none was delivered


class Reports:
    """Keeps and counts reports, in a database that has the table above."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, sent: SentMessage, state: State, now: datetime) -> None:
        """Note a report; of several about one message the last one counts."""
        which = (reports.c.gateway == sent.gateway) & (reports.c.message == sent.message)
        noted = {"state": state, "reported_at": now}
        with self._database.transaction() as connection:
            connection.execute(delete(reports).where(reports.c.reported_at < now - _KEPT))
            if connection.execute(update(reports).where(which).values(noted)).rowcount == 0:
                told = {"gateway": sent.gateway, "message": sent.message, "sent_at": sent.sent_at}
                connection.execute(insert(reports).values({**told, **noted}))

    def since(self, instant: datetime) -> list[Delivery]:
        """Return how it went since an instant, for each gateway that reported."""
        wanted = select(reports).where(reports.c.reported_at > instant).order_by(reports.c.gateway)
        by_gateway: dict[str, list[float | None]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(wanted):
                took = (row.reported_at - row.sent_at).total_seconds() if row.state == "delivered" else None
                by_gateway.setdefault(row.gateway, []).append(took)
        return [_delivery(gateway, times) for gateway, times in by_gateway.items()]

    def check(self) -> None:
        """Prove that reports can be kept.

        Raises:
            Unavailable: they cannot.
        """
        self._database.check()


def _delivery(gateway: str, times: list[float | None]) -> Delivery:
    delivered = [each for each in times if each is not None]
    return Delivery(gateway, len(delivered), len(times) - len(delivered), median(delivered) if delivered else 0.0)
