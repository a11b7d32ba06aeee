"""A certification authority of a few lines, for tests that need a certificate and not the authority itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signer.sam.protocol import MadeKey


class SmallCa:
    """Issues certificates for whatever key it is given."""

    def __init__(self, now: datetime, name: str = "TEST small CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._serial = 1
        self.certificate = self._issue(self._name, self._key.public_key(), now, timedelta(days=3650), ca=True)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue(self, made: MadeKey, now: datetime, life: timedelta = timedelta(days=90)) -> bytes:
        attestation = made.attestation
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "RO"),
                x509.NameAttribute(NameOID.SURNAME, attestation.surname),
                x509.NameAttribute(NameOID.GIVEN_NAME, attestation.given_name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, attestation.subject_serial),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{attestation.given_name} {attestation.surname}"),
            ]
        )
        public_key = serialization.load_der_public_key(attestation.public_key_der)
        return self._issue(subject, public_key, now, life, ca=False).public_bytes(serialization.Encoding.DER)

    def _issue(self, subject, public_key, now: datetime, life: timedelta, *, ca: bool) -> x509.Certificate:
        self._serial += 1
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(self._serial)
            .not_valid_before(now)
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
