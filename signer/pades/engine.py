"""The document engine of the service's use cases: prepare, then embed, with the settings of an installation."""

from __future__ import annotations

from collections.abc import Callable

from core.algorithms import SignatureAlgorithm
from core.clock import Clock
from signer.pades.embed import embed, room_of
from signer.pades.options import SignatureOptions
from signer.pades.prepare import PreparedIncrement, prepare


class PadesEngine:
    """Writes invisible signature fields, or what `options` (given the clock's time) says."""

    def __init__(self, clock: Clock, options: Callable[[Clock], SignatureOptions] | None = None) -> None:
        self._clock = clock
        self._options = options or _invisible

    def prepare(self, document: bytes, algorithm: SignatureAlgorithm, *, strict: bool) -> PreparedIncrement:  # noqa: ARG002  # part of the port: other engines size the room by it
        """Return the increment that gives a document a signature field.

        Raises:
            CannotPrepare: the document cannot be given one.
        """
        return prepare(document, self._options(self._clock), strict=strict)

    def embed(self, document: bytes, before: bytes, after: bytes, cms: bytes) -> bytes:
        """Return the document with its increment and the CMS in the room.

        Raises:
            Malformed: the increment does not say where its room is.
            RoomTooSmall: the CMS does not fit.
        """
        return embed(document, before, room_of(after), after, cms)


def _invisible(clock: Clock) -> SignatureOptions:
    return SignatureOptions(clock.now())
