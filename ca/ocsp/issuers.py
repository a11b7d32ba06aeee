"""The issuers whose certificates are answered for: how a request names each, and the key it delegated the answers to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca import public_keys
from ca.delegated import DelegatedKey
from ca.ocsp.request import CertId
from core.cms import signature_identifier

_HASHES: Final = {
    "1.3.14.3.2.26": "sha1",  # names a key, protects nothing: what most clients use
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class Delegation:
    """The responder's key for one issuer, with what every answer says of it."""

    def __init__(self, delegated: DelegatedKey) -> None:
        self.key: Final = delegated
        self.algorithm: Final = signature_identifier(delegated.algorithm)
        self.key_hash: Final = x509.SubjectKeyIdentifier.from_public_key(delegated.public_key).digest


class AnsweredIssuer:
    """One issuer. `delegation` gives the responder's key of the moment, or says why there is none."""

    def __init__(self, certificate: x509.Certificate, delegation: Callable[[], Delegation]) -> None:
        self.identifier: Final = public_keys.identifier(public_keys.narrowed(certificate.public_key()))
        self.cutoff: Final = certificate.not_valid_before_utc
        self.delegation: Final = delegation
        self._hashes = {oid: _issuer_hashes(certificate, name) for oid, name in _HASHES.items()}

    def hashes(self, hash_oid: str) -> tuple[bytes, bytes]:
        """Return the hashes of its name and key by which a CertID names it."""
        return self._hashes[hash_oid]

    def is_named(self, cert_id: CertId) -> bool:
        """Return whether a CertID names a certificate of this issuer."""
        hashes = self._hashes.get(cert_id.hash_algorithm.algorithm.dotted_string)
        return hashes == (cert_id.issuer_name_hash, cert_id.issuer_key_hash)


def _issuer_hashes(issuer: x509.Certificate, name: str) -> tuple[bytes, bytes]:
    """Return the hashes by which a CertID names the issuer: of its name, and of the bits of its key."""
    key = public_keys.narrowed(issuer.public_key())
    if isinstance(key, RSAPublicKey):
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return hashlib.new(name, issuer.subject.public_bytes()).digest(), hashlib.new(name, bits).digest()
