"""Whether bytes are one value in DER: the one encoding, not one of the many of BER (attack H14).

Parsers that accept BER see the same value in different bytes, and different parsers different values in the same bytes.
Source: X.690 §8, §10.
"""

from __future__ import annotations

from typing import Final

from portal.verification.failures import CmsMalformed

_DEEPEST: Final = 32
_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _SEQUENCE, _SET = 1, 2, 3, 4, 16, 17


def check_der(content: bytes) -> None:
    """Check that `content` is exactly one value in DER.

    Raises:
        CmsMalformed: it is not.
    """
    if _check_value(content, 0, len(content), 0) != len(content):
        raise CmsMalformed("bytes after the value")


def encoded_length(content: bytes) -> int:
    """Return how many bytes the first value in `content` takes, header included.

    Raises:
        CmsMalformed: it does not fit.
    """
    start, length = _header(content, 0, len(content))
    return start + length


def members(value: bytes) -> list[bytes]:
    """Return the members of a constructed value, each with its header.

    Raises:
        CmsMalformed: they do not fit.
    """
    at, length = _header(value, 0, len(value))
    stop, found = at + length, []
    while at < stop:
        size = encoded_length(value[at:stop])
        found.append(value[at : at + size])
        at += size
    return found


def _check_value(content: bytes, at: int, end: int, depth: int) -> int:
    """Check the value at `at`, and return where it ends."""
    if depth > _DEEPEST:
        raise CmsMalformed("nested too deeply")
    start, length = _header(content, at, end)
    stop = start + length
    tag = content[at]
    universal, constructed, number = tag & 0xC0 == 0, bool(tag & 0x20), tag & 0x1F
    if universal:
        _check_universal(content[start:stop], number, constructed=constructed)
    if constructed:
        inner, previous = start, b""
        while inner < stop:
            after = _check_value(content, inner, stop, depth + 1)
            if universal and number == _SET:
                if content[inner:after] < previous:
                    raise CmsMalformed("SET OF out of order")
                previous = content[inner:after]
            inner = after
    return stop


def _header(content: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the contents of the value at `at` begin, and how long they are."""
    if at + 2 > end or content[at] & 0x1F == 0x1F:  # no structure of ours has tags above 30
        raise CmsMalformed("tag")
    first, start = content[at + 1], at + 2
    if first < 0x80:
        length = first
    else:
        count = first & 0x7F
        if not 1 <= count <= 4 or start + count > end:
            raise CmsMalformed("length")
        length = int.from_bytes(content[start : start + count])
        if length < 0x80 or length < 1 << (8 * (count - 1)):
            raise CmsMalformed("length not minimal")
        start += count
    if start + length > end:
        raise CmsMalformed("length past the end")
    return start, length


def _check_universal(value: bytes, number: int, *, constructed: bool) -> None:
    if constructed != (number in {_SEQUENCE, _SET}):
        raise CmsMalformed("constructed where primitive belongs, or the reverse")
    if number == 0:
        raise CmsMalformed("end of contents")
    if number == _BOOLEAN and value not in {b"\x00", b"\xff"}:
        raise CmsMalformed("BOOLEAN")
    if number == _INTEGER and (
        not value or (len(value) > 1 and (value[0] in {0, 0xFF}) and _sign(value[0]) == _sign(value[1]))
    ):
        raise CmsMalformed("INTEGER not minimal")
    if number == _BIT_STRING and (not value or value[0] > 7 or (len(value) > 1 and value[-1] & ((1 << value[0]) - 1))):
        raise CmsMalformed("BIT STRING")


def _sign(octet: int) -> int:
    return octet >> 7
