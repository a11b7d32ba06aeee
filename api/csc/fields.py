"""Members of a JSON request, read the CSC way: null is absent, unknown members are ignored, a bool is no number."""

from __future__ import annotations

from typing import Any, Final

from api.refusals import InvalidParameter, MissingParameter
from core.strict_json import Json

_LONGEST: Final = 1000  # characters of an ordinary text member


class Fields:
    """The members of one object."""

    def __init__(self, members: Json) -> None:
        self._members = members

    def get(self, name: str) -> Any:
        """Return a member as it is; None when absent or null."""
        return self._members.get(name)

    def text(self, name: str) -> str:
        """Return a text member.

        Raises:
            MissingParameter: absent, or not text.
            InvalidParameter: empty, or longer than any such value.
        """
        value = self._members.get(name)
        if not isinstance(value, str):
            raise MissingParameter(name)
        if not 0 < len(value) <= _LONGEST:
            raise InvalidParameter(name)
        return value

    def text_if_any(self, name: str) -> str | None:
        """Return a text member, None when absent.

        Raises:
            MissingParameter: there, but not text.
            InvalidParameter: empty, or longer than any such value.
        """
        return None if self._members.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a boolean member, false when absent.

        Raises:
            InvalidParameter: not a boolean.
        """
        value = self._members.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise InvalidParameter(name)
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """Return a text member out of a fixed list, whose first entry stands for absent.

        Raises:
            InvalidParameter: anything else.
        """
        value = self._members.get(name)
        if value is None:
            return allowed[0]
        if value not in allowed:
            raise InvalidParameter(name)
        return str(value)

    def number_if_any(self, name: str) -> int | None:
        """Return an integer member, None when absent.

        Raises:
            InvalidParameter: not an integer; true and 1.0 are none.
        """
        value = self._members.get(name)
        if value is not None and type(value) is not int:
            raise InvalidParameter(name)
        return value
