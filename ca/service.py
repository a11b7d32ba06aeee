"""What the `ca` zone does for those who enrol, on the socket `ca`, and the round it makes by itself."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import applications, csr, tables
from ca.attestation import Attestations
from ca.crl_issuer import CrlIssuer
from ca.issuance import Issuance
from ca.parts import Parts
from ca.probe import Probe
from ca.profiles import Profile
from ca.protocol import Certificates, IssueCertificate, IssuedCertificate, ListCertificates, ShowCertificate
from ca.summaries import Summaries
from core.approvals import ApprovalLimits

_MOST = 1000  # lines of one answer


class Authority:
    """The issuing CA."""

    def __init__(
        self,
        certificate: x509.Certificate,
        profile: Profile,
        attestations: Attestations,
        limits: ApprovalLimits,
        parts: Parts,
        crl: CrlIssuer,
    ) -> None:
        self._certificate_der = certificate.public_bytes(Encoding.DER)
        self._profile = profile
        self._limits = limits
        self._attestations = attestations
        self._parts = parts
        self._crl = crl
        self._issuance = Issuance(parts)
        self._summaries = Summaries(parts)
        self._probe = Probe(parts.issuer, parts.key, parts.entropy)

    def issue(self, request: IssueCertificate) -> IssuedCertificate:
        """Issue a certificate for an attested key.

        Raises:
            AttestationInvalid, ApprovalLapsed, ProofingTooOld: the SAM did not vouch for this, or too long ago.
            RequestMalformed, PossessionNotProven, KeyRefused: the key's own request cannot be accepted.
            NotLinted, KeyAlreadyCertified, AuthorityClosed, ClockInDoubt: refused, no key was used.
            Unavailable: token or database do not work, or the record is an old copy; nothing was handed out.
        """
        attested = self._attestations.verify(request.attestation)
        word = attested.attestation
        self._limits.check(word.proofed_at, word.approved_at, self._parts.clock.now())
        application = applications.of_signatory(self._profile, attested, csr.read(request.request))
        self._crl.check_open()  # no certificate on top of a record that is an old copy (attack O2)
        certificate = self._issuance.issue(application)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), self._certificate_der)

    def show(self, request: ShowCertificate) -> IssuedCertificate:
        """Show one certificate of the record.

        Raises:
            CertificateUnknown: none with this serial number was handed out.
            RecordTampered: the row holds no certificate of this authority under its own serial number.
        """
        with self._parts.database.reading() as connection:
            recorded = tables.certificate(connection, tables.serial_of(request.serial))
        certificate = self._summaries.checked(recorded)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), self._certificate_der)

    def list(self, request: ListCertificates) -> Certificates:
        """List the record, newest first.

        Raises:
            CertificateUnknown: the serial number to go on after is no number.
            RecordTampered: a row holds no certificate of this authority under its own serial number.
        """
        after = tables.serial_of(request.after_serial) if request.after_serial else None
        limit = max(1, min(request.limit, _MOST))
        with self._parts.database.reading() as connection:
            rows = tables.newest_certificates(
                connection, limit, after, unfinished=request.unfinished, credential=request.credential
            )
            return Certificates([self._summaries.of(connection, row) for row in rows])

    def make_round(self) -> None:
        """Do what nobody asks for: a fresh CRL, a checkpoint of the log. Cheap when there is nothing to do."""
        self._crl.publish_if_due()
        self._parts.checkpoints.write_if_due(self._parts.clock.now())

    def check(self) -> None:
        """Prove that the zone can work.

        Raises:
            DomainError: token, key, database or record are not as they must be.
        """
        self._parts.database.check()
        self._crl.check_record()
        self._probe.sign_and_verify()
