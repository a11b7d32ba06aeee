"""A value that must not be seen: it prints, formats and pickles as asterisks."""

from __future__ import annotations

import hmac
from typing import Final


class Secret:
    """Holds secret bytes. Only `reveal()` gives them, and the word is easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value: Final = value

    def reveal(self) -> bytes:
        """Return the bytes."""
        return self._value

    def matches(self, other: bytes) -> bool:
        """Return whether `other` is the same value, in time that does not depend on where they differ."""
        return hmac.compare_digest(self._value, other)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        raise TypeError("secrets are compared with matches()")

    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose: a secret is no dictionary key

    def __reduce__(self) -> tuple[type[Secret], tuple[bytes]]:
        return (Secret, (b"***",))
