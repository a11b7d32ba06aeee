"""DER from parts: the few encodings that messages filled in thousands of times a second are put together from.

Whole structures are read and written with `cryptography.hazmat.asn1`; this is for pre-encoded parts, and for
ENUMERATED, which that does not know.
"""

from __future__ import annotations

from typing import Final

INTEGER: Final = b"\x02"
BIT_STRING: Final = b"\x03"
OCTET_STRING: Final = b"\x04"
OBJECT_IDENTIFIER: Final = b"\x06"
ENUMERATED: Final = b"\x0a"
SEQUENCE: Final = b"\x30"
SET: Final = b"\x31"
NULL: Final = b"\x05\x00"


def explicit(number: int, *contents: bytes) -> bytes:
    """Return contents under the tag [number] EXPLICIT."""
    return tlv((0xA0 | number).to_bytes(1, "big"), *contents)


def tlv(tag: bytes, *contents: bytes) -> bytes:
    """Return a TLV with definite length."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return tag + length.to_bytes(1, "big") + content
    size = (length.bit_length() + 7) // 8
    return tag + (0x80 | size).to_bytes(1, "big") + length.to_bytes(size, "big") + content


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc >> shift & 0x7F for shift in range(0, max(arc.bit_length(), 1), 7)]
        content += bytes([group | 0x80 for group in groups[:0:-1]] + groups[:1])
    return tlv(OBJECT_IDENTIFIER, bytes(content))
