"""The time that goes into signed statements, or no time at all when it is in doubt. Source: EN 319 421 §7.7.2; attack O6.

What is held against the machine's clock:

- its own durable record: the time is never earlier than one that was told before, over restarts and processes (to half
  a second, which is less than the accuracy that tokens claim);
- the machine's running time, which is not set: between the two there is no step, unless the time service made it;
- the machine's time service, where there is one (or where the settings want one): synchronised, its largest error less
  than the accuracy, and no leap second at this moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, select
from sqlalchemy.dialects.sqlite import insert

from ca.time_service import TimeService
from core.clock import Clock
from core.errors import ClockInDoubt, DomainError
from storage.engine import Database
from storage.types import Instant

ACCURACY: Final = timedelta(seconds=1)  # EN 319 422 §5.2.2: one second or better
_STEP: Final = timedelta(milliseconds=250)  # a difference that no adjustment by degrees makes
_SAME_MOMENT: Final = 0.02  # seconds
_RECORDED_AFTER: Final = timedelta(milliseconds=500)
_SAID_EVERY: Final = 60.0  # seconds

metadata: Final = MetaData()
_latest: Final = Table(
    "latest_time",
    metadata,
    Column("row", Integer, CheckConstraint("row = 1"), primary_key=True),
    Column("told", Instant, nullable=False),
    sqlite_strict=True,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClockState:
    """How the clock stands at one moment."""

    drift: timedelta  # against the machine's running time, since the process began or the time service set the clock
    synchronised: bool
    largest_error: timedelta
    told: bool  # it is above doubt


class TrustedClock:
    """A clock that refuses to tell a time it cannot stand for."""

    def __init__(
        self,
        clock: Clock,
        ticks: Callable[[], float],
        service: TimeService,
        database: Database,
        *,
        service_required: bool = False,
    ) -> None:
        """`ticks` gives seconds since the machine was started; nobody sets them."""
        self._clock = clock
        self._ticks = ticks
        self._service = service
        self._service_required = service_required
        self._was_synchronised = False
        self._database = database
        self._began, self._began_ticks = self._moment()
        self._told: datetime | None = None
        self._recorded: datetime | None = None
        self._said_at = float("-inf")
        database.create(metadata)

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC.

        Raises:
            ClockInDoubt: it may be wrong.
            Unavailable: the record cannot be read or written.
        """
        now, ticks = self._moment()
        synchronised = self._check_service()
        self._check_step(now, ticks, synchronised=synchronised)
        if self._recorded is None or now - self._recorded >= _RECORDED_AFTER:
            self._recorded = now = self._record()
        if self._told is not None and now < self._told:
            raise ClockInDoubt(f"{now} is before {self._told}, which was told already")
        self._told = now
        return now

    def state(self) -> ClockState:
        """Return how the clock stands, in doubt or not.

        Raises:
            Unavailable: the time service does not say.
        """
        try:
            self.now()
            told = True
        except DomainError:
            told = False
        now, ticks = self._moment()
        service = self._service.state()
        return ClockState(self._drift(now, ticks), service.synchronised, service.largest_error, told)

    def _moment(self) -> tuple[datetime, float]:
        """Return the clock's time and the machine's running time at the same moment."""
        while True:
            before = self._ticks()
            now = self._clock.now()
            after = self._ticks()
            if after - before < _SAME_MOMENT:  # otherwise the process was put aside in between: no step of the clock
                return now, after

    def _check_service(self) -> bool:
        state = self._service.state()
        if state.leap_second:
            raise ClockInDoubt("a leap second")
        if not state.synchronised:
            if self._service_required or self._was_synchronised:
                raise ClockInDoubt("the time service does not keep the clock")
            return False
        self._was_synchronised = True
        if state.largest_error > ACCURACY:
            raise ClockInDoubt(f"the time service allows for an error of {state.largest_error}")
        return True

    def _check_step(self, now: datetime, ticks: float, *, synchronised: bool) -> None:
        drift = self._drift(now, ticks)
        if ticks - self._said_at >= _SAID_EVERY:
            self._said_at = ticks
            log.info("clock", extra={"drift_ms": _milliseconds(drift), "synchronised": synchronised})
        if abs(drift) <= _STEP:
            return
        if not synchronised:
            raise ClockInDoubt(f"the clock was set, by {_milliseconds(drift)} ms")
        log.warning("clock set by the time service", extra={"drift_ms": _milliseconds(drift)})
        self._began, self._began_ticks = now, ticks  # forwards; backwards the record says no

    def _drift(self, now: datetime, ticks: float) -> timedelta:
        return (now - self._began) - timedelta(seconds=ticks - self._began_ticks)

    def _record(self) -> datetime:
        """Return the time after having put it on record.

        It is asked for under the lock: between the clock and the record no other process comes with a later one.
        """
        with self._database.transaction() as connection:
            now = self._clock.now()
            told = connection.scalar(select(_latest.c.told))
            if told is not None and now < told:
                raise ClockInDoubt(f"{now} is before {told}, which is on record")
            put = insert(_latest).values(row=1, told=now)
            connection.execute(put.on_conflict_do_update(index_elements=["row"], set_={"told": put.excluded.told}))
        return now


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
