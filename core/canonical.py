"""One unambiguous encoding for whatever is sealed, bound or chained.

Every record that is put under a MAC or a signature is written by `encode()`, so that two different records never give
the same bytes: each carries its domain label, each field its name, its type and its length (attacks W9, I10, D1).

    record  := string(domain) count field*
    field   := string(name) value
    value   := tag length payload            tag: N null, B bool, I integer, S text, X bytes, T instant, L list
    string  := tag 'S' as above;  length and count: 4 bytes, big-endian

Text is NFC UTF-8, an integer is minimal two's complement, an instant is microseconds since 1970 in UTC as an integer,
a list's payload is its values one after the other. Lengths count bytes.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Union

from core.errors import NotCanonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Value = Union[None, bool, int, str, bytes, datetime, "list[Value]"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 8


def encode(domain: str, fields: Mapping[str, Value]) -> bytes:
    """Return the canonical bytes of a record: `domain`, then `fields` in the order given."""
    parts = [_name(domain), len(fields).to_bytes(4, "big")]
    for name, value in fields.items():
        parts += (_name(name), _value(value))
    return b"".join(parts)


def decode(domain: str, data: bytes) -> dict[str, Value]:
    """Return the fields of a record that `encode(domain, …)` wrote, in their order.

    Raises:
        NotCanonical: other bytes than `encode` would have written, or another domain.
    """
    reader = _Reader(data)
    if reader.value() != domain:
        raise NotCanonical("domain")
    fields: dict[str, Value] = {}
    for _ in range(reader.length()):
        name = reader.value()
        if not isinstance(name, str) or name in fields:
            raise NotCanonical("field name")
        fields[name] = reader.value()
    if reader.rest or encode(domain, fields) != data:
        raise NotCanonical("not the encoder's form")
    return fields


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    """Encode a text that comes again and again."""
    return _value(name)


def _value(value: Value, depth: int = 0) -> bytes:
    tag, payload = _payload(value, depth)
    return tag + len(payload).to_bytes(4, "big") + payload


def _payload(value: Value, depth: int) -> tuple[bytes, bytes]:
    if depth > _MAX_DEPTH:
        raise NotCanonical("nested too deep")
    match value:
        case None:
            return b"N", b""
        case bool():
            return b"B", b"\x01" if value else b"\x00"
        case int():
            return b"I", _integer(value)
        case str():
            return b"S", _text(value)
        case bytes():
            return b"X", value
        case datetime():
            return b"T", _integer(_microseconds(value))
        case list():
            return b"L", b"".join(_value(item, depth + 1) for item in value)
    raise NotCanonical(f"no encoding for {type(value).__name__}")


def _integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _text(value: str) -> bytes:
    if value.isascii():
        return value.encode()  # is its own normal form
    try:
        return unicodedata.normalize("NFC", value).encode()
    except UnicodeEncodeError:
        raise NotCanonical("lone surrogate") from None


def _microseconds(value: datetime) -> int:
    if value.tzinfo is None:
        raise NotCanonical("instant without a zone")
    return (value - _EPOCH) // timedelta(microseconds=1)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, count: int) -> bytes:
        if count > len(self.rest):
            raise NotCanonical("cut short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def length(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def value(self, depth: int = 0) -> Value:
        if depth > _MAX_DEPTH:
            raise NotCanonical("nested too deep")
        tag, payload = self.take(1), self.take(self.length())
        match tag:
            case b"N":
                return None
            case b"B":
                return payload == b"\x01"
            case b"I":
                return int.from_bytes(payload, "big", signed=True)
            case b"S":
                return _decode_text(payload)
            case b"X":
                return payload
            case b"T":
                return _instant(int.from_bytes(payload, "big", signed=True))
            case b"L":
                return list(_Reader(payload).items(depth + 1))
        raise NotCanonical("unknown type")

    def items(self, depth: int) -> Iterator[Value]:
        while self.rest:
            yield self.value(depth)


def _decode_text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise NotCanonical("text is not UTF-8") from None


def _instant(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise NotCanonical("instant out of range") from None
