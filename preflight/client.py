"""What other zones hold of `preflight`."""

from __future__ import annotations

from channel.client import Channel
from channel.protocol import M, Message
from core.errors import Unavailable
from core.statements import IncrementVerdict
from preflight.protocol import CheckDocument, DocumentRefused, DocumentReport, Judged, JudgeIncrement


class PreflightClient:
    """Calls the `preflight` zone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def check(self, document: bytes) -> DocumentReport:
        """Return what is worth knowing of a document.

        Raises:
            DocumentRefused: it cannot be signed; `reason` is a code of `preflight.reasons`.
            Unavailable: the zone does not answer, whatever the document.
        """
        return self._ask(CheckDocument(document), DocumentReport)

    def judge(self, original: bytes, before: bytes, room: int, after: bytes) -> IncrementVerdict:
        """Return the signed verdict on an increment.

        Raises:
            DocumentRefused: the original cannot be signed.
            IncrementNotAllowed: it adds more than a signature field.
            Unavailable: the zone does not answer, whatever the document.
        """
        return self._ask(JudgeIncrement(original, before, room, after), Judged).verdict

    def prove(self) -> None:
        """Have the zone prove that it can judge.

        Raises:
            Unavailable: it cannot.
        """
        self._channel.check()

    def _ask(self, request: Message, reply: type[M]) -> M:
        """Call; when the answer does not come although the zone works, the document ended the worker."""
        try:
            return self._channel.call(request, reply)
        except Unavailable as error:
            self.prove()
            raise DocumentRefused("too-heavy", f"the worker ended: {error.detail}") from error
