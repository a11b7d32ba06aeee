"""What a signature is validated with when nobody can be asked any more."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class ValidationData:
    """Certificates, OCSP responses and revocation lists, DER, none twice."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __or__(self, other: ValidationData) -> ValidationData:
        """Return what is in either."""
        return ValidationData(
            _united(self.certificates, other.certificates),
            _united(self.ocsps, other.ocsps),
            _united(self.crls, other.crls),
        )

    def without(self, certificates: tuple[bytes, ...]) -> ValidationData:
        """Return all but certificates that are elsewhere."""
        kept = tuple(each for each in self.certificates if each not in certificates)
        return ValidationData(kept, self.ocsps, self.crls)


def _united(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def der_of(certificate: Certificate) -> bytes:
    """Return a certificate in DER."""
    return certificate.public_bytes(Encoding.DER)
