"""A key to which the authority has delegated one task: answering for its certificates, or time-stamping.

Rules: the key is the one that its certificate names, the certificate is the authority's and for this task alone;
nothing is signed when it is over (attack O13), and no signature leaves without having been checked (attack Y8).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import public_keys
from ca.draft import HASHES, Issuer
from ca.public_keys import PublicKey
from ca.signing import SignatureUnusable, check_signature
from core.algorithms import SignatureAlgorithm
from core.errors import DomainError, Unavailable
from core.types import Dtbsr
from hsm.ports import SigningKey


class DelegationUnusable(Unavailable):
    """The certificate of a delegated key is not the authority's, for another task or of another key."""


class DelegationOver(Unavailable):
    """The certificate, or the time in which its key may be used, is over or has not begun."""


class DelegatedKey:
    """Key and certificate together."""

    def __init__(
        self, key: SigningKey, certificate: x509.Certificate, issuer: x509.Certificate, purpose: x509.ObjectIdentifier
    ) -> None:
        """Take the key for what the certificate says; `purpose` is the one extended key usage it must have.

        Raises:
            DelegationUnusable: they do not belong together.
            HsmUnavailable: the token does not answer.
        """
        try:
            check_signature(certificate, Issuer.of(issuer).public_key)
            public_key = public_keys.narrowed(certificate.public_key())
            usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (DomainError, ValueError, x509.ExtensionNotFound) as error:
            raise DelegationUnusable(str(error)) from error
        if list(usages) != [purpose] or public_keys.encoded(public_key) != key.public_key_der:
            raise DelegationUnusable("for another task, or of another key")
        self.certificate: Final = certificate
        self.certificate_der: Final = certificate.public_bytes(Encoding.DER)
        self.issuer_der: Final = issuer.public_bytes(Encoding.DER)
        self.public_key: Final[PublicKey] = public_key
        self.algorithm: Final[SignatureAlgorithm] = _algorithm(public_key)
        self._hash = HASHES[self.algorithm.hash]
        self._key = key
        self._begins, self.ends = time_of_use(certificate)

    def check_valid(self, now: datetime) -> None:
        """Check that the key may be used now.

        Raises:
            DelegationOver: it may not.
        """
        if not self._begins <= now <= self.ends:
            raise DelegationOver(f"of use from {self._begins} to {self.ends}")

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, checked.

        Raises:
            SignatureUnusable: the token gave a faulty one.
            HsmUnavailable: the token does not answer.
        """
        hashing = self.algorithm.hash
        signature = self._key.sign(Dtbsr(hashing, hashing.new(data).digest()), self.algorithm)
        if not public_keys.verifies(self.public_key, signature, data, self._hash):
            raise SignatureUnusable("of a delegated key")
        return signature


def time_of_use(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    """Return the first and the last instant in which a certificate's key may be used."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    try:
        period = certificate.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    except x509.ExtensionNotFound:
        return begins, ends
    first, last = period.not_before, period.not_after  # in UTC, and without saying so
    return (
        max(begins, first.replace(tzinfo=UTC)) if first else begins,
        min(ends, last.replace(tzinfo=UTC)) if last else ends,
    )


def _algorithm(key: PublicKey) -> SignatureAlgorithm:
    key_type = public_keys.key_type(key)
    return SignatureAlgorithm.RSA_PKCS1_SHA256 if key_type.is_rsa else key_type.algorithms[0]
