"""What other zones and commands hold of the authority: its calls as methods, over whatever carries them.

Every method may raise `Unavailable` and the errors of `ca.protocol`; those listed are the ones to expect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ca import protocol
from channel.protocol import Done, Health, M, Message
from core.statements import KeyAttestation, RevocationOrder


class Caller(Protocol):
    """Carries a request to a zone and its answer back: `channel.client.Channel`, or a test's way round the socket."""

    def call(self, request: Message, reply: type[M]) -> M:
        """Send `request` and return the answer.

        Raises:
            DomainError: the zone refused; the error it named.
            Unavailable: the zone does not answer, or not in time.
        """
        ...


class CaClient:
    """The calls of the socket `ca`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def issue(self, attestation: KeyAttestation, request_der: bytes) -> protocol.IssuedCertificate:
        """Have a signatory's certificate issued for an attested key, against a PKCS#10 signed with it.

        Raises:
            AttestationInvalid, ApprovalLapsed, ProofingTooOld, RequestMalformed, PossessionNotProven, KeyRefused,
            KeyAlreadyCertified, NotLinted, ClockInDoubt: none was issued.
        """
        return self._caller.call(protocol.IssueCertificate(attestation, request_der), protocol.IssuedCertificate)

    def list(
        self, limit: int = 100, after_serial: str = "", *, unfinished: bool = False, credential: str = ""
    ) -> list[protocol.CertificateSummary]:
        """Return the issuance record, newest first, beginning behind `after_serial`; or what was left unfinished.

        With `credential`, only what was issued for that one.

        Raises:
            CertificateUnknown: `after_serial` is no serial number.
        """
        asked = protocol.ListCertificates(limit, after_serial, unfinished, credential)
        return self._caller.call(asked, protocol.Certificates).certificates

    def show(self, serial: str) -> protocol.IssuedCertificate:
        """Return one certificate and its issuer.

        Raises:
            CertificateUnknown: there is none with this serial number (hex).
        """
        return self._caller.call(protocol.ShowCertificate(serial), protocol.IssuedCertificate)

    def carry_out(self, order: RevocationOrder) -> protocol.StatusChanged:
        """Have a certificate revoked on the SAM's order.

        Raises:
            OrderInvalid, CertificateUnknown, AlreadyRevoked, CertificateEnded: its status stays.
        """
        return self._caller.call(protocol.CarryOutRevocation(order), protocol.StatusChanged)

    def check(self) -> None:
        """Have the authority prove that it can issue.

        Raises:
            Unavailable: it cannot.
        """
        self._caller.call(Health(), Done)


class CaAdmin:
    """The calls of the socket `ca-admin`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def certify(self, kind: protocol.ServiceKind, request_der: bytes) -> protocol.IssuedCertificate:
        """Have a certificate issued for a part of the service, against a PKCS#10 signed with its key.

        Raises:
            RequestMalformed, PossessionNotProven, KeyRefused, NameRefused, KeyAlreadyCertified, NotLinted: none was.
        """
        return self._caller.call(protocol.CertifyService(kind, request_der), protocol.IssuedCertificate)

    def describe(self, serial: str) -> protocol.CertificateSummary:
        """Return one line of the record.

        Raises:
            CertificateUnknown: there is none with this serial number (hex).
        """
        return self._caller.call(protocol.DescribeCertificate(serial), protocol.CertificateSummary)

    def revoke(
        self, serial: str, reason: str, by: str, invalid_since: datetime | None = None, *, rehearse: bool = False
    ) -> protocol.StatusChanged:
        """Revoke a certificate for good, from now on; with `rehearse`, only say whether that would be done.

        Raises:
            CertificateUnknown, ReasonUnknown, AlreadyRevoked, CertificateEnded, InvalidSinceRefused: it is not revoked.
        """
        asked = protocol.RevokeCertificate(serial, reason, by, invalid_since, rehearse)
        return self._caller.call(asked, protocol.StatusChanged)

    def suspend(self, serial: str, by: str, *, rehearse: bool = False) -> protocol.StatusChanged:
        """Suspend a certificate from now on; with `rehearse`, only say whether that would be done.

        Raises:
            CertificateUnknown, AlreadyRevoked, AlreadySuspended, CertificateEnded: its status stays.
        """
        return self._caller.call(protocol.SuspendCertificate(serial, by, rehearse), protocol.StatusChanged)

    def resume(self, serial: str, by: str) -> protocol.StatusChanged:
        """End the suspension of a certificate.

        Raises:
            CertificateUnknown, AlreadyRevoked, NotSuspended, CertificateEnded: its status stays.
        """
        return self._caller.call(protocol.ResumeCertificate(serial, by), protocol.StatusChanged)

    def publish_crl(self, *, last: bool = False) -> protocol.CrlPublished:
        """Have a new CRL issued and published now.

        Raises:
            StillInForce: it cannot be the last one.
            AuthorityClosed, ClockInDoubt: there will be no new one, or not with this clock.
        """
        return self._caller.call(protocol.PublishCrl(last), protocol.CrlPublished)

    def publish_trusted_list(self) -> protocol.TrustedListPublished:
        """Have a new trusted list issued and published now.

        Raises:
            RecordTampered, ClockInDoubt: there will be none from this record, or not with this clock.
        """
        return self._caller.call(protocol.PublishTrustedList(), protocol.TrustedListPublished)

    def verify_audit(self) -> protocol.AuditVerified:
        """Have the audit log verified from its first row, and the record against it.

        Raises:
            AuditBroken: it is not whole.
        """
        return self._caller.call(protocol.VerifyAudit(), protocol.AuditVerified)


class CaStatus:
    """The calls of the socket `ca-status`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def changes(self, after: int, limit: int = 1000) -> list[protocol.CertificateState]:
        """Return what has changed after change number `after`, oldest first.

        Raises:
            RecordTampered: the record is not as the authority wrote it.
        """
        return self._caller.call(protocol.StatusChanges(after, limit), protocol.ChangedStates).states
