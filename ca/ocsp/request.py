"""Reading OCSP requests: strict DER, bounded in every dimension, before a key is near. Source: RFC 6960 §4.1; RFC 9654.

Rules:

- a request asks about 1 to 32 certificates; what it asks is answered once for each, in its order;
- a nonce has 1 to 128 octets and comes at most once; it is echoed, never interpreted;
- a critical extension that is not known here refuses the request; others are passed over;
- a request may be signed; the answer is public, so nobody checks by whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from core.errors import Malformed

MOST_CERTIFICATES: Final = 32
LONGEST_NONCE: Final = 128  # RFC 9654 §2.1
LONGEST_REQUEST: Final = 16_384  # bytes of DER: 32 certificates named by SHA-512 with a nonce take less than 8,000
NONCE: Final = ObjectIdentifier("1.3.6.1.5.5.7.48.1.2")


class OcspRequestMalformed(Malformed):
    """Bytes that are no OCSP request, or one outside the limits; the client is told `malformedRequest`."""


@asn1.sequence
class AlgorithmIdentifier:
    """The hash of a CertID; parameters are NULL or absent."""

    algorithm: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class CertId:
    """Names a certificate: RFC 6960 §4.1.1."""

    hash_algorithm: AlgorithmIdentifier
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int


@asn1.sequence
class _Extension:
    oid: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]  # noqa: FBT003  # DEFAULT FALSE
    value: bytes


@asn1.sequence
class _Request:
    cert_id: CertId
    extensions: Annotated[list[_Extension] | None, asn1.Explicit(0)]


_RequestorName = (
    Annotated[asn1.Variant[asn1.IA5String, Literal["rfc822Name"]], asn1.Implicit(1)]
    | Annotated[asn1.Variant[asn1.IA5String, Literal["dNSName"]], asn1.Implicit(2)]
    | Annotated[asn1.Variant[asn1.TLV, Literal["directoryName"]], asn1.Explicit(4)]
    | Annotated[asn1.Variant[asn1.IA5String, Literal["uniformResourceIdentifier"]], asn1.Implicit(6)]
)


@asn1.sequence
class _ToBeSigned:
    version: Annotated[int | None, asn1.Explicit(0)]  # DEFAULT v1: some clients write it nevertheless
    requestor_name: Annotated[_RequestorName | None, asn1.Explicit(1)]
    requests: Annotated[list[_Request], asn1.Size(min=1, max=MOST_CERTIFICATES)]
    extensions: Annotated[list[_Extension] | None, asn1.Explicit(2)]


@asn1.sequence
class _Signature:
    algorithm: asn1.TLV
    value: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@asn1.sequence
class _OcspRequest:
    tbs: _ToBeSigned
    signature: Annotated[_Signature | None, asn1.Explicit(0)]


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """What a client wants to know."""

    certificates: tuple[CertId, ...]
    nonce: bytes | None


def read(der: bytes) -> OcspRequest:
    """Return the request in `der`.

    Raises:
        OcspRequestMalformed: it is none, or breaks a limit.
    """
    if len(der) > LONGEST_REQUEST:
        raise OcspRequestMalformed(f"{len(der)} bytes")
    try:
        request = asn1.decode_der(_OcspRequest, der).tbs
    except ValueError as error:
        raise OcspRequestMalformed(str(error)) from error
    if request.version not in (None, 0):
        raise OcspRequestMalformed(f"version {request.version}")
    for each in request.requests:
        _check_known(each.extensions)
    return OcspRequest(tuple(each.cert_id for each in request.requests), _nonce(request.extensions))


def _nonce(extensions: list[_Extension] | None) -> bytes | None:
    found = [each for each in extensions or () if each.oid == NONCE]
    _check_known([each for each in extensions or () if each.oid != NONCE])
    if not found:
        return None
    if len(found) > 1:
        raise OcspRequestMalformed(f"{len(found)} nonces")
    try:
        nonce = asn1.decode_der(bytes, found[0].value)
    except ValueError as error:
        raise OcspRequestMalformed(f"nonce: {error}") from error
    if not 1 <= len(nonce) <= LONGEST_NONCE:
        raise OcspRequestMalformed(f"a nonce of {len(nonce)} bytes")
    return nonce


def _check_known(extensions: list[_Extension] | None) -> None:
    critical = [each.oid.dotted_string for each in extensions or () if each.critical]
    if critical:
        raise OcspRequestMalformed(f"critical extension {critical[0]}")
