"""The fingerprint that SMS and page show: eight consonants, keyed, drawn after the content is fixed.

20⁸ ≈ 2³⁴·⁶: short enough to compare, and since it is a MAC over bytes that hold the SAM's own nonce, nobody can search
documents for a match beforehand; each try costs an opened transaction (attacks §3.4, P12). No digit in it can be taken
for the code, no vowel spells a word.
"""

from __future__ import annotations

from typing import Final

from core.canonical import encode
from hsm.ports import MacKey

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_COUNT: Final = 8


def fingerprint(key: MacKey, binding: bytes) -> str:
    """Return the fingerprint of a transaction's canonical bytes, such as "BKRT MPLD"."""
    number = int.from_bytes(key.mac(encode("paraph fingerprint v1", {"binding": binding})), "big")
    letters = ""
    for _ in range(_COUNT):
        number, index = divmod(number, len(LETTERS))
        letters += LETTERS[index]
    return f"{letters[:4]} {letters[4:]}"
