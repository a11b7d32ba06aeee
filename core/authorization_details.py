"""The element of `authorization_details` that asks for signatures, read the same way wherever it is read.

`web` reads it to answer early and to draw the page; the SAM reads it again from the portal's signed request, which is
what counts. One reader for both leaves no gap between what is shown and what is bound (attacks P8, W9).

Source: CSC API v2.2 §8.2.2 and its Data Model (`documentDigests`, `hashType`); RFC 9396.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal, cast

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.base64url import decode_any
from core.errors import Malformed, MalformedDigest

TYPES: Final = ("credential", "https://cloudsignatureconsortium.org/2025/credential")  # CSC 2.0 and 2.2
HASH_TYPES: Final = ("sodr", "sdr", "dtbsr")
HashType = Literal["sodr", "sdr", "dtbsr"]
_MAX_DIGESTS: Final = 1000
_MAX_LABEL: Final = 255
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # general categories of Unicode
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that draw nothing
_MAX_PILE: Final = 4  # marks over one letter: more reach into the lines above and below
_SIGN_ALGORITHMS: Final = {algorithm.oid: algorithm for algorithm in SignatureAlgorithm}


@dataclass(frozen=True, slots=True)
class RequestedDigest:
    """One thing the portal asks to be signed."""

    type: HashType
    value: bytes
    label: str


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """What one authorization is asked for: a credential, and digests of one hash algorithm in their order."""

    credential: str
    hash: HashAlgorithm
    digests: tuple[RequestedDigest, ...]
    algorithm: SignatureAlgorithm | None  # extension member `signAlgo`; None: the key's first


def read(details: object) -> SignatureRequest:
    """Return the one signature request in the value of `authorization_details`.

    Raises:
        Malformed: not an array of exactly one well-formed element; the text names the member.
        MalformedDigest: a hash of the wrong length.
        UnknownAlgorithm: a hash algorithm that may not be signed.
    """
    if not isinstance(details, list) or len(details) != 1 or not isinstance(details[0], dict):
        raise Malformed("authorization_details: an array of one object")
    element: dict[str, Any] = details[0]
    if element.get("type") not in TYPES:
        raise Malformed("authorization_details: type")
    hash_algorithm = HashAlgorithm.from_oid(_text(element, "hashAlgorithmOID"))
    digests = _digests(element.get("documentDigests"), hash_algorithm)
    _check_count(element.get("numSignatures"), len(digests))
    return SignatureRequest(
        _text(element, "credentialID"), hash_algorithm, digests, _sign_algorithm(element.get("signAlgo"))
    )


def _digests(value: object, algorithm: HashAlgorithm) -> tuple[RequestedDigest, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_DIGESTS:
        raise Malformed("authorization_details: documentDigests")
    return tuple(_digest(item, algorithm) for item in value)


def _digest(item: object, algorithm: HashAlgorithm) -> RequestedDigest:
    if not isinstance(item, dict):
        raise Malformed("authorization_details: documentDigests")
    value = decode_any(_text(item, "hash"))
    if len(value) != algorithm.size:
        raise MalformedDigest(f"{len(value)} bytes for {algorithm.name}")
    kind = item.get("hashType")
    kind = "dtbsr" if kind is None else kind.lower() if isinstance(kind, str) else kind
    if kind not in HASH_TYPES:
        raise Malformed("authorization_details: hashType")
    return RequestedDigest(cast("HashType", kind), value, read_label(item.get("label")))


def read_label(value: object) -> str:
    """Return a document's label: NFC, one line, nothing that hides or reorders text (attack P10); "" when absent.

    Raises:
        Malformed: not text, too long, or with such characters.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_LABEL:
        raise Malformed("authorization_details: label")
    label = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in _HIDDEN or char in _BLANK for char in label) or _pile(label) > _MAX_PILE:
        raise Malformed("authorization_details: label")
    return label


def _pile(label: str) -> int:
    """Return the most marks that stand over one letter."""
    runs = groupby(label, key=lambda char: unicodedata.category(char) in {"Mn", "Me"})
    return max((len(list(run)) for are_marks, run in runs if are_marks), default=0)


def _check_count(value: object, digests: int) -> None:
    if value is not None and (type(value) is not int or value != digests):
        raise Malformed("authorization_details: numSignatures")


def _sign_algorithm(value: object) -> SignatureAlgorithm | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in _SIGN_ALGORITHMS:
        raise Malformed("authorization_details: signAlgo")
    return _SIGN_ALGORITHMS[value]


def _text(element: dict[str, Any], name: str) -> str:
    value = element.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"authorization_details: {name}")
    return value
