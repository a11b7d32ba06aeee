"""The levels of a PAdES baseline signature, as the API spells them. Source: EN 319 142-1 §6."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """What a signature has with it."""

    B = "AdES-B-B"  # the signature
    T = "AdES-B-T"  # a time-stamp on it
    LT = "AdES-B-LT"  # revocation data of everybody involved
    LTA = "AdES-B-LTA"  # a time-stamp on all that
