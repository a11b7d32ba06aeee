"""A certificate before its signature: who, for whom, by which profile; and the exact bytes that would be signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ca import extensions, public_keys
from ca.profiles import Profile
from ca.public_keys import PublicKey
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.entropy import Entropy
from core.types import Dtbsr
from hsm.x509_keys import x509_key

Sha2: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

ONE_SECOND: Final = timedelta(seconds=1)
HASHES: Final[dict[HashAlgorithm, Sha2]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The authority that signs: its name and key, and between which instants (both included) it is valid."""

    name: x509.Name
    public_key: PublicKey
    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Issuer:
        """Return the authority that a CA certificate is about."""
        key = public_keys.narrowed(certificate.public_key())
        return cls(certificate.subject, key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)

    def hash(self, rsa_hash: HashAlgorithm) -> HashAlgorithm:
        """Return the hash it signs with: an elliptic curve fixes its own, for RSA it is `rsa_hash`."""
        algorithm = public_keys.key_type(self.public_key).algorithms[0]
        return rsa_hash if public_keys.key_type(self.public_key).is_rsa else algorithm.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a certificate will say."""

    profile: Profile
    issuer: Issuer
    serial: int
    subject: x509.Name
    public_key: PublicKey
    not_before: datetime  # whole seconds

    @property
    def not_after(self) -> datetime:
        """The last instant of its validity, which includes both ends (RFC 5280 §4.1.2.5)."""
        return self.not_before + self.profile.validity - ONE_SECOND

    @property
    def hash(self) -> Sha2:
        """The hash to sign it with."""
        return HASHES[self.issuer.hash(self.profile.rsa_hash)]

    def builder(self) -> x509.CertificateBuilder:
        """Return a builder that holds everything but the signature."""
        builder = (
            x509.CertificateBuilder()
            .serial_number(self.serial)
            .issuer_name(self.issuer.name)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .subject_name(self.subject)
            .public_key(self.public_key)
        )
        keys = self.public_key, self.issuer.public_key
        for extension in extensions.of_certificate(self.profile, *keys, self.not_before):
            builder = builder.add_extension(extension.value, extension.critical)
        return builder

    def unsigned(self) -> x509.Certificate:
        """Return the certificate with a placeholder where the signature will be: for looking at what would be signed."""
        return self.builder().sign(x509_key(_Placeholder(self.issuer.public_key)), self.hash)


def new_serial(entropy: Entropy) -> int:
    """Return a serial number of 159 random bits: positive, and never more than 20 octets (RFC 5280 §4.1.2.2)."""
    return int.from_bytes(entropy.token_bytes(20), "big") >> 1


def whole_seconds(instant: datetime) -> datetime:
    """Return an instant as certificates can say it: without a fraction of a second."""
    return instant.replace(microsecond=0)


class _Placeholder:
    """Looks like the issuer's key and signs nothing: its signatures are ones and zeros."""

    def __init__(self, public_key: PublicKey) -> None:
        self._public_key = public_key

    @property
    def key_type(self) -> KeyType:
        return public_keys.key_type(self._public_key)

    @property
    def public_key_der(self) -> bytes:
        return public_keys.encoded(self._public_key)

    def sign(self, _dtbsr: Dtbsr, _algorithm: SignatureAlgorithm) -> bytes:
        return bytes(self.key_type.bits // 8) if self.key_type.is_rsa else encode_dss_signature(1, 1)
