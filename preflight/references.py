"""Who refers to an object: found in the bytes of a file and of its object streams, without following anything.

Two things an increment changes reach further than they seem. A new object takes a number that nothing had; an author
may have referred to that number before, so that layers, say, change their state once something is there. And a list
that gets one more member may be a list in a second role: of a page's contents, of a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pyhanko.pdf_utils.generic import Reference, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader

_WHITE: Final = b"\x00\t\n\x0c\r "
_END: Final = re.compile(
    rb"R(?![^\x00\t\n\f\r /\[\]<>()%])"
)  # begins with a plain byte, so that looking for it is fast
_USUAL: Final = re.compile(rb"(\d{1,10})[\x00\t\n\f\r ]++\d{1,10}[\x00\t\n\f\r ]++\Z")
_DIGITS: Final = re.compile(rb"\d{1,10}\Z")
_NEAR: Final = 28  # bytes before an R, of a usual reference
_KEY: Final = 64  # bytes before a reference, of its key
_LONGEST_COMMENT: Final = 66_000  # bytes


def object_streams(reader: PdfFileReader) -> Iterator[bytes]:
    """Give the content of every object stream that any cross-reference section names."""
    xrefs = reader.xrefs
    numbers: set[int] = set()
    for revision in range(xrefs.total_revisions):
        data = xrefs.get_xref_data(revision)
        numbers |= data.obj_streams_used
        if data.hybrid is not None:
            numbers |= data.hybrid.xref_data.obj_streams_used
    for number in sorted(numbers):
        stream: Any = reader.get_object(Reference(number, 0, reader))
        if isinstance(stream, StreamObject):
            yield bytes(stream.data)


def numbers_referred_to(parts: Iterable[bytes]) -> set[int]:
    """Return every object number that something refers to."""
    return {number for part in parts for number, _ in _references(part)}


def has_other_role(parts: Iterable[bytes], number: int, key: bytes) -> bool:
    """Return whether anything refers to an object otherwise than as the value of `key`."""
    return any(
        found == number and not part[max(0, at - _KEY) : at].rstrip(_WHITE).endswith(key)
        for part in parts
        for found, at in _references(part)
    )


def _references(data: bytes) -> Iterator[tuple[int, int]]:
    """Give the number of each reference and where it begins."""
    for end in _END.finditer(data):
        at = end.start()
        if data[at - 1 : at] not in _WHITES:
            continue
        if (found := _USUAL.search(data, max(0, at - _NEAR), at)) is not None:
            yield int(found[1]), found.start()
        else:
            yield from _commented(data, at)


def _commented(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Give the reference whose R is at `at`, should there be comments or much white space in it."""
    number = None
    for _ in range(2):
        at = _skipped_back(data, at)
        number = _DIGITS.search(data, max(0, at - 10), at)
        if number is None:
            return
        at = number.start()
    if number is not None:
        yield int(number[0]), at


def _skipped_back(data: bytes, at: int) -> int:
    """Return where white space and comments before `at` begin."""
    while True:
        white = at
        while data[white - 1 : white] in _WHITES:
            white -= 1
        gap, least = data[white:at], max(0, white - _LONGEST_COMMENT)
        if b"\n" not in gap and b"\r" not in gap:
            return white
        line = max(data.rfind(b"\n", least, white), data.rfind(b"\r", least, white))
        at = data.find(b"%", line + 1, white)
        if at < 0:
            return white


_WHITES: Final = frozenset(_WHITE[at : at + 1] for at in range(len(_WHITE)))
