"""What the `ca` zone does for administrators, on the socket `ca-admin`.

Revocation and suspension, revocation lists, the audit log. Who may ask for it is decided in `ca.mandates`.
"""

from __future__ import annotations

from ca import tables
from ca.admin_protocol import By
from ca.generations import Generation
from ca.mandates import Deed, Mandates
from ca.parts import Parts
from ca.protocol import (
    AuditVerified,
    CertificateSummary,
    CrlPublished,
    DescribeCertificate,
    PublishCrl,
    ResumeCertificate,
    RevokeCertificate,
    StatusChanged,
    SuspendCertificate,
    VerifyAudit,
)
from ca.revocation import Revocations, Wish, check_reason
from ca.revocation_lists import RevocationLists
from ca.statuses import HOLD
from ca.summaries import Summaries
from channel.stamping import CheckpointsVerified


class Administration:
    """The administrator's side of the issuing CA."""

    def __init__(self, parts: Parts, lists: RevocationLists, mandates: Mandates) -> None:
        self._parts = parts
        self._lists = lists
        self._mandates = mandates
        self._revocations = Revocations(parts)
        self._summaries = Summaries(parts)

    def describe(self, request: DescribeCertificate) -> CertificateSummary:
        """Return one line of the record.

        Raises:
            CertificateUnknown: there is none with this serial number.
            RecordTampered: the row is not as this authority wrote it.
        """
        with self._parts.database.reading() as connection:
            return self._summaries.of(connection, tables.certificate(connection, tables.serial_of(request.serial)))

    def revoke(self, request: RevokeCertificate) -> StatusChanged:
        """Revoke a certificate, and issue a list that says so.

        Raises:
            NotSignedIn, NotMandated: who asks may not do it.
            DomainError: as `Revocations.change`; AuthorityClosed.
        """
        wish = Wish(
            serial=request.serial,
            status="revoked",
            by=self._check(request.by, "revoke"),
            reason=request.reason,
            invalid_since=request.invalid_since,
        )
        return self.change(wish, rehearse=request.rehearse)

    def suspend(self, request: SuspendCertificate) -> StatusChanged:
        """Suspend a certificate, and issue a list that says so.

        Raises:
            NotSignedIn, NotMandated: who asks may not do it.
            DomainError: as `Revocations.change`; AuthorityClosed.
        """
        by = self._check(request.by, "suspend")
        wish = Wish(serial=request.serial, status="suspended", by=by, reason=HOLD)
        return self.change(wish, rehearse=request.rehearse)

    def resume(self, request: ResumeCertificate) -> StatusChanged:
        """End a suspension, and issue a list that says so.

        Raises:
            NotSignedIn, NotMandated: who asks may not do it.
            DomainError: as `Revocations.change`; AuthorityClosed.
        """
        return self.change(Wish(serial=request.serial, status="good", by=self._check(request.by, "resume")))

    def change(self, wish: Wish, *, rehearse: bool = False) -> StatusChanged:
        """Give a certificate another status for who was found to be allowed to, and issue a list that says so.

        Raises:
            DomainError: as `Revocations.change`; AuthorityClosed.
        """
        check_reason(wish)
        generation = self._generation_of(wish.serial)
        self._lists.check_lists(generation)
        if rehearse:
            return StatusChanged(wish.serial, wish.status, self._revocations.rehearse(wish), None)
        change = self._revocations.change(wish)
        return StatusChanged(change.serial, change.status, change.at, self._lists.of(generation).publish_or_wait())

    def publish_crl(self, request: PublishCrl) -> CrlPublished:
        """Issue and publish a CRL now: of the generation that issues, unless another is named.

        Raises:
            NotSignedIn: nobody's session.
            GenerationUnknown: there is none such.
            DomainError: as `CrlIssuer.publish`.
        """
        self._check(request.by, "publish")
        if request.generation:
            generation = self._parts.generations.numbered(request.generation)
        else:
            with self._parts.database.reading() as connection:
                generation = self._parts.successions.issuing(connection)
        return self._lists.of(generation).publish()

    def verify_audit(self, _request: VerifyAudit) -> AuditVerified:
        """Verify the audit log, the record against it, and every checkpoint.

        Raises:
            AuditBroken: the first row that is altered, missing or out of order, or that record or a checkpoint contradict.
        """
        with self._parts.database.reading() as connection:
            rows, head = self._parts.audit.verify_with_record(connection)
        checkpoints = self._parts.checkpoints.verify(self._parts.clock.now())
        return AuditVerified(rows, head.hex(), CheckpointsVerified(*checkpoints))

    def _check(self, by: By, deed: Deed) -> str:
        with self._parts.database.reading() as connection:
            return self._mandates.check(connection, by, deed)

    def _generation_of(self, serial: str) -> Generation:
        with self._parts.database.reading() as connection:
            recorded = tables.certificate(connection, tables.serial_of(serial))
            return self._revocations.generation(connection, recorded)
