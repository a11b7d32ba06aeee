"""Lines of the issuance record, read from the certificates themselves once their signature is checked."""

from __future__ import annotations

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from sqlalchemy import Connection

from ca import tables
from ca.parts import Parts
from ca.protocol import CertificateSummary, CertificateUnknown
from ca.revocation import Revocations, validity
from ca.signing import SignatureUnusable, check_signature
from core.errors import RecordTampered


class Summaries:
    """Reads lines of the record."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._revocations = Revocations(parts)

    def of(self, connection: Connection, recorded: tables.RecordedCertificate) -> CertificateSummary:
        """Return the line of one certificate.

        Raises:
            RecordTampered: the row holds no certificate of this authority under its own serial number, or no status.
        """
        not_before, not_after = validity(recorded)
        change = self._revocations.current(connection, recorded)
        return CertificateSummary(
            serial=recorded.serial,
            subject=self._subject(recorded),
            profile=recorded.profile,
            not_before=not_before,
            not_after=not_after,
            status="unfinished" if change is None else change.status,
            credential=recorded.credential,
            reason="" if change is None else change.reason,
            since=None if change is None or change.status == "good" else change.at,
            generation=self._revocations.generation(connection, recorded).number,
        )

    def checked(self, recorded: tables.RecordedCertificate) -> x509.Certificate:
        """Return a certificate of the record, its signature checked.

        Raises:
            CertificateUnknown: it was never handed out.
            RecordTampered: it is not this authority's, or not under its own serial number.
        """
        if recorded.certificate_der is None:
            raise CertificateUnknown(f"{recorded.serial}: never handed out")
        try:
            certificate = x509.load_der_x509_certificate(recorded.certificate_der)
            issuer = self._parts.generations.of_issuer(certificate.issuer.public_bytes()).issuer
            check_signature(certificate, issuer.public_key)
        except (ValueError, SignatureUnusable) as error:
            raise RecordTampered(recorded.serial) from error
        if tables.serial_text(certificate.serial_number) != recorded.serial:
            raise RecordTampered(recorded.serial)
        return certificate

    def _subject(self, recorded: tables.RecordedCertificate) -> str:
        if recorded.certificate_der is not None:
            return self.checked(recorded).subject.rfc4514_string()
        subject: str = TbsCertificate.load(recorded.tbs_der)["subject"].human_friendly
        return subject
