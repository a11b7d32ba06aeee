"""PDF values as plain Python, so that what two parsers read can be compared.

A name is a `Name`, a reference a `Ref`, a string its bytes, a real number a `Decimal`; a stream is its dictionary and
its bytes as they stand in the file.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple, Union

from pyhanko.pdf_utils import generic

from core.errors import Malformed

_MAX_DEPTH: Final = 40
_ENCODING_KEYS: Final = frozenset({"/Length", "/Filter", "/DecodeParms"})


class Name(str):
    """A PDF name with its slash: its bytes, one character for each."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


@dataclass(frozen=True)
class Stream:
    """A stream: its dictionary and its encoded bytes."""

    dictionary: dict[str, Value]
    data: bytes

    def decoded(self, limit: int) -> bytes:
        """Return the bytes without their encoding: none, or Flate without a predictor.

        Raises:
            Malformed: another encoding, damaged, followed by other data, or longer than `limit`.
        """
        filters = self.dictionary.get("/Filter")
        if "/DecodeParms" in self.dictionary or filters not in (None, Name("/FlateDecode"), [Name("/FlateDecode")]):
            raise Malformed("stream encoding")
        if filters is None:
            return self.data
        return _inflate(self.data, limit)

    def entries(self) -> dict[str, Value]:
        """Return the dictionary without what says how the bytes are encoded."""
        return {key: value for key, value in self.dictionary.items() if key not in _ENCODING_KEYS}


Value = Union[None, bool, int, Decimal, Name, bytes, Ref, "list[Value]", "dict[str, Value]", Stream]


def _inflate(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, limit)
    except zlib.error as error:
        raise Malformed("deflate") from error
    if not inflater.eof or inflater.unused_data.strip(b"\r\n"):
        raise Malformed("deflate data is cut, too long, or followed by other data")
    return plain


def plain(obj: Any, depth: int = 0) -> Value:
    """Return a pyHanko object as a plain value; references are kept, not followed.

    Raises:
        Malformed: nested too deep, or of a kind that no PDF has.
    """
    if depth > _MAX_DEPTH:
        raise Malformed("nested too deep")
    if isinstance(obj, generic.DecryptedObjectProxy):
        obj = obj.decrypted
    if isinstance(obj, generic.StreamObject):
        return Stream(_dictionary(obj, depth), bytes(obj.encoded_data or b""))
    if isinstance(obj, generic.DictionaryObject):
        return _dictionary(obj, depth)
    if isinstance(obj, generic.ArrayObject):
        return [plain(obj.raw_get(at), depth + 1) for at in range(len(obj))]
    return _scalar(obj)


def _dictionary(obj: Any, depth: int) -> dict[str, Value]:
    return {str(_scalar(key)): plain(obj.raw_get(key), depth + 1) for key in obj}


def _scalar(obj: Any) -> Value:
    match obj:
        case generic.NullObject():
            return None
        case generic.BooleanObject():
            return bool(obj)
        case generic.IndirectObject():
            return Ref(obj.idnum, obj.generation)
        case generic.NameObject():
            return Name(obj.encode().decode("latin-1"))  # as pyHanko writes it, which may not be as it stands in a file
        case generic.NumberObject():
            return int(obj)
        case generic.FloatObject():
            return Decimal(obj)
        case generic.TextStringObject() | generic.ByteStringObject():
            return bytes(obj.original_bytes)
    raise Malformed(f"no value: {type(obj).__name__}")


def equal(one: Value, other: Value) -> bool:
    """Return whether two values are the same in kind and content; whole reals equal integers, as in PDF."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, Stream) and isinstance(other, Stream):
        return one.data == other.data and equal(one.dictionary, other.dictionary)
    return one == other


def entry(dictionary: Any, key: str, default: Any = None) -> Any:
    """Return a pyHanko dictionary's entry, followed to its object (its own `get` stops at a reference)."""
    return dictionary[key] if key in dictionary else default  # noqa: SIM401  # pyHanko's get does not follow references


def items(array: Any) -> list[Any]:
    """Return a pyHanko array's items, each followed to its object (iterating it stops at references)."""
    return [array[at] for at in range(len(array))]


def raw_items(array: Any) -> list[Any]:
    """Return a pyHanko array's items as they stand, references among them."""
    return [array.raw_get(at) for at in range(len(array))]
