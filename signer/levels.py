"""The levels of a signature, as CSC API v2 spells them. Source: EN 319 142-1 §6, EN 319 122-1 §6."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """What a signature has with it. The value is the word of the API; each level has all that those before it have."""

    B = "AdES-B-B"  # the signature
    T = "AdES-B-T"  # a time-stamp on it
    LT = "AdES-B-LT"  # certificates and revocation data to validate it with
    LTA = "AdES-B-LTA"  # a time-stamp on all that

    @property
    def is_stamped(self) -> bool:
        """Whether it has a signature time-stamp."""
        return self is not Level.B

    @property
    def is_long_term(self) -> bool:
        """Whether it has validation data."""
        return self in {Level.LT, Level.LTA}

    @property
    def is_archived(self) -> bool:
        """Whether it has a document time-stamp."""
        return self is Level.LTA
