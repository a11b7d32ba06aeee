"""What is asked to be signed, and how; and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from signer.levels import Level
from signer.validation_data import ValidationData
from stamp.appearance import Position


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a visible appearance stands: on which page (from 0, -1 the last), in which corner."""

    page: int
    position: Position


@dataclass(frozen=True, slots=True)
class DocumentOrder:
    """One document, and how it is to be signed."""

    content: bytes
    level: Level = Level.B
    certifies: bool = False
    shows_name: bool = False
    name: str | None = None  # the name to be shown, where the portal says it: the signatory's, or it is refused
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class ContentOrder:
    """Content that is signed as it is, by its digest; with the content itself where the signature carries it."""

    digest: bytes
    level: Level = Level.B
    carried: bytes | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed documents or signatures, in the order asked, and what they are validated with."""

    values: list[bytes]
    data: ValidationData
