"""Signed and time-stamped checkpoints of a chained log, kept outside its database (attack D8).

A chain alone does not show that its end was cut off. A checkpoint says how many rows there were and the link of the last
one; it is signed, and names the checkpoint before it by digest. Twice a day the newest one is time-stamped by an authority
that knows nothing of the log, and so vouches for all before it: not even who has the signing key can make yesterday's
checkpoints anew.

This module asks nobody. It says for what it wants a time-stamp; whoever reaches the authority carries the request there
and the response back; what comes back is checked before it counts (`core.time_stamp`). While none comes, checkpoints go
on without, and the state says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Protocol

import msgspec

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.errors import CheckpointNotWaiting, ClockInDoubt, Malformed
from core.time_stamp import TimeStampTrust, check_answer
from core.types import Dtbsr
from storage.checkpoint import FIRST, Checkpoint, Line, Stamp, digest, request, to_be_signed
from storage.checkpoint_check import CheckpointCheck, VerifiedCheckpoints
from storage.checkpoint_file import CheckpointFile, add, lines, size

if TYPE_CHECKING:
    from core.entropy import Entropy
    from storage.chain import Chain
    from storage.engine import Database

ROWS: Final = 1000  # so many new rows make a checkpoint at any time
SPAN: Final = timedelta(hours=1)  # between checkpoints of a log that grows
STAMPED_EVERY: Final = timedelta(hours=12)
LATE: Final = timedelta(hours=1)  # after a time-stamp was due, its absence is said
_NONCE_BYTES: Final = 16
_TOLERANCE: Final = timedelta(seconds=10)  # processes do not come to the file in the order they read the clock


class CheckpointKey(Protocol):
    """The P-256 key that signs checkpoints and nothing else: `hsm.ports.SigningKey`."""

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        ...

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest."""
        ...


class WantedStamp(NamedTuple):
    """A time-stamp that is due: of which checkpoint, and the TimeStampReq, DER."""

    number: int
    request: bytes


class CheckpointState(NamedTuple):
    """How far checkpoints and their time-stamps have come."""

    checkpoints: int
    stamped_until: datetime | None  # the log as it was then is time-stamped
    late_since: datetime | None  # a time-stamp was due then, and there is none


@dataclass(slots=True)
class _Progress:
    """What the file said as far as it was read."""

    read: int = 0  # bytes
    last: Checkpoint | None = None
    stamped: Checkpoint | None = None  # the newest that has a time-stamp
    since: dict[int, Checkpoint] = field(default_factory=dict)  # those after it, by number

    def take(self, line: Line) -> None:
        if isinstance(line, Checkpoint):
            self.last = self.since[line.number] = line
        elif line.number in self.since:
            self.stamped = self.since[line.number]
            self.since = {number: each for number, each in self.since.items() if number > line.number}

    def due_since(self) -> datetime | None:
        """Return when a time-stamp became due that is not there."""
        begin = self.stamped.at + STAMPED_EVERY if self.stamped else None
        return next((each.at for each in self.since.values() if begin is None or each.at >= begin), None)


