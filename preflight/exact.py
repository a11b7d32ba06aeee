"""What the original says, read a second time by a parser of our own, wherever an increment says it anew.

An increment re-issues catalog, form, page and lists, and a trailer, as the first engine reads them. Should another
engine read the original otherwise, then the signed file shows it what the unsigned one did not: the other of two equal
keys, another cross-reference for the same number, a name whose bytes the first engine cannot keep, another `startxref`
(attacks H1, H7). So for all that is re-issued:

1. the file's last `startxref` is the one that was followed;
2. each object stands in one place: the newest section that mentions its number names it once, with its generation;
3. object and trailer, read with no liberty from their own bytes, are what the first engine says;
4. a list that is an object of its own has one role: the new member joins nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils.generic import DecryptedObjectProxy, Reference, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSectionData, XRefSectionType, parse_xref_table

from core.errors import Malformed
from preflight.protocol import DocumentRefused
from preflight.references import has_other_role, object_streams
from preflight.value_parser import ValueParser
from preflight.values import Ref, Stream, Value, equal, plain

_WHITE: Final = rb"[\x00\t\n\f\r ]"
_END_OF_FILE: Final = re.compile(rb"startxref" + _WHITE + rb"+(\d{1,12})" + _WHITE + rb"+%%EOF")
_HEADER: Final = re.compile(rb"(\d{1,10})" + _WHITE + rb"+(\d{1,5})" + _WHITE + rb"+obj")
_PAIR: Final = re.compile(_WHITE + rb"*(\d{1,10})" + _WHITE + rb"+(\d{1,10})(?=" + _WHITE + rb")")
_MAX_MEMBERS: Final = 100_000  # objects of one object stream
_SECTION_KEYS: Final = frozenset({"/Type", "/W", "/Index", "/Filter", "/Length", "/DecodeParms", "/XRefStm", "/DL"})


class ExactReader:
    """Reads objects of one document from their own bytes, and holds them against what the first engine says."""

    def __init__(self, data: bytes, reader: PdfFileReader) -> None:
        self._data = data
        self._reader = reader
        self._doubled: dict[int, frozenset[int]] = {}

    def check_end(self) -> None:
        """Check that the file has one end, and the trailer there says what the first engine says.

        Raises:
            DocumentRefused: other engines may begin elsewhere, or read the trailer otherwise.
        """
        end = _END_OF_FILE.match(self._data, max(self._data.rfind(b"startxref"), 0))
        if end is None or int(end[1]) != self._reader.last_startxref:
            raise _ambiguous("startxref")
        try:
            newest = self._newest_trailer()
            known = plain(self._reader.trailer.flatten())
        except Malformed as error:
            raise _ambiguous(f"trailer: {error.detail}") from error
        if not isinstance(newest, dict) or not isinstance(known, dict):
            raise _ambiguous("trailer")
        named = {key: value for key, value in newest.items() if key not in _SECTION_KEYS}
        if not equal(named, {key: known.get(key) for key in named}):
            raise _ambiguous("trailer")
        if "/Root" not in named or ("/Encrypt" in known) != ("/Encrypt" in named):
            raise _ambiguous("trailer of an earlier revision")

    def value(self, ref: Ref) -> Value:
        """Return an object.

        Raises:
            DocumentRefused: other engines may find or read another one.
        """
        told = self._reader.get_object(Reference(ref.number, ref.generation, self._reader))
        try:
            known, (own, strings_are_clear) = plain(told), self._own_value(ref)
        except Malformed as error:
            raise _ambiguous(f"object {ref.number}: {error.detail}") from error
        if not equal(*((known, own) if strings_are_clear else (_without_strings(known), _without_strings(own)))):
            raise _ambiguous(f"object {ref.number}")
        return known

    def members(self, ref: Ref, key: str) -> list[Value]:
        """Return the members of a list that is an object of its own and stands for `key` alone.

        Raises:
            DocumentRefused: as `value()`; it is no list, or also something else than `key`.
        """
        value = self.value(ref)
        if not isinstance(value, list):
            raise _ambiguous(f"{key} is no list")
        if has_other_role(self.parts(), ref.number, key.encode("ascii")):
            raise _ambiguous(f"the list of {key} is something else as well")
        return value

    def parts(self) -> Iterator[bytes]:
        """Give all bytes in which a reference may stand: the file, and each of its object streams."""
        yield self._data
        yield from object_streams(self._reader)

    def _own_value(self, ref: Ref) -> tuple[Value, bool]:
        """Return an object as its bytes say, and whether its strings are not encrypted there."""
        place = self._place(ref)
        if isinstance(place, ObjStreamRef):
            return self._member(ref, place), True
        parser = _Parser(self._data, place)
        value = parser.indirect_object(ref)
        parser.end_of_value()
        return value, not self._reader.encrypted

    def _place(self, ref: Ref) -> int | ObjStreamRef:
        xrefs = self._reader.xrefs
        for revision in reversed(range(xrefs.total_revisions)):
            data = xrefs.get_xref_data(revision)
            if not (found := _sections_with(data, ref.number)):
                continue
            if len(found) > 1 or ref.number in self._doubled_in(revision):
                raise Malformed("two cross-references")
            return _resolved(data, ref)
        raise Malformed("no cross-reference")

    def _doubled_in(self, revision: int) -> frozenset[int]:
        """Return the numbers that a cross-reference table names more than once; a stream cannot."""
        if revision not in self._doubled:
            section = self._reader.xrefs.get_xref_container_info(revision)
            is_stream = section.xref_section_type is XRefSectionType.STREAM
            self._doubled[revision] = frozenset() if is_stream else self._read_table(section.start_location)
        return self._doubled[revision]

    def _read_table(self, at: int) -> frozenset[int]:
        stream = self._reader.stream
        stream.seek(at)
        times = Counter(int(entry.idnum) for entry in parse_xref_table(stream, strict=self._reader.strict))
        return frozenset(number for number, count in times.items() if count > 1)

    def _member(self, ref: Ref, place: ObjStreamRef) -> Value:
        """Return an object of an object stream: the one with this number, at the index that was named."""
        container = Ref(place.obj_stream_id, 0)
        stream: Any = self._reader.get_object(Reference(container.number, 0, self._reader))
        stream = stream.decrypted if isinstance(stream, DecryptedObjectProxy) else stream
        if ref.generation or not isinstance(stream, StreamObject):
            raise Malformed("object stream")
        own = self._dictionary_of(container)
        count, first = own.get("/N"), own.get("/First")
        if type(count) is not int or type(first) is not int or not 0 <= count <= _MAX_MEMBERS:
            raise Malformed("object stream")
        data = bytes(stream.data)
        numbers = _pairs(data[:first], count)
        if [number for number, _ in numbers].count(ref.number) != 1 or not place.ix_in_stream < count:
            raise Malformed("object stream")
        number, offset = numbers[place.ix_in_stream]
        if number != ref.number:
            raise Malformed("object stream")
        return _Parser(data, first + offset).value()

    def _dictionary_of(self, ref: Ref) -> dict[str, Value]:
        place = self._place(ref)
        own = _Parser(self._data, place).indirect_object(ref) if isinstance(place, int) else None
        known = plain(self._reader.get_object(Reference(ref.number, ref.generation, self._reader)))
        if not isinstance(own, dict) or not isinstance(known, Stream):
            raise Malformed("object stream")
        if not equal(_without_strings(own), _without_strings(known.dictionary)):
            raise Malformed("object stream")
        return own

    def _newest_trailer(self) -> Value:
        section = self._reader.xrefs.get_xref_container_info(self._reader.xrefs.total_revisions - 1)
        stream = section.stream_ref
        if stream is not None and section.xref_section_type is XRefSectionType.STREAM:
            own = Ref(stream.idnum, stream.generation)
            return _Parser(self._data, section.start_location).indirect_object(own)
        return _Parser(self._data, section.end_location).value()


class _Parser(ValueParser):
    """Reads what anybody may write: any white space, comments, nested parentheses."""

    space = re.compile(rb"(?:" + _WHITE + rb"|%[^\r\n]{0,1000}[\r\n])*+")
    reference = re.compile(rb"(\d{1,10})" + _WHITE + rb"++(\d{1,5})" + _WHITE + rb"++R(?![^\x00\t\n\f\r /\[\]<>()%])")
    hexadecimal = re.compile(rb"<([0-9A-Fa-f\x00\t\n\f\r ]*+)>")

    def value(self) -> Value:
        self._space()
        return self._value(0)

    def indirect_object(self, ref: Ref) -> Value:
        self._space()
        header = self._take(_HEADER)
        if (int(header[1]), int(header[2])) != ref:
            raise Malformed("another object stands there")
        return self.value()

    def end_of_value(self) -> None:
        self._space()
        if self._data.startswith(b"stream", self._at):
            raise Malformed("a stream")

    def _check_repeated(self, first: Value, second: Value) -> None:
        if not equal(first, second):
            super()._check_repeated(first, second)

    def _literal(self) -> bytes:
        """Read a string in parentheses (ISO 32000-2 §7.3.4.2)."""
        start, depth = self._at, 0
        while True:
            found = self._take(_PIECE)
            depth += {b"(": 1, b")": -1}.get(found[0], 0)
            if not depth:
                return _LITERAL_ESCAPE.sub(_unescape, self._data[start + 1 : self._at - 1])


_PIECE: Final = re.compile(rb"[()]|[^\\()]++|\\(?s:.)")
_LITERAL_ESCAPE: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(?s:(.)))")
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _unescape(found: re.Match[bytes]) -> bytes:
    octal, line_end, other = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    return b"" if line_end is not None else _ESCAPED.get(other, other)


def _resolved(data: XRefSectionData, ref: Ref) -> int | ObjStreamRef:
    try:
        place = data.try_resolve(Reference(ref.number, ref.generation))
    except KeyError:
        raise Malformed("another generation") from None
    if place is None:
        raise Malformed("free")
    return place


def _sections_with(data: XRefSectionData, number: int) -> list[object]:
    """Return the parts of a section that say where an object is; a table's free entry says it only where nothing else does."""
    parts: list[Any] = [data.standard_xrefs, data.xrefs_in_objstm]
    found = [part for part in parts if number in part]
    if found or number in data.freed:
        if data.hybrid is not None and not found:
            return _sections_with(data.hybrid.xref_data, number) or [data.freed]
        return [*found, *([data.freed] if number in data.freed else [])]
    return [] if data.hybrid is None else _sections_with(data.hybrid.xref_data, number)


def _pairs(head: bytes, count: int) -> list[tuple[int, int]]:
    pairs, at = [], 0
    for _ in range(count):
        found = _PAIR.match(head + b" ", at)
        if found is None:
            raise Malformed("object stream")
        pairs.append((int(found[1]), int(found[2])))
        at = found.end()
    return pairs


def _without_strings(value: Value) -> Value:
    if isinstance(value, bytes):
        return b""
    if isinstance(value, list):
        return [_without_strings(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_strings(each) for key, each in value.items()}
    return value


def _ambiguous(detail: str) -> DocumentRefused:
    return DocumentRefused("damaged", f"engines may read it differently: {detail}")
