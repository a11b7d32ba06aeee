"""Writing time-stamp tokens and responses, DER. Source: RFC 3161 §2.4.2; RFC 5816; EN 319 422 §5.2."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from ca.tsa.request import TspRequest
from core.der import SEQUENCE, tlv
from core.tsp import Accuracy, Extension, Refusal, StatusInfo, TstInfo

_QC_STATEMENTS: Final = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QTST_STATEMENT: Final = bytes.fromhex("300b30090607040081975e0101")  # esi4-qtstStatement-1 (EN 319 422 §9.1)
_GRANTED: Final = bytes.fromhex("3003020100")


class Failure(Enum):
    """Why there is no token; the value is the bit of PKIFailureInfo."""

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


def tst_info(
    request: TspRequest,
    *,
    policy: ObjectIdentifier,
    serial: int,
    at: datetime,
    accuracy: timedelta,
    qualified: bool,
) -> bytes:
    """Return the TSTInfo, DER; `at` is written to the millisecond."""
    to_the_millisecond = at.replace(microsecond=at.microsecond // 1000 * 1000)
    claim = [Extension(oid=_QC_STATEMENTS, critical=False, value=_QTST_STATEMENT)]
    return asn1.encode_der(
        TstInfo(
            version=1,
            policy=policy,
            imprint=request.imprint,
            serial=serial,
            gen_time=asn1.GeneralizedTime(to_the_millisecond),
            accuracy=Accuracy(seconds=int(accuracy.total_seconds()), millis=None, micros=None),
            ordering=None,  # FALSE by being absent: EN 319 422 §5.2.2
            nonce=request.nonce,
            tsa=None,
            extensions=claim if qualified else None,
        )
    )


def granted(token: bytes) -> bytes:
    """Return the TimeStampResp that carries a token."""
    return tlv(SEQUENCE, _GRANTED, token)


def refused(failure: Failure) -> bytes:
    """Return the TimeStampResp that says why there is no token."""
    return asn1.encode_der(
        Refusal(status=StatusInfo(status=2, text=[_TEXTS[failure]], failure=_named_bit(failure.value)))
    )


_TEXTS: Final = {
    Failure.BAD_ALG: "The hash algorithm is not accepted: SHA-256, SHA-384 and SHA-512 are.",
    Failure.BAD_REQUEST: "The request is not one of version 1 with a nonce of at most 64 octets.",
    Failure.BAD_DATA_FORMAT: "The request cannot be read, or its imprint has not the length of its hash.",
    Failure.TIME_NOT_AVAILABLE: "The time is in doubt; no token is issued.",
    Failure.UNACCEPTED_POLICY: "The policy asked for is not supported.",
    Failure.UNACCEPTED_EXTENSION: "The request has an extension that is not supported.",
    Failure.SYSTEM_FAILURE: "The authority cannot sign at the moment.",
}


def _named_bit(number: int) -> asn1.BitString:
    """Return a BIT STRING with this one bit, without the zeros behind it (X.690 §11.2.2)."""
    octets = bytearray(number // 8 + 1)
    octets[-1] = 0x80 >> number % 8
    return asn1.BitString(bytes(octets), 7 - number % 8)
