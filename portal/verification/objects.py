"""PDF objects as plain Python values that can be compared, and what a file refers to."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NumberObject,
    Reference,
    StreamObject,
)
from pyhanko.pdf_utils.reader import PdfFileReader

_REFERENCE: Final = re.compile(rb"(?<![0-9])([0-9]{1,10})[\s\0]+[0-9]{1,5}[\s\0]+R(?![A-Za-z0-9])")


def canonical(obj: Any) -> Any:
    """Return an object as dicts, tuples and bytes; a reference is its number, a stream keeps its encoded bytes."""
    if isinstance(obj, IndirectObject | Reference):
        return ("ref", obj.idnum, obj.generation)
    if isinstance(obj, StreamObject):
        return ("stream", _members(obj), obj.encoded_data)
    if isinstance(obj, DictionaryObject):
        return _members(obj)
    if isinstance(obj, ArrayObject):
        return tuple(canonical(obj.raw_get(at)) for at in range(len(obj)))
    if isinstance(obj, NumberObject):
        return int(obj)
    out = BytesIO()
    obj.write_to_stream(out, None)
    return (type(obj).__name__, out.getvalue())


def referred_to(original: bytes, reader: PdfFileReader, numbers: list[int]) -> int | None:
    """Return one of `numbers` that a file refers to, if it does: in its bytes or in its object streams."""
    wanted = set(numbers)
    for content in (original, *_object_streams(reader)):
        for match in _REFERENCE.finditer(content):
            if int(match[1]) in wanted:
                return int(match[1])
    return None


def _object_streams(reader: PdfFileReader) -> list[bytes]:
    return [
        reader.get_historical_resolver(revision).get_object(ref).data
        for revision in range(reader.xrefs.total_revisions)
        for ref in reader.xrefs.object_streams_used_in(revision)
    ]


def _members(obj: DictionaryObject) -> dict[str, Any]:
    return {str(name): canonical(obj.raw_get(name)) for name in obj}
