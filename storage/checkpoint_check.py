"""Checking every checkpoint of a log from the first: number, place, signature, time-stamp, and what the log has there.

The first that is wrong or missing is named. Times of more than a day for which no time-stamp speaks are no error: a
machine may stand still. They are told.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.algorithms import HashAlgorithm
from core.errors import DomainError
from core.time_stamp import TimeStampTrust, check_token
from storage.checkpoint import FIRST, Checkpoint, Line, Stamp, digest, to_be_signed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.chain import Chain

LONGEST_GAP: Final = timedelta(days=1)
_SLACK: Final = timedelta(minutes=5)  # between two machines' clocks


class VerifiedCheckpoints(NamedTuple):
    """Every checkpoint holds. `gaps` are the times of more than a day for which no time-stamp speaks."""

    checkpoints: int
    time_stamps: int
    stamped_until: datetime | None  # time of the last time-stamp
    gaps: list[tuple[datetime, datetime]]


class CheckpointCheck:
    """Takes line after line."""

    def __init__(self, chain: Chain, public_key_der: bytes, trust: TimeStampTrust) -> None:
        key = load_der_public_key(public_key_der)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("the key of checkpoints is an EC key")
        self._chain = chain
        self._key: Final = key
        self._trust = trust
        self._last: Checkpoint | None = None
        self._without: dict[int, Checkpoint] = {}  # since the last one with a time-stamp
        self._times: list[datetime] = []  # of the first checkpoint, and of each time-stamp
        self._before = FIRST

    def line(self, line: Line, connection: Connection) -> None:
        """Check the next line.

        Raises:
            DomainError: the log's own, with the row that the checkpoint is about.
        """
        if isinstance(line, Checkpoint):
            self._checkpoint(line, connection)
        else:
            self._stamp(line)

    def result(self, now: datetime) -> VerifiedCheckpoints:
        """Return what all lines together say at this moment."""
        stamps = self._times[1:]
        times = [*self._times, now] if self._times else []
        return VerifiedCheckpoints(
            checkpoints=self._last.number if self._last else 0,
            time_stamps=len(stamps),
            stamped_until=stamps[-1] if stamps else None,
            gaps=[(begin, end) for begin, end in pairwise(times) if end - begin > LONGEST_GAP],
        )

    def _checkpoint(self, point: Checkpoint, connection: Connection) -> None:
        number = self._last.number + 1 if self._last else 1
        if point.number != number:
            raise self._chain.broken(self._last.rows if self._last else 1, f"checkpoint {number} is missing")
        try:
            self._key.verify(point.signature, to_be_signed(self._chain.label, point), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise self._wrong(point, "its signature does not verify") from None
        if not hmac.compare_digest(point.before, self._before):
            raise self._wrong(point, "it follows another checkpoint than the one before it")
        if not hmac.compare_digest(self._chain.link_of(connection, point.rows) or b"", point.link):
            raise self._wrong(point, "the log was cut or rewritten since")
        if not self._times:
            self._times.append(point.at.astimezone(UTC))
        self._last = self._without[number] = point
        self._before = digest(self._chain.label, point)

    def _stamp(self, stamp: Stamp) -> None:
        point = self._without.get(stamp.number)
        if point is None:
            rows = self._last.rows if self._last else 1
            raise self._chain.broken(rows, f"a time-stamp of checkpoint {stamp.number}, which waits for none there")
        try:
            at = check_token(stamp.token, HashAlgorithm.SHA256, digest(self._chain.label, point), self._trust).at
        except DomainError as error:
            raise self._wrong(point, f"its time-stamp is not one: {error.detail}") from error
        if at < point.at - _SLACK:
            raise self._wrong(point, f"its time-stamp is older than itself: {at.isoformat()}")
        self._times.append(at)
        self._without = {number: each for number, each in self._without.items() if number > stamp.number}

    def _wrong(self, point: Checkpoint, what: str) -> DomainError:
        return self._chain.broken(point.rows, f"checkpoint {point.number}: {what}")
