"""The document engine of the service's use cases: prepare, embed, and what comes behind a signature."""

from __future__ import annotations

from core.clock import Clock
from signer.pades.embed import embed, room_of
from signer.pades.ltv import add_validation_data
from signer.pades.options import TIME_STAMP_ROOM, SignatureOptions, Wishes
from signer.pades.prepare import PreparedIncrement, prepare, prepare_time_stamp
from signer.validation_data import ValidationData


class PadesEngine:
    """Writes increments. The clock gives the claimed time of signatures."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def prepare(self, document: bytes, wishes: Wishes, *, strict: bool) -> PreparedIncrement:
        """Return the increment that gives a document a signature field.

        Raises:
            CannotPrepare: the document cannot be given one.
            NoPlace: the page has no room for an appearance.
        """
        options = SignatureOptions(
            self._clock.now(), name=wishes.name, appearance=wishes.appearance, certifies=wishes.certifies
        )
        return prepare(document, options, strict=strict)

    def embed(self, document: bytes, before: bytes, after: bytes, cms: bytes) -> bytes:
        """Return the document with its increment and the CMS in the room.

        Raises:
            Malformed: the increment does not say where its room is.
            RoomTooSmall: the CMS does not fit.
        """
        return embed(document, before, room_of(after), after, cms)

    def add_validation_data(self, document: bytes, data: ValidationData, *, strict: bool) -> bytes:
        """Return the document with these data in its security store.

        Raises:
            CannotPrepare: the document cannot be read.
        """
        return add_validation_data(document, data, strict=strict)

    def prepare_time_stamp(self, document: bytes, *, strict: bool) -> PreparedIncrement:
        """Return the increment that gives a document a document time-stamp.

        Raises:
            CannotPrepare: the document cannot be read.
        """
        return prepare_time_stamp(document, TIME_STAMP_ROOM, strict=strict)
