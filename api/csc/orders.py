"""How an element of signDoc is to be signed: format, level, envelope, properties (CSC API v2 §11.11; Data Model).

Form only, and what of it is served: what is not is refused by the name of its parameter. Nothing here is believed beyond
that: preflight judges what the words and places become, the SAM compares the name.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from api.csc.algorithms import chosen
from api.csc.fields import Fields
from api.refusals import InvalidParameter
from core.algorithms import SignatureAlgorithm
from signer.levels import Level
from signer.orders import Placement
from stamp.appearance import Position

PADES: Final = "P"
CADES: Final = "C"
# The envelopes of each format that are served, the one for an absent value first. PAdES differs from the specification
# there: a certification would be refused in every document that is signed already (docs/api.md).
ENVELOPES: Final = {PADES: ("Revision", "Certification"), CADES: ("Attached", "Detached")}
LEVELS: Final = {PADES: tuple(Level), CADES: (Level.B, Level.T)}
_MOST_PAGES: Final = 100_000
_POSITIONS: Final = tuple(position.value for position in Position)
_NAME: Final = ("Name", "name")
_BY_NAME: Final = {level.value.lower(): level for level in Level}  # both spellings of the specification


@dataclass(frozen=True, slots=True)
class Order:
    """How one element is to be signed."""

    format: str
    level: Level
    envelope: str
    algorithm: SignatureAlgorithm
    shows_name: bool = False
    name: str | None = None
    placement: Placement | None = None


def order_of(element: Fields) -> Order:
    """Return how an element of `documents` is to be signed.

    Raises:
        MissingParameter, InvalidParameter, HashContradictsAlgorithm: what is asked is malformed, or not served.
    """
    kind = _format(element)
    level = _level(element, LEVELS[kind])
    envelope = _envelope(element, ENVELOPES[kind])
    if kind == CADES:
        _check_no_properties(element)
        return Order(kind, level, envelope, algorithm_of(element))
    names = _names(element)
    return Order(
        kind, level, envelope, algorithm_of(element), bool(names), next(filter(None, names), None), _placement(element)
    )


def digest_order_of(element: Fields) -> Order:
    """Return how an element of `documentDigests` is to be signed: what is never sent cannot be written on.

    Raises:
        MissingParameter, InvalidParameter, HashContradictsAlgorithm: as `order_of`.
    """
    kind = _format(element)
    level = _level(element, tuple(each for each in LEVELS[kind] if not each.is_archived))
    envelope = _envelope(element, ("Detached",) if kind == CADES else ENVELOPES[PADES])
    _check_no_properties(element)
    return Order(kind, level, envelope, algorithm_of(element))


def algorithm_of(fields: Fields) -> SignatureAlgorithm:
    """Return the signature algorithm that a request or an element names.

    Raises:
        MissingParameter, InvalidParameter, HashContradictsAlgorithm: it names none, or one that is not supported.
    """
    return chosen(fields.text("signAlgo"), fields.text_if_any("signAlgoParams"), fields.text_if_any("hashAlgorithmOID"))


def _format(element: Fields) -> str:
    kind = element.text("signature_format")
    if kind not in ENVELOPES:
        raise InvalidParameter("signature_format")
    return kind


def _level(element: Fields, served: tuple[Level, ...]) -> Level:
    name = element.get("conformance_level")
    level = Level.B if name is None else _BY_NAME.get(name.lower()) if isinstance(name, str) else None
    if level is None or level not in served:
        raise InvalidParameter("conformance_level")
    return level


def _envelope(element: Fields, served: tuple[str, ...]) -> str:
    return element.one_of("signed_envelope_property", served)


def _check_no_properties(element: Fields) -> None:
    if element.get("signed_props") not in (None, []):
        raise InvalidParameter("signed_props")


def _names(element: Fields) -> list[str | None]:
    """Return the values of the property Name, of which there is one at most; None where the service is to fill it in.

    No other property is served: Reason, Location and ContactInfo would be shown as the signatory's own words, and
    nobody showed them to the signatory (docs/adr/0018).
    """
    properties = element.get("signed_props")
    if properties is None:
        return []
    if not isinstance(properties, list) or len(properties) > 1:
        raise InvalidParameter("signed_props")
    return [_name(each) for each in properties]


def _name(property_: object) -> str | None:
    if not isinstance(property_, dict) or property_.get("attribute_name") not in _NAME:
        raise InvalidParameter("signed_props")
    value = property_.get("attribute_value")
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True).decode()
    except (ValueError, TypeError) as error:
        raise InvalidParameter("signed_props") from error


def _placement(element: Fields) -> Placement | None:
    """Return where the signature is to be seen, from the extension member `appearance`."""
    value = element.get("appearance")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidParameter("appearance")
    said = {name: each for name, each in value.items() if each is not None}  # null is absent
    page, position = said.get("page", -1), said.get("position", Position.BOTTOM_RIGHT.value)
    if type(page) is not int or not (page == -1 or 1 <= page <= _MOST_PAGES) or position not in _POSITIONS:
        raise InvalidParameter("appearance")
    return Placement(page if page == -1 else page - 1, Position(position))
