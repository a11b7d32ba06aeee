"""Certification requests (PKCS#10): read, and proven to come from who holds the key. Source: RFC 2986.

A request says which key and, at most, under which name. What else a certificate says is the profile's business, so a
request that asks for extensions is refused instead of being silently given less (attack W4).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ca import public_keys
from ca.protocol import KeyRefused, PossessionNotProven, RequestMalformed
from ca.public_keys import PublicKey

LONGEST: Final = 16_000  # bytes: a request with an RSA-4096 key has under 2,000
_HASHES: Final = {"sha256", "sha384", "sha512"}
_EXTENSION_REQUEST: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.14")


@dataclass(frozen=True, slots=True)
class ProvenRequest:
    """A request signed with the key it is about."""

    public_key: PublicKey
    subject: x509.Name
    der: bytes


def read(der: bytes) -> ProvenRequest:
    """Return a request whose proof of possession holds.

    Raises:
        RequestMalformed: not one PKCS#10 in DER, too long, or it asks for extensions.
        KeyRefused: a key that may not be certified.
        PossessionNotProven: not signed with that key, or with a hash that is not used any more.
    """
    if len(der) > LONGEST:
        raise RequestMalformed(f"{len(der)} bytes")
    try:
        request = x509.load_der_x509_csr(der)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a name too long for its attribute: refused by its own name later
            subject = request.subject
        wanted = [attribute.oid for attribute in request.attributes]
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise RequestMalformed(str(error)) from error
    if _EXTENSION_REQUEST in wanted:
        raise RequestMalformed("it asks for extensions; the profile decides them")
    key = _key(request)
    _check_possession(request)
    return ProvenRequest(key, subject, der)


def _key(request: x509.CertificateSigningRequest) -> PublicKey:
    try:
        key = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRefused(str(error)) from error
    return public_keys.narrowed(key)


def _check_possession(request: x509.CertificateSigningRequest) -> None:
    try:
        hashing = request.signature_hash_algorithm
        valid = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PossessionNotProven(str(error)) from error
    if hashing is None or hashing.name not in _HASHES:
        raise PossessionNotProven("hash of the signature: SHA-256, SHA-384 or SHA-512")
    if not valid:
        raise PossessionNotProven("the signature is not of this key over this request")
