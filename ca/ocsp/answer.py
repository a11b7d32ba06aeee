"""Writing OCSP answers, DER. Source: RFC 6960 §4.2.

Put together from parts here, because the builder of `cryptography` answers about one certificate at a time and a
request may ask about several; what comes out is read back with that library in the tests and by the health check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from cryptography.hazmat import asn1

from ca.ocsp.request import CertId
from core.der import BIT_STRING, ENUMERATED, OCTET_STRING, SEQUENCE, explicit, oid, tlv

_BASIC: Final = oid("1.3.6.1.5.5.7.48.1.1")
_NONCE: Final = oid("1.3.6.1.5.5.7.48.1.2")
_ARCHIVE_CUTOFF: Final = oid("1.3.6.1.5.5.7.48.1.6")
_GOOD: Final = b"\x80\x00"  # [0] IMPLICIT NULL
_UNKNOWN: Final = b"\x82\x00"  # [2] IMPLICIT NULL
_REVOKED_TAG: Final = b"\xa1"  # [1] IMPLICIT RevokedInfo

# RFC 5280 §5.3.1; `unspecified` is left out, not written.
_REASONS: Final = {
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}


class Refusal(Enum):
    """An unsigned answer: why there is no other (RFC 6960 §4.2.1). The value is its DER."""

    MALFORMED_REQUEST = bytes.fromhex("30030a0101")
    INTERNAL_ERROR = bytes.fromhex("30030a0102")
    TRY_LATER = bytes.fromhex("30030a0103")
    UNAUTHORIZED = bytes.fromhex("30030a0106")


@dataclass(frozen=True, slots=True)
class Good:
    """Issued, and not revoked."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked or suspended since `at`; `reason` as RFC 5280 §5.3.1 spells it, empty when none was given."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not a certificate of an issuer that is answered for."""


Status = Good | Revoked | Unknown


def single(cert_id: CertId, status: Status, this_update: datetime, next_update: datetime, cutoff: datetime) -> bytes:
    """Return the answer about one certificate, DER.

    `cutoff` says since when revoked certificates are still known (archiveCutoff, RFC 6960 §4.4.4; EN 319 411-2
    CSS-6.3.10-10); it is not said of certificates that are not known at all.
    """
    archive = () if isinstance(status, Unknown) else (explicit(1, tlv(SEQUENCE, _archive_cutoff(cutoff))),)
    return tlv(
        SEQUENCE,
        asn1.encode_der(cert_id),
        _status(status),
        _time(this_update),
        explicit(0, _time(next_update)),
        *archive,
    )


def to_be_signed(key_hash: bytes, produced_at: datetime, singles: Sequence[bytes], nonce: bytes | None) -> bytes:
    """Return the ResponseData, DER: the responder is named by the SHA-1 of its key bits (RFC 6960 §4.2.1)."""
    extensions = () if nonce is None else (explicit(1, tlv(SEQUENCE, _extension(_NONCE, tlv(OCTET_STRING, nonce)))),)
    return tlv(
        SEQUENCE,
        explicit(2, tlv(OCTET_STRING, key_hash)),
        _time(produced_at),
        tlv(SEQUENCE, *singles),
        *extensions,
    )


def signed(tbs: bytes, algorithm: bytes, signature: bytes, certificate: bytes) -> bytes:
    """Return the OCSPResponse, DER; `algorithm` is the AlgorithmIdentifier of the signature, DER."""
    basic = tlv(
        SEQUENCE,
        tbs,
        algorithm,
        tlv(BIT_STRING, b"\x00", signature),
        explicit(0, tlv(SEQUENCE, certificate)),
    )
    response = tlv(SEQUENCE, _BASIC, tlv(OCTET_STRING, basic))
    return tlv(SEQUENCE, b"\x0a\x01\x00", explicit(0, response))  # successful


def _status(status: Status) -> bytes:
    if isinstance(status, Good):
        return _GOOD
    if isinstance(status, Unknown):
        return _UNKNOWN
    number = _REASONS.get(status.reason)
    reason = b"" if number is None else explicit(0, tlv(ENUMERATED, number.to_bytes(1, "big")))
    return tlv(_REVOKED_TAG, _time(status.at), reason)


def _archive_cutoff(cutoff: datetime) -> bytes:
    return _extension(_ARCHIVE_CUTOFF, _time(cutoff))


def _extension(kind: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, kind, tlv(OCTET_STRING, value))


def _time(instant: datetime) -> bytes:
    return asn1.encode_der(asn1.GeneralizedTime(instant.replace(microsecond=0)))
