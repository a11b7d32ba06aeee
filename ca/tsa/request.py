"""Reading time-stamp requests: strict DER, every limit before a key is near. Source: RFC 3161 §2.4.1; EN 319 422 §5.1.

Each error is one reason of refusal that RFC 3161 §2.4.2 knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from core.algorithms import HashAlgorithm
from core.errors import Malformed, UnknownAlgorithm
from core.tsp import MessageImprint, TimeStampReq

LONGEST_REQUEST: Final = 4096  # bytes of DER: an imprint, a nonce and a policy take less than 200
LONGEST_NONCE: Final = 64  # bytes; clients draw 8 to 32


class TspRequestMalformed(Malformed):
    """Bytes that are no request, or an imprint of another length than its hash (badDataFormat)."""


class TspRequestRefused(Malformed):
    """Another version, or a nonce out of all measure (badRequest)."""


class ImprintAlgorithmRefused(Malformed):
    """A hash that may not be signed (badAlg)."""


class PolicyUnknown(Malformed):
    """A policy that tokens are not issued under here (unacceptedPolicy)."""


class ExtensionUnknown(Malformed):
    """An extension; none is known (unacceptedExtension)."""


@dataclass(frozen=True, slots=True)
class TspRequest:
    """What a client wants stamped."""

    imprint: MessageImprint
    nonce: int | None
    wants_certificates: bool


def read(der: bytes, policy: ObjectIdentifier) -> TspRequest:
    """Return the request in `der`, which may ask for `policy` or for none.

    Raises:
        TspRequestMalformed, TspRequestRefused, ImprintAlgorithmRefused, PolicyUnknown, ExtensionUnknown: it is not
            stamped.
    """
    if len(der) > LONGEST_REQUEST:
        raise TspRequestMalformed(f"{len(der)} bytes")
    try:
        request = asn1.decode_der(TimeStampReq, der)
    except ValueError as error:
        raise TspRequestMalformed(str(error)) from error
    if request.version != 1:
        raise TspRequestRefused(f"version {request.version}")
    _check_imprint(request.imprint)
    if request.policy not in (None, policy):
        raise PolicyUnknown(request.policy.dotted_string)
    if request.nonce is not None and (request.nonce.bit_length() > 8 * LONGEST_NONCE or request.nonce < 0):
        raise TspRequestRefused(f"a nonce of {request.nonce.bit_length()} bits")
    if request.extensions:
        raise ExtensionUnknown(request.extensions[0].oid.dotted_string)
    return TspRequest(request.imprint, request.nonce, bool(request.cert_req))


def _check_imprint(imprint: MessageImprint) -> None:
    try:
        algorithm = HashAlgorithm.from_oid(imprint.hash_algorithm.algorithm.dotted_string)
    except UnknownAlgorithm as error:
        raise ImprintAlgorithmRefused(error.detail) from error
    if len(imprint.hashed_message) != algorithm.size:
        raise TspRequestMalformed(f"{len(imprint.hashed_message)} bytes for {algorithm.name}")
