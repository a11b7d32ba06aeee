"""The qcStatements extension: claims ↔ DER.

Source: RFC 3739 §3.2.6; EN 319 412-5 v2.6.1 §4 and Annex A.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar, Final

from asn1crypto.core import Any, Asn1Value, IA5String, ObjectIdentifier, PrintableString, Sequence, SequenceOf, Void

from ca.profiles import QcClaims
from core.errors import Malformed

EXTENSION: Final = "1.3.6.1.5.5.7.1.3"
SEMANTICS: Final = "1.3.6.1.5.5.7.11.2"
COMPLIANCE: Final = "0.4.0.1862.1.1"
SSCD: Final = "0.4.0.1862.1.4"
PDS: Final = "0.4.0.1862.1.5"
TYPE: Final = "0.4.0.1862.1.6"
IDENT_METHOD: Final = "0.4.0.1862.1.8"


class _Statement(Sequence):  # type: ignore[misc]  # asn1crypto is untyped
    _fields: ClassVar = [("id", ObjectIdentifier), ("info", Any, {"optional": True})]


class _Statements(SequenceOf):  # type: ignore[misc]  # asn1crypto is untyped
    _child_spec = _Statement


class _Location(Sequence):  # type: ignore[misc]  # asn1crypto is untyped
    _fields: ClassVar = [("url", IA5String), ("language", PrintableString)]


class _Locations(SequenceOf):  # type: ignore[misc]  # asn1crypto is untyped
    _child_spec = _Location


class _Identifiers(SequenceOf):  # type: ignore[misc]  # asn1crypto is untyped
    _child_spec = ObjectIdentifier


@cache  # an authority has a handful of profiles, and each certificate is built twice
def encode(claims: QcClaims) -> bytes:
    """Return the extension's value (DER), statements in the order of their object identifiers."""
    statements: list[tuple[str, Asn1Value | None]] = [(SEMANTICS, _identifiers(claims.semantics.dotted_string))]
    if claims.qualified:
        statements.append((COMPLIANCE, None))
    if claims.in_qscd:
        statements.append((SSCD, None))
    locations = [_Location({"url": url, "language": language}) for url, language in claims.disclosure]
    statements.append((PDS, _Locations(locations)))
    statements.append((TYPE, _identifiers(claims.purpose.dotted_string)))
    if claims.identified_by:
        statements.append((IDENT_METHOD, _identifiers(claims.identified_by.dotted_string)))
    der: bytes = _Statements([_statement(name, info) for name, info in statements]).dump()
    return der


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as read: its identifier, and what it says, in one of two forms or not at all."""

    name: str
    identifiers: tuple[str, ...] = ()
    locations: tuple[tuple[str, str], ...] = ()  # (URL, language)


@lru_cache(maxsize=16)  # each rule reads them, and each certificate of a profile has the same
def decode(der: bytes) -> tuple[Statement, ...]:
    """Return the statements in their order.

    Raises:
        Malformed: not DER of this type, or a statement of an unknown kind.
    """
    try:
        return tuple(_read(item["id"].dotted, item["info"]) for item in _Statements.load(der, strict=True))
    except (ValueError, TypeError) as error:
        raise Malformed(f"qcStatements: {error}") from error


def _statement(name: str, info: Asn1Value | None) -> _Statement:
    return _Statement({"id": name} if info is None else {"id": name, "info": info})


def _identifiers(*dotted: str) -> _Identifiers:
    # SemanticsInformation with an identifier alone has the same form as SEQUENCE OF OBJECT IDENTIFIER with one.
    return _Identifiers(list(dotted))


def _read(name: str, info: Asn1Value) -> Statement:
    if isinstance(info, Void) != (name in {COMPLIANCE, SSCD}):
        raise ValueError(f"statement {name}: a value where none belongs, or none")
    if isinstance(info, Void):
        return Statement(name)
    if name == PDS:
        places = info.parse(_Locations)
        return Statement(name, locations=tuple((item["url"].native, item["language"].native) for item in places))
    if name in {SEMANTICS, TYPE, IDENT_METHOD}:
        return Statement(name, identifiers=tuple(item.dotted for item in info.parse(_Identifiers)))
    raise ValueError(f"statement {name}")
