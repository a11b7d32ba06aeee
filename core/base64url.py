"""Base64 as clients send it: either alphabet, padded or not, but each value in one form only."""

from __future__ import annotations

import base64
import binascii

from core.errors import Malformed

_TO_STANDARD = str.maketrans("-_", "+/")


def decode_any(text: str) -> bytes:
    """Return the bytes of base64 text of either alphabet, with or without padding (CSC API: real clients mix them).

    Raises:
        Malformed: other characters, a wrong length, or bits set that encode nothing (attack T9).
    """
    body = text.rstrip("=").translate(_TO_STANDARD)
    try:
        value = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"base64: {error}") from error
    if base64.b64encode(value).decode().rstrip("=") != body:
        raise Malformed("base64: not canonical")
    return value


def encode(data: bytes) -> str:
    """Return unpadded base64url (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes of unpadded base64url text, in its one canonical form.

    Raises:
        Malformed: anything else.
    """
    if not text.isascii() or set(text) & set("+/="):
        raise Malformed("base64url: not canonical")
    return decode_any(text)
