"""What the `preflight` zone's process answers."""

from __future__ import annotations

from collections.abc import Callable

from channel.protocol import Health, Message
from channel.server import Server, health
from core.errors import DomainError, Unavailable
from preflight.check import check_document
from preflight.grammar import Claims
from preflight.increment import judge
from preflight.limits import deadline
from preflight.protocol import (
    PREFLIGHT,
    CheckDocument,
    DocumentRefused,
    DocumentReport,
    Judged,
    JudgeIncrement,
)
from preflight.sample import sample
from preflight.verdict import VerdictKey


class Inspection:
    """The zone's calls. `seconds` is the time for one document; `max_bytes` the size of the largest."""

    def __init__(self, key: VerdictKey, seconds: float, max_bytes: int) -> None:
        self._key = key
        self._seconds = seconds
        self._max_bytes = max_bytes

    def check_document(self, request: CheckDocument) -> DocumentReport:
        """Return the report on a document.

        Raises:
            DocumentRefused: it cannot be signed.
        """
        self._check_size(request.document)
        with deadline(self._seconds):
            return check_document(request.document)

    def judge_increment(self, request: JudgeIncrement) -> Judged:
        """Return the signed verdict on an increment.

        Raises:
            DocumentRefused: the original cannot be signed.
            IncrementNotAllowed: the increment adds something else than a signature field.
        """
        claims = self._judge(request)
        return Judged(self._key.sign(request.original, request.increment_before, request.increment_after, claims))

    def prove(self) -> None:
        """Judge the built-in sample, and refuse it once a byte that counts is changed.

        Raises:
            Unavailable: the zone cannot judge.
        """
        good = sample()
        try:
            self._judge(JudgeIncrement(good.original, good.before, good.room, good.after))
        except DomainError as error:
            raise Unavailable(f"the sample is refused: {error.detail}") from error
        bad = good.after.replace(b"/Size 7", b"/Size 6")
        try:
            self._judge(JudgeIncrement(good.original, good.before, good.room, bad))
        except DomainError:
            return
        raise Unavailable("a false sample is accepted")

    def _judge(self, request: JudgeIncrement) -> Claims:
        self._check_size(request.original)
        with deadline(self._seconds):
            return judge(request.original, request.increment_before, request.room, request.increment_after)

    def _check_size(self, document: bytes) -> None:
        if len(document) > self._max_bytes:
            raise DocumentRefused("too-large", f"{len(document)} bytes")


def serve(inspection: Inspection, peers: frozenset[int]) -> Server:
    """Return the application of the zone's socket."""
    handlers: dict[type[Message], Callable[..., Message]] = {
        CheckDocument: inspection.check_document,
        JudgeIncrement: inspection.judge_increment,
        Health: health(inspection.prove),
    }
    return Server(PREFLIGHT, handlers, peers)
