"""How a signature field is to be written. Whatever a caller may choose is bounded here, and judged again by `preflight`."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.cms import CmsTemplate
from signer.pades.errors import OptionNotAllowed
from stamp.appearance import Position

_MAX_TEXT: Final = 200  # characters
_DEFAULT_ROOM: Final = 2 * 12_000 + 2  # a CMS of 12 kB in hexadecimal, and the two angle brackets
TIME_STAMP_ROOM: Final = 2 * 8_000 + 2  # a token with a chain of two RSA-4096 certificates takes half of it


@dataclass(frozen=True, slots=True)
class Appearance:
    """A visible appearance: on which page (from 0, -1 the last), in which corner, with whose name."""

    signatory: str
    page: int = -1
    position: Position = Position.BOTTOM_RIGHT


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a portal may choose of a signature field: nothing of it says more than who signs.

    `certifies`: later changes are closed but for forms and further signatures (DocMDP, ISO 32000-2 §12.8.2.2).
    """

    certifies: bool = False
    name: str | None = None
    appearance: Appearance | None = None


@dataclass(frozen=True, slots=True)
class SignatureOptions:
    """What goes into the signature dictionary beside the signature. `room` counts bytes of /Contents, '<' and '>' too."""

    signing_time: datetime
    room: int = _DEFAULT_ROOM
    reason: str | None = None
    location: str | None = None
    name: str | None = None
    contact: str | None = None
    appearance: Appearance | None = None
    certifies: bool = False

    def __post_init__(self) -> None:
        if self.signing_time.tzinfo is None:
            raise OptionNotAllowed("signing time without a zone")
        if self.room < 4 or self.room % 2:
            raise OptionNotAllowed("the room is an even number of bytes")
        for text in (self.reason, self.location, self.name, self.contact):
            _check_text(text)

    @property
    def claimed_time(self) -> datetime:
        """The signing time in UTC, to the second, as /M has it."""
        return self.signing_time.astimezone(UTC).replace(microsecond=0)


def room_for(template: CmsTemplate, signature_length: int) -> int:
    """Return the room that a CMS of this template fills, with a little more for a longer signature encoding."""
    return 2 * (template.size(signature_length) + 16) + 2


def _check_text(text: str | None) -> None:
    """Refuse control, bidirectional and other invisible characters (attack H12)."""
    if text is None:
        return
    if not text.strip() or len(text) > _MAX_TEXT:
        raise OptionNotAllowed(f"text of 1 to {_MAX_TEXT} characters")
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise OptionNotAllowed("text with an invisible character")