class Checkpoints:
    """The checkpoints of one log, as one process works on them."""

    def __init__(
        self,
        path: Path,
        chain: Chain,
        database: Database,
        key: CheckpointKey,
        trust: TimeStampTrust,
        entropy: Entropy,
    ) -> None:
        self._file = CheckpointFile(path)
        self._chain = chain
        self._database = database
        self._key = key
        self._trust = trust
        self._entropy = entropy
        self._progress = _Progress()

    def write_if_due(self, now: datetime) -> None:
        """Add a checkpoint when the log grew and an hour passed, when it grew by a thousand rows, or after half a day.

        Raises:
            ClockInDoubt: the last checkpoint is of a later time than `now`.
            Unavailable: database, file or token do not work.
        """
        with self._file.alone() as file:
            last = self._follow(file).last
            if last is not None and now < last.at - _TOLERANCE:
                raise ClockInDoubt(f"{now.isoformat()} is before checkpoint {last.number}")
            with self._database.reading() as connection:
                rows, link = self._chain.head(connection)
            if _is_due(last, rows, now):
                add(file, self._signed(last, rows, link, now))

    def wanted(self) -> WantedStamp | None:
        """Return the time-stamp that is due; None when none is.

        Raises:
            Unavailable: the file does not work.
        """
        with self._file.alone() as file:
            progress = self._follow(file)
        newest = progress.last
        if newest is None or progress.due_since() is None:
            return None
        return WantedStamp(newest.number, request(self._chain.label, newest).der)

    def keep(self, number: int, response: bytes, now: datetime) -> None:
        """Keep the authority's response to what was wanted, once it is checked.

        Raises:
            CheckpointNotWaiting: it has a time-stamp, or is none.
            TimeStampWrong: it is not what was wanted.
            Unavailable: the file does not work.
        """
        with self._file.alone() as file:
            checkpoint = self._follow(file).since.get(number)
            if checkpoint is None:
                raise CheckpointNotWaiting(str(number))
            stamp = check_answer(response, request(self._chain.label, checkpoint), self._trust, now)
            add(file, Stamp(number, stamp.token))

    def state(self, now: datetime) -> CheckpointState:
        """Return how far checkpoints and time-stamps have come.

        Raises:
            Unavailable: the file does not work.
        """
        with self._file.alone() as file:
            progress = self._follow(file)
        due = progress.due_since()
        return CheckpointState(
            checkpoints=progress.last.number if progress.last else 0,
            stamped_until=progress.stamped.at if progress.stamped else None,
            late_since=due if due is not None and now - due > LATE else None,
        )

    def verify(self, now: datetime) -> VerifiedCheckpoints:
        """Check signature, time-stamp and place of every checkpoint, and that the log still has what each one saw.

        Raises:
            DomainError: the log's own, for the first checkpoint that is wrong or missing.
            Unavailable: file or database do not work.
        """
        check = CheckpointCheck(self._chain, self._key.public_key_der, self._trust)
        # In this order: the log has at least the rows that these checkpoints saw.
        with self._file.reading() as (file, end), self._database.reading() as connection:
            for line in self._lines(file, 0, end):
                check.line(line, connection)
        return check.result(now)

    def _follow(self, file: BinaryIO) -> _Progress:
        """Return what the file says now, after reading what was added."""
        progress, end = self._progress, size(file)
        for line in self._lines(file, progress.read, end):
            progress.take(line)
        progress.read = end
        return progress

    def _lines(self, file: BinaryIO, begin: int, end: int) -> Iterator[Line]:
        last = self._progress.last.rows if self._progress.last else 1
        if end < self._progress.read:
            raise self._chain.broken(last, "checkpoints were cut off")
        try:
            yield from lines(file, begin, end)
        except Malformed as error:
            raise self._chain.broken(last, error.detail) from error

    def _signed(self, last: Checkpoint | None, rows: int, link: bytes, now: datetime) -> Checkpoint:
        label = self._chain.label
        unsigned = Checkpoint(
            number=last.number + 1 if last else 1,
            rows=rows,
            link=link,
            at=now,
            before=digest(label, last) if last else FIRST,
            nonce=self._entropy.token_bytes(_NONCE_BYTES),
            signature=b"",
        )
        hashed = HashAlgorithm.SHA256.new(to_be_signed(label, unsigned)).digest()
        signature = self._key.sign(Dtbsr(HashAlgorithm.SHA256, hashed), SignatureAlgorithm.ECDSA_SHA256)
        return msgspec.structs.replace(unsigned, signature=signature)


def _is_due(last: Checkpoint | None, rows: int, now: datetime) -> bool:
    if last is None:
        return rows > 0
    age = now - last.at
    return rows >= last.rows + ROWS or (rows > last.rows and age >= SPAN) or age >= STAMPED_EVERY
