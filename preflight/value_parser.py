"""Reading PDF values from bytes, with no liberty: what is not exactly one of the known forms is refused.

Two sources are read with it: an increment (`preflight.syntax`), of which only what a well-behaved writer writes is
known, and the objects of an original that an increment writes anew (`preflight.exact`), with the white space and
strings that anybody may write. Names are their bytes, one character for each: `/Im#E9` and `/Im#C3#A9` are two names.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from core.errors import Malformed
from preflight.values import Name, Ref, Value

_MAX_DEPTH: Final = 32
_END: Final = rb"(?![^\x00\t\n\f\r /\[\]<>()%])"  # a number or word ends here: white space, a delimiter or a comment
_REAL: Final = re.compile(rb"[+-]?(?:\d{1,20}\.\d{0,20}|\.\d{1,20})" + _END)
_INTEGER: Final = re.compile(rb"[+-]?\d{1,15}" + _END)
_NAME: Final = re.compile(rb"/((?:[^\x00-\x20\x7f-\xff#/%()<>\[\]{}]|#(?!00)[0-9A-Fa-f]{2}){1,127})")
_NAME_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_WORD: Final = re.compile(rb"(true|false|null)" + _END)
_WORDS: Final[dict[bytes, bool | None]] = {b"true": True, b"false": False, b"null": None}


class ValueParser:
    """Reads values from `data`, beginning at `at`. What white space and strings may be, a subclass says."""

    space: re.Pattern[bytes]
    reference: re.Pattern[bytes]  # number, generation
    hexadecimal: re.Pattern[bytes]  # the digits

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    def _literal(self) -> bytes:
        """Read a string in parentheses."""
        raise NotImplementedError

    def _value(self, depth: int) -> Value:
        if depth > _MAX_DEPTH:
            raise Malformed("nested too deep")
        if self._data.startswith(b"<<", self._at):
            return self._dictionary(depth)
        if self._data.startswith(b"[", self._at):
            return self._array(depth)
        return self._scalar()

    def _dictionary(self, depth: int) -> dict[str, Value]:
        self._at += 2
        entries: dict[str, Value] = {}
        while not self._closed(b">>"):
            key = self._name()
            self._space()
            value = self._value(depth + 1)
            if key in entries:
                self._check_repeated(entries[key], value)
            entries[key] = value
        return entries

    def _check_repeated(self, _first: Value, _second: Value) -> None:
        """Refuse a key that stands twice in a dictionary: engines differ about which counts."""
        raise Malformed("key twice")

    def _array(self, depth: int) -> list[Value]:
        self._at += 1
        items: list[Value] = []
        while not self._closed(b"]"):
            items.append(self._value(depth + 1))
        return items

    def _closed(self, mark: bytes) -> bool:
        self._space()
        if not self._data.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _scalar(self) -> Value:
        match self._data[self._at : self._at + 1]:
            case b"/":
                return self._name()
            case b"<":
                digits = self._take(self.hexadecimal)[1].translate(None, delete=b"\x00\t\n\f\r ")
                return bytes.fromhex(_even(digits).decode("ascii"))
            case b"(":
                return self._literal()
            case b"t" | b"f" | b"n":
                return _WORDS[self._take(_WORD)[1]]
        return self._number()

    def _number(self) -> Value:
        if (ref := self.reference.match(self._data, self._at)) is not None:
            self._at = ref.end()
            return Ref(int(ref[1]), int(ref[2]))
        if (real := _REAL.match(self._data, self._at)) is not None:
            self._at = real.end()
            return Decimal(real[0].decode("ascii"))
        return int(self._take(_INTEGER)[0])

    def _name(self) -> Name:
        encoded = self._take(_NAME)[1]
        raw = _NAME_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), encoded)
        return Name("/" + raw.decode("latin-1"))

    def _take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        found = pattern.match(self._data, self._at)
        if found is None:
            raise Malformed(f"unexpected bytes at {self._at}")
        self._at = found.end()
        return found

    def _expect(self, mark: bytes) -> None:
        if not self._data.startswith(mark, self._at):
            raise Malformed(f"{mark!r} expected at {self._at}")
        self._at += len(mark)

    def _space(self) -> None:
        self._take(self.space)


def _even(digits: bytes) -> bytes:
    return digits + b"0" if len(digits) % 2 else digits
