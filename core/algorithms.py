"""The allowed algorithms and their object identifiers.

Source: ETSI TS 119 312 v2.1.1; CSC API v2 §11 for the identifiers on the wire. A curve fixes its hash: P-256 goes
with SHA-256 and P-384 with SHA-384, because ECDSA truncates a longer digest and would sign two documents at once.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import TYPE_CHECKING

from core.errors import UnknownAlgorithm

if TYPE_CHECKING:
    from hashlib import _Hash


class HashAlgorithm(Enum):
    """A hash that may be signed. The value is its dotted OID."""

    SHA256 = "2.16.840.1.101.3.4.2.1"
    SHA384 = "2.16.840.1.101.3.4.2.2"
    SHA512 = "2.16.840.1.101.3.4.2.3"

    @property
    def oid(self) -> str:
        """The dotted OID."""
        return self.value

    @property
    def size(self) -> int:
        """Length of a digest, in bytes."""
        return _SIZES[self]

    @property
    def hashlib_name(self) -> str:
        """The name `hashlib` and asn1crypto know it by."""
        return self.name.lower()

    def new(self, data: bytes = b"") -> _Hash:
        """Return a running hash over `data`."""
        return hashlib.new(self.hashlib_name, data)

    @classmethod
    def from_oid(cls, oid: str) -> HashAlgorithm:
        """Return the algorithm with this dotted OID.

        Raises:
            UnknownAlgorithm: it is not one that may be signed.
        """
        try:
            return cls(oid)
        except ValueError:
            raise UnknownAlgorithm(oid) from None


_SIZES = {HashAlgorithm.SHA256: 32, HashAlgorithm.SHA384: 48, HashAlgorithm.SHA512: 64}


class KeyType(Enum):
    """A kind of key that Paraph makes. The value is the word used in configuration and records."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"

    @property
    def is_rsa(self) -> bool:
        """Whether it is an RSA key."""
        return self in {KeyType.RSA_3072, KeyType.RSA_4096}

    @property
    def bits(self) -> int:
        """Length of the key, in bits."""
        return int(self.value.rsplit("-", 1)[1].removeprefix("p"))

    @property
    def algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        """The signature algorithms a key of this type may be used with, preferred first."""
        return _ALGORITHMS_OF_KEY[self]


class SignatureAlgorithm(Enum):
    """How a key signs a digest. The value is the word used in records and messages."""

    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"

    @property
    def hash(self) -> HashAlgorithm:
        """The hash whose digest is signed; for RSA-PSS also the hash of MGF1, the salt being as long as it."""
        return HashAlgorithm[self.name.rsplit("_", 1)[1]]

    @property
    def oid(self) -> str:
        """The dotted OID of the combined algorithm (for RSASSA-PSS, of the scheme)."""
        return _SIGNATURE_OIDS[self]


_SIGNATURE_OIDS = {
    SignatureAlgorithm.ECDSA_SHA256: "1.2.840.10045.4.3.2",
    SignatureAlgorithm.ECDSA_SHA384: "1.2.840.10045.4.3.3",
    SignatureAlgorithm.RSA_PSS_SHA256: "1.2.840.113549.1.1.10",
    SignatureAlgorithm.RSA_PKCS1_SHA256: "1.2.840.113549.1.1.11",
    SignatureAlgorithm.RSA_PKCS1_SHA384: "1.2.840.113549.1.1.12",
    SignatureAlgorithm.RSA_PKCS1_SHA512: "1.2.840.113549.1.1.13",
}
_RSA = (
    SignatureAlgorithm.RSA_PSS_SHA256,
    SignatureAlgorithm.RSA_PKCS1_SHA256,
    SignatureAlgorithm.RSA_PKCS1_SHA384,
    SignatureAlgorithm.RSA_PKCS1_SHA512,
)
_ALGORITHMS_OF_KEY = {
    KeyType.EC_P256: (SignatureAlgorithm.ECDSA_SHA256,),
    KeyType.EC_P384: (SignatureAlgorithm.ECDSA_SHA384,),
    KeyType.RSA_3072: _RSA,
    KeyType.RSA_4096: _RSA,
}
