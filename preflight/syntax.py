"""A strict parser for one increment: objects, a cross-reference section, a trailer, and not one byte beside them.

It knows only what a well-behaved writer writes. No comment, no object stream, no second %%EOF, no repair: what it does
not know it refuses (attack W1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import Malformed
from preflight.value_parser import ValueParser
from preflight.values import Name, Ref, Stream, Value

_MAX_OBJECTS: Final = 64
_HEADER: Final = re.compile(rb"(\d{1,10}) (\d{1,5}) obj\n")
_LITERAL: Final = re.compile(rb"\(((?:[^\\()]|\\[0-7]{3}|\\[nrtbf()\\])*)\)")
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|[nrtbf()\\])")
_XREF_PART: Final = re.compile(rb"(\d{1,10}) (\d{1,4})\n")
_XREF_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf]) \n")
_END: Final = re.compile(rb"\n?startxref\n(\d{1,12})\n%%EOF\n")
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class ParsedIncrement:
    """What an increment consists of. Offsets count from the start of the increment."""

    objects: dict[Ref, Value]
    offsets: dict[Ref, int]
    xref_at: int  # where the cross-reference section begins
    startxref: int  # where the file says it begins, in the whole file
    table: dict[int, tuple[int, int, bool]] | None  # number → (offset in the file, generation, in use)
    trailer: dict[str, Value]  # of the table, or of the cross-reference stream


def parse_increment(data: bytes) -> ParsedIncrement:
    """Return the parts of an increment whose every byte is accounted for.

    Raises:
        Malformed: anything that is not one of the known parts.
    """
    return _Parser(data).increment()


class _Parser(ValueParser):
    space = re.compile(rb"[ \n\r\t]{0,64}")
    reference = re.compile(rb"(\d{1,10}) (\d{1,5}) R(?![^ \n\r\t/\[\]<>()])")
    hexadecimal = re.compile(rb"<([0-9A-Fa-f]*)>")

    def increment(self) -> ParsedIncrement:
        self._space()
        objects: dict[Ref, Value] = {}
        offsets: dict[Ref, int] = {}
        while (header := _HEADER.match(self._data, self._at)) is not None:
            ref, start = Ref(int(header[1]), int(header[2])), self._at
            if ref in objects or len(objects) >= _MAX_OBJECTS:
                raise Malformed("object twice, or too many objects")
            self._at = header.end()
            objects[ref], offsets[ref] = self._object(), start
        if self._data.startswith(b"xref\n", self._at):
            return self._with_table(objects, offsets)
        return self._with_stream(objects, offsets)

    def _with_table(self, objects: dict[Ref, Value], offsets: dict[Ref, int]) -> ParsedIncrement:
        start = self._at
        self._at += len(b"xref\n")
        table = self._table()
        self._expect(b"trailer\n")
        trailer = self._value(0)
        if not isinstance(trailer, dict):
            raise Malformed("trailer")
        return ParsedIncrement(objects, offsets, start, self._end(), table, trailer)

    def _with_stream(self, objects: dict[Ref, Value], offsets: dict[Ref, int]) -> ParsedIncrement:
        if not objects:
            raise Malformed("no cross-reference section")
        last = max(offsets, key=lambda ref: offsets[ref])
        section = objects[last]
        if not isinstance(section, Stream) or section.dictionary.get("/Type") != Name("/XRef"):
            raise Malformed("the last object is no cross-reference stream")
        return ParsedIncrement(objects, offsets, offsets[last], self._end(), None, section.dictionary)

    def _end(self) -> int:
        end = _END.match(self._data, self._at)
        if end is None or end.end() != len(self._data):
            raise Malformed("something else than startxref and %%EOF at the end")
        return int(end[1])

    def _table(self) -> dict[int, tuple[int, int, bool]]:
        table: dict[int, tuple[int, int, bool]] = {}
        while (part := _XREF_PART.match(self._data, self._at)) is not None:
            self._at = part.end()
            for number in range(int(part[1]), int(part[1]) + int(part[2])):
                entry = _XREF_ENTRY.match(self._data, self._at)
                if entry is None or number in table:
                    raise Malformed("cross-reference entry")
                self._at = entry.end()
                table[number] = (int(entry[1]), int(entry[2]), entry[3] == b"n")
        return table

    def _object(self) -> Value:
        value = self._value(0)
        if isinstance(value, dict) and self._data.startswith(b"\nstream\n", self._at):
            value = self._stream(value)
        self._expect(b"\nendobj\n")
        return value

    def _stream(self, dictionary: dict[str, Value]) -> Stream:
        length = dictionary.get("/Length")
        if type(length) is not int or length < 0:
            raise Malformed("stream length")
        start = self._at + len(b"\nstream\n")
        self._at = start + length
        self._expect(b"\nendstream")
        return Stream(dictionary, self._data[start : start + length])

    def _literal(self) -> bytes:
        return _ESCAPE.sub(_unescape, self._take(_LITERAL)[1])


def _unescape(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    if len(escaped) == 3:
        return bytes([int(escaped, 8) & 0xFF])
    return _ESCAPED.get(escaped, escaped)
