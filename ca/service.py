"""What the `ca` zone does when it is asked: the handlers of `ca.protocol`, and the round it makes by itself."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import tables
from ca.attestation import Attestations
from ca.crl import CrlIssuer
from ca.draft import Issuer
from ca.issuance import Issuance
from ca.probe import Probe
from ca.protocol import (
    Certificates,
    CertificateSummary,
    CrlPublished,
    IssueCertificate,
    IssuedCertificate,
    ListCertificates,
    PublishCrl,
    ShowCertificate,
)
from ca.signing import SignatureUnusable, check_signature
from core.errors import RecordTampered
from storage.engine import Database

_MOST = 1000  # lines of one answer


class Authority:
    """The issuing CA."""

    def __init__(
        self,
        certificate: x509.Certificate,
        attestations: Attestations,
        issuance: Issuance,
        crl: CrlIssuer,
        probe: Probe,
        database: Database,
    ) -> None:
        self._issuer = Issuer.of(certificate)
        self._certificate_der = certificate.public_bytes(Encoding.DER)
        self._attestations = attestations
        self._issuance = issuance
        self._crl = crl
        self._probe = probe
        self._database = database

    def issue(self, request: IssueCertificate) -> IssuedCertificate:
        """Issue a certificate for an attested key.

        Raises:
            AttestationInvalid, NotLinted, KeyAlreadyCertified, ClockInDoubt: refused, no key was used.
            Unavailable: token or database do not work, or the record is an old copy; nothing was handed out.
        """
        attested = self._attestations.verify(request.attestation)
        self._crl.check_record()  # no certificate on top of a record that is an old copy (attack O2)
        certificate = self._issuance.issue(attested)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), self._certificate_der)

    def show(self, request: ShowCertificate) -> IssuedCertificate:
        """Show one certificate of the record.

        Raises:
            CertificateUnknown: there is none with this serial number.
            RecordTampered: the row holds no certificate of this authority under its own serial number.
        """
        with self._database.reading() as connection:
            recorded = tables.certificate(connection, tables.serial_of(request.serial))
        self._checked(recorded)
        return IssuedCertificate(recorded.certificate_der, self._certificate_der)

    def list(self, request: ListCertificates) -> Certificates:
        """List the record, newest first.

        Raises:
            CertificateUnknown: the serial number to go on after is no number.
            RecordTampered: a row holds no certificate of this authority under its own serial number.
        """
        after = tables.serial_of(request.after_serial) if request.after_serial else None
        with self._database.reading() as connection:
            rows = tables.newest_certificates(connection, max(1, min(request.limit, _MOST)), after)
        return Certificates([self._summary(row) for row in rows])

    def publish_crl(self, _request: PublishCrl) -> CrlPublished:
        """Issue and publish a CRL now."""
        return self._crl.publish()

    def make_round(self) -> None:
        """Do what nobody asks for: see that a fresh CRL is published. Cheap when there is nothing to do."""
        self._crl.publish_if_due()

    def check(self) -> None:
        """Prove that the zone can work.

        Raises:
            DomainError: token, key, database or record are not as they must be.
        """
        self._database.check()
        self._crl.check_record()
        self._probe.sign_and_verify()

    def _summary(self, recorded: tables.RecordedCertificate) -> CertificateSummary:
        certificate = self._checked(recorded)
        return CertificateSummary(
            serial=recorded.serial,
            subject=certificate.subject.rfc4514_string(),
            profile=recorded.profile,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            status="good",
        )

    def _checked(self, recorded: tables.RecordedCertificate) -> x509.Certificate:
        try:
            certificate = x509.load_der_x509_certificate(recorded.certificate_der)
            check_signature(certificate, self._issuer.public_key)
        except (ValueError, SignatureUnusable) as error:
            raise RecordTampered(recorded.serial) from error
        if certificate.issuer != self._issuer.name or tables.serial_text(certificate.serial_number) != recorded.serial:
            raise RecordTampered(recorded.serial)
        return certificate
