"""The messages of the `preflight` zone's socket."""

from __future__ import annotations

from channel.protocol import SMALL, Call, Message, Protocol
from core.errors import DomainError
from core.statements import IncrementVerdict


class DocumentRefused(DomainError):
    """A document that cannot be signed. `reason` is a code of `preflight.reasons`, which has the words for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class IncrementNotAllowed(DomainError):
    """An increment that adds, or may add, more than one signature field."""


class CheckDocument(Message, frozen=True):
    """Ask whether a file can be signed."""

    document: bytes


class DocumentReport(Message, frozen=True):
    """It can be signed; what is worth knowing before."""

    pages: int
    strict: bool  # false: read with tolerance, so it must be validated with the same
    earlier_signatures: int
    earlier_signatures_broken: int
    warnings: list[str]  # codes of `preflight.reasons`


class JudgeIncrement(Message, frozen=True):
    """Ask for the verdict on an increment: the file as the portal sent it, and the two parts around the signature."""

    original: bytes
    increment_before: bytes
    room: int  # bytes of the reserved /Contents value, '<' and '>' included
    increment_after: bytes


class Judged(Message, frozen=True):
    """The increment adds a signature field and nothing else a reader could see."""

    verdict: IncrementVerdict


PREFLIGHT = Protocol(
    "preflight",
    (
        Call(CheckDocument, DocumentReport, limit=60 * SMALL, seconds=30.0),
        Call(JudgeIncrement, Judged, limit=120 * SMALL, seconds=30.0),
    ),
    errors=(DocumentRefused, IncrementNotAllowed),
)
