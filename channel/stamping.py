"""How a zone whose log has checkpoints gets time-stamps for them, though it speaks to nobody outside.

Whoever may call both the zone and an authority asks which time-stamp is due, carries the request there and the response
back. The zone checks what comes, so that the carrier is not trusted with more than with not coming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from channel.protocol import Call, Done, Message
from core.clock import Clock
from core.errors import CheckpointNotWaiting
from core.time_stamp import (
    LONGEST_ANSWER,
    ImprintDiffers,
    NonceDiffers,
    NotGranted,
    PolicyDiffers,
    TimeDiffers,
    TimeStampWrong,
    TokenInvalid,
    TokenMalformed,
    UnitUntrusted,
)


class AskStamp(Message, frozen=True):
    """Ask for which checkpoint a time-stamp is due."""


class StampWanted(Message, frozen=True):
    """The checkpoint's number and a TimeStampReq, DER; nothing in it when none is due."""

    number: int
    request: bytes


class KeepStamp(Message, frozen=True):
    """Have a TimeStampResp, DER, checked and kept as what was wanted."""

    number: int
    response: bytes


class DescribeCheckpoints(Message, frozen=True):
    """Ask how far checkpoints and their time-stamps have come."""


class CheckpointsDescribed(Message, frozen=True):
    """How far they have come."""

    checkpoints: int
    stamped_until: datetime | None  # the log as it was then is time-stamped
    late_since: datetime | None  # a time-stamp was due then, and there is none


class CheckpointsVerified(Message, frozen=True):
    """Every checkpoint holds. `gaps` are the times of more than a day for which no time-stamp speaks."""

    checkpoints: int
    time_stamps: int
    stamped_until: datetime | None  # time of the last time-stamp
    gaps: list[tuple[datetime, datetime]]


CALLS: Final = (
    Call(AskStamp, StampWanted),
    Call(KeepStamp, Done, limit=LONGEST_ANSWER + 1000),
    Call(DescribeCheckpoints, CheckpointsDescribed),
)
ERRORS: Final = (
    CheckpointNotWaiting,
    TimeStampWrong,
    NotGranted,
    TokenMalformed,
    TokenInvalid,
    ImprintDiffers,
    NonceDiffers,
    PolicyDiffers,
    UnitUntrusted,
    TimeDiffers,
)


class StampedLog(Protocol):
    """A log whose checkpoints are time-stamped: `storage.checkpoints.Checkpoints`."""

    def write_if_due(self, now: datetime) -> None:
        """Add a checkpoint when it is time for one."""
        ...

    def wanted(self) -> tuple[int, bytes] | None:
        """Return which checkpoint's time-stamp is due, and the request for it."""
        ...

    def keep(self, number: int, response: bytes, now: datetime) -> None:
        """Keep a response, once it is checked."""
        ...

    def state(self, now: datetime) -> tuple[int, datetime | None, datetime | None]:
        """Return how many checkpoints there are, until when the log is time-stamped, and since when one is late."""
        ...


def handlers(log: StampedLog, clock: Clock) -> Mapping[type[Message], Callable[[Any], Message]]:
    """Return what answers `CALLS`."""

    def ask(_request: AskStamp) -> StampWanted:
        log.write_if_due(clock.now())
        return StampWanted(*(log.wanted() or (0, b"")))

    def keep(request: KeepStamp) -> Done:
        log.keep(request.number, request.response, clock.now())
        return Done()

    def describe(_request: DescribeCheckpoints) -> CheckpointsDescribed:
        return CheckpointsDescribed(*log.state(clock.now()))

    return {AskStamp: ask, KeepStamp: keep, DescribeCheckpoints: describe}
