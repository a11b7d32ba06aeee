"""What the `ca` zone does for those who enrol, on the socket `ca`, and the round it makes by itself."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from ca import applications, csr, profiles, tables
from ca.attestation import Attestations
from ca.issuance import Issuance
from ca.parts import Parts
from ca.probe import Probe
from ca.protocol import Certificates, IssueCertificate, IssuedCertificate, ListCertificates, ShowCertificate
from ca.revocation_lists import RevocationLists
from ca.summaries import Summaries
from core.approvals import ApprovalLimits
from core.config import Ca

_MOST = 1000  # lines of one answer


class Authority:
    """The issuing CA."""

    def __init__(
        self,
        settings: Ca,
        attestations: Attestations,
        limits: ApprovalLimits,
        parts: Parts,
        lists: RevocationLists,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._attestations = attestations
        self._parts = parts
        self._lists = lists
        self._issuance = Issuance(parts)
        self._summaries = Summaries(parts)

    def issue(self, request: IssueCertificate) -> IssuedCertificate:
        """Issue a certificate for an attested key.

        Raises:
            AttestationInvalid, ApprovalLapsed, ProofingTooOld: the SAM did not vouch for this, or too long ago.
            RequestMalformed, PossessionNotProven, KeyRefused: the key's own request cannot be accepted.
            NotLinted, KeyAlreadyCertified, AuthorityClosed, AuthorityRevoked, ClockInDoubt: refused, no key was used.
            Unavailable: token or database do not work, or the record is an old copy; nothing was handed out.
        """
        attested = self._attestations.verify(request.attestation)
        word = attested.attestation
        self._limits.check(word.proofed_at, word.approved_at, self._parts.clock.now())
        own_request = csr.read(request.request)
        generation = self._lists.issuing()  # no certificate on top of a record that is an old copy (attack O2)
        profile = profiles.signatory(self._settings, generation.number)
        certificate = self._issuance.issue(applications.of_signatory(profile, attested, own_request), generation)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), generation.certificate_der)

    def show(self, request: ShowCertificate) -> IssuedCertificate:
        """Show one certificate of the record.

        Raises:
            CertificateUnknown: none with this serial number was handed out.
            RecordTampered: the row holds no certificate of this authority under its own serial number.
        """
        with self._parts.database.reading() as connection:
            recorded = tables.certificate(connection, tables.serial_of(request.serial))
        certificate = self._summaries.checked(recorded)
        issuer = self._parts.generations.of_issuer(certificate.issuer.public_bytes())
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), issuer.certificate_der)

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
        """Do what nobody asks for: fresh lists, a checkpoint of the log. Cheap when there is nothing to do."""
        self._parts.generations.look_again()
        self._lists.publish_if_due()
        self._parts.checkpoints.write_if_due(self._parts.clock.now())

    def check(self) -> None:
        """Prove that the zone can work.

        Raises:
            DomainError: token, keys, database or record are not as they must be.
        """
        self._parts.database.check()
        self._lists.check_record()
        for generation in self._lists.open():
            Probe(generation.issuer, generation.key, self._parts.entropy).sign_and_verify()
