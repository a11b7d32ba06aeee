"""The `status` zone's copy of what the authority has on record about each certificate.

It follows the authority's numbered feed of changes. Rules:

- before anything is told, changes are asked for if that was last done more than half a second ago;
- before a certificate is called unknown, they are asked for again, for it may have been issued a moment ago; twenty
  times a second at most, and never is one called unknown when the authority could not be asked;
- when the authority has not been reached for ten seconds, nothing is told any more: an old answer might call a revoked
  certificate good (attack N11);
- the feed never goes back: an authority that no longer knows a change it gave out once works on an old copy of its
  record (attack O2), and nothing is told until that is settled;
- each process follows the feed by itself, so that none tells what another process has learnt to be over.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from ca.client import Caller
from ca.protocol import CertificateState, ChangedStates, StatusChanges
from core.clock import Clock
from core.errors import DomainError, Unavailable
from storage.engine import Database
from storage.types import Instant

_MOST_KEPT: Final = 100_000  # certificates in memory: about 50 MB
REFRESHED_AFTER: Final = 0.5  # seconds
_MOST_ASKED_AGAIN: Final = 20  # times a second, for certificates that are not known
STALE_AFTER: Final = 10.0  # seconds
_BATCH: Final = 1000

log = logging.getLogger(__name__)

metadata: Final = MetaData()

_states: Final = Table(
    "states",
    metadata,
    Column("issuer", Text, primary_key=True),  # SHA-256 of the issuer's SubjectPublicKeyInfo, hex
    Column("serial", Text, primary_key=True),  # 40 hexadecimal digits
    Column("change", Integer, nullable=False, index=True),
    Column("not_after", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("reason", Text, nullable=False),
    sqlite_strict=True,
)
_one: Final = select(_states).where(_states.c.issuer == bindparam("issuer"), _states.c.serial == bindparam("serial"))


class StatusStale(Unavailable):
    """The authority has not been reached for too long, or not yet: no status can be told."""


class FeedBroken(DomainError):
    """The authority's feed does not go on where it was left: its record is an old copy, or another one."""


@dataclass(frozen=True, slots=True)
class CertificateName:
    """Issuer and serial number."""

    issuer: str  # SHA-256 of the issuer's SubjectPublicKeyInfo, hex
    serial: int


class Replica:
    """What is known of each certificate."""

    def __init__(self, database: Database, authority: Caller, clock: Clock, ticks: Callable[[], float]) -> None:
        """`ticks` gives seconds that never go back."""
        self._database = database
        self._authority = authority
        self._clock = clock
        self._ticks = ticks
        self._asked_at = self._reached_at = float("-inf")
        self._as_of: datetime | None = None
        self._asked_again: deque[float] = deque(maxlen=_MOST_ASKED_AGAIN)  # when
        self._kept: dict[CertificateName, CertificateState] = {}  # of those that were asked for; as of change `_seen`
        database.create(metadata)
        with database.reading() as connection:
            self._seen = connection.scalar(select(func.max(_states.c.change))) or 0

    @property
    def change(self) -> int:
        """The number of the last change that is known here; another number means that something may have changed."""
        return self._seen

    def refresh(self) -> datetime:
        """Follow the feed; return the instant at which what is known was true.

        Raises:
            StatusStale, FeedBroken: nothing may be told.
            Unavailable: the database does not work.
        """
        now = self._ticks()
        if now - self._asked_at > REFRESHED_AFTER:
            self._follow()
        if self._as_of is None or now - self._reached_at > STALE_AFTER:
            raise StatusStale(f"the authority was last reached at {self._as_of}")
        return self._as_of

    def look_up(self, names: Sequence[CertificateName]) -> list[CertificateState | None]:
        """Return what is known of each certificate, in this order, from one state of the record.

        Raises:
            StatusStale, FeedBroken: nothing may be told; or one is not known, and the authority could not be asked.
            Unavailable: the database does not work.
        """
        states = self._known(names)
        if None in states and self._may_ask_again():
            self._follow()
            states = self._known(names)
        if None in states and self._reached_at < self._asked_at:
            raise StatusStale("the authority could not be asked about a certificate that is not known here")
        return states

    def _may_ask_again(self) -> bool:
        now = self._ticks()
        if len(self._asked_again) == _MOST_ASKED_AGAIN and now - self._asked_again[0] < 1:
            return False
        self._asked_again.append(now)
        return True

    def _known(self, names: Sequence[CertificateName]) -> list[CertificateState | None]:
        missing = [name for name in names if name not in self._kept]
        found = self._read(missing) if missing else {}
        states = [self._kept.get(name) or found.get(name) for name in names]
        if len(self._kept) + len(found) > _MOST_KEPT:
            self._kept.clear()
        self._kept.update(found)
        return states

    def _read(self, names: Sequence[CertificateName]) -> dict[CertificateName, CertificateState]:
        with self._database.reading() as connection:
            states = {name: _state(connection, name) for name in names}
        return {name: state for name, state in states.items() if state is not None}

    def _follow(self) -> None:
        self._asked_at, as_of = self._ticks(), self._clock.now()
        try:
            while self._take() == _BATCH:
                pass
        except Unavailable as error:
            log.warning("authority not reached", extra={"error": type(error).__name__, "detail": error.detail})
            return  # what was known last may be told for a while
        except DomainError:  # the feed is broken, or the authority says itself that its record is
            self._as_of = None
            raise
        self._reached_at, self._as_of = self._asked_at, as_of

    def _take(self) -> int:
        """Take the next changes; return how many the authority gave."""
        # From one change back, so that an authority which has forgotten the last one is found out.
        after = max(self._seen - 1, 0)
        states = self._authority.call(StatusChanges(after, _BATCH), ChangedStates).states
        if self._seen and not any(each.change >= self._seen for each in states):
            raise FeedBroken(f"change {self._seen} is not known to the authority any more")
        new = [each for each in states if each.change > self._seen]
        if new:
            with self._database.transaction() as connection:
                for each in new:
                    _keep(connection, each)
            self._seen = max(each.change for each in new)
            self._kept.clear()
        return len(states)


def _keep(connection: Connection, state: CertificateState) -> None:
    values = {name: getattr(state, name) for name in _states.columns.keys()}  # noqa: SIM118  # a collection, no mapping
    put = insert(_states).values(values)
    known = {name: put.excluded[name] for name in ("change", "not_after", "revoked_at", "reason")}
    newer = put.excluded.change > _states.c.change
    connection.execute(put.on_conflict_do_update(index_elements=["issuer", "serial"], set_=known, where=newer))


def _state(connection: Connection, name: CertificateName) -> CertificateState | None:
    if not 0 < name.serial < 1 << 160:
        return None
    row = connection.execute(_one, {"issuer": name.issuer, "serial": f"{name.serial:040x}"}).first()
    return None if row is None else CertificateState(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for it
