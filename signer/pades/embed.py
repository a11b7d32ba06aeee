"""The CMS in its room: the last step of a signature."""

from __future__ import annotations

import re
from typing import Final

from core.errors import Malformed
from signer.pades.errors import RoomTooSmall

_BYTE_RANGE: Final = re.compile(rb"/ByteRange \[0 (\d{1,12}) (\d{1,12}) (\d{1,12})\]")


def room_of(after: bytes) -> int:
    """Return the length of the room that an increment's own /ByteRange says, '<' and '>' included.

    Raises:
        Malformed: the part after the room has not exactly one /ByteRange.
    """
    ranges = _BYTE_RANGE.findall(after)
    if len(ranges) != 1:
        raise Malformed(f"{len(ranges)} byte ranges")
    start, end, _length = (int(number) for number in ranges[0])
    return end - start


def embed(original: bytes, before: bytes, room: int, after: bytes, cms: bytes) -> bytes:
    """Return the signed file: the original, then the increment with the CMS in hexadecimal, filled up with zeros.

    Raises:
        RoomTooSmall: the CMS does not fit.
    """
    digits = room - 2
    if 2 * len(cms) > digits:
        raise RoomTooSmall(f"{2 * len(cms)} digits for {digits}")
    return b"".join((original, before, b"<", cms.hex().encode("ascii").ljust(digits, b"0"), b">", after))
