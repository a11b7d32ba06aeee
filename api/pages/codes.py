"""What a person types for a code: eight digits, with whatever spaces and hyphens help reading them (pages.md rule 2)."""

from __future__ import annotations

import re
from typing import Final

from core.errors import DomainError

DIGITS: Final = 8
_SEPARATORS: Final = re.compile(r"[\s\u00a0\-\u2010-\u2015.]+")


class CodeMissing(DomainError):
    """The field is empty."""


class CodeLength(DomainError):
    """Not eight digits. `typed` is how many there are."""

    def __init__(self, typed: int) -> None:
        super().__init__(f"{typed} digits")
        self.typed = typed


def read_code(typed: str) -> str:
    """Return the eight ASCII digits that were typed.

    Raises:
        CodeMissing, CodeLength: nothing that could be a code; the SAM is not asked.
    """
    code = _SEPARATORS.sub("", typed)
    if not code:
        raise CodeMissing
    digits = sum(char in "0123456789" for char in code)
    if digits != len(code) or digits != DIGITS:  # other scripts' digits are no digits here (attack G5)
        raise CodeLength(digits)
    return code
