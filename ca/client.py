"""What other zones and commands hold of the authority: its calls as methods, over whatever carries them.

Every method may raise `Unavailable` and the errors of `ca.protocol`; those listed are the ones to expect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ca import admin_protocol as asked
from ca import protocol
from ca.acts import AnyAct
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
    """The calls of the socket `ca-admin`, each in the name of `by`."""

    def __init__(self, caller: Caller, by: asked.By) -> None:
        self._caller = caller
        self._by = by

    def certify(
        self, kind: protocol.ServiceKind, request_der: bytes, generation: int = 0
    ) -> protocol.IssuedCertificate:
        """Have a certificate issued for a part of the service, against a PKCS#10 signed with its key.

        `generation` is that of the issuing CA whose responder it is; 0 is the one that issues.

        Raises:
            GenerationUnknown: there is none such.
            NotSignedIn, NotMandated: `by` may not have it issued.
            RequestMalformed, PossessionNotProven, KeyRefused, NameRefused, KeyAlreadyCertified, NotLinted: none was.
        """
        return self._caller.call(
            protocol.CertifyService(kind, request_der, self._by, generation), protocol.IssuedCertificate
        )

    def certify_legal_person(
        self, request_der: bytes, organization: str, identifier: str, common_name: str
    ) -> protocol.IssuedCertificate:
        """Have a legal person's certificate issued, from vetted data, against a PKCS#10 signed with its key.

        Raises:
            NotSignedIn, NotMandated: `by` may not have it issued.
            RequestMalformed, PossessionNotProven, KeyRefused, NameRefused, KeyAlreadyCertified, NotLinted: none was.
        """
        vetted = protocol.CertifyLegalPerson(request_der, organization, identifier, common_name, self._by)
        return self._caller.call(vetted, protocol.IssuedCertificate)

    def describe(self, serial: str) -> protocol.CertificateSummary:
        """Return one line of the record.

        Raises:
            CertificateUnknown: there is none with this serial number (hex).
        """
        return self._caller.call(protocol.DescribeCertificate(serial), protocol.CertificateSummary)

    def revoke(
        self, serial: str, reason: str, invalid_since: datetime | None = None, *, rehearse: bool = False
    ) -> protocol.StatusChanged:
        """Revoke a certificate for good, from now on; with `rehearse`, only say whether that would be done.

        Raises:
            NotSignedIn, NotMandated: `by` may not revoke.
            CertificateUnknown, ReasonUnknown, AlreadyRevoked, CertificateEnded, InvalidSinceRefused: it is not revoked.
        """
        wanted = protocol.RevokeCertificate(serial, reason, self._by, invalid_since, rehearse)
        return self._caller.call(wanted, protocol.StatusChanged)

    def suspend(self, serial: str, *, rehearse: bool = False) -> protocol.StatusChanged:
        """Suspend a certificate from now on; with `rehearse`, only say whether that would be done.

        Raises:
            CertificateUnknown, AlreadyRevoked, AlreadySuspended, CertificateEnded: its status stays.
        """
        return self._caller.call(protocol.SuspendCertificate(serial, self._by, rehearse), protocol.StatusChanged)

    def resume(self, serial: str) -> protocol.StatusChanged:
        """End the suspension of a certificate.

        Raises:
            NotSignedIn, NotMandated: `by` may not end it.
            CertificateUnknown, AlreadyRevoked, NotSuspended, CertificateEnded: its status stays.
        """
        return self._caller.call(protocol.ResumeCertificate(serial, self._by), protocol.StatusChanged)

    def publish_crl(self, generation: int = 0) -> protocol.CrlPublished:
        """Have a new CRL issued and published now, of a generation of the issuing CA; 0 is the one that issues.

        Raises:
            GenerationUnknown: there is none such.
            AuthorityClosed, ClockInDoubt: there will be no new one, or not with this clock.
        """
        return self._caller.call(protocol.PublishCrl(self._by, generation), protocol.CrlPublished)

    def publish_trusted_list(self) -> protocol.TrustedListPublished:
        """Have a new trusted list issued and published now.

        Raises:
            RecordTampered, ClockInDoubt: there will be none from this record, or not with this clock.
        """
        return self._caller.call(protocol.PublishTrustedList(self._by), protocol.TrustedListPublished)

    def overview(self) -> protocol.Overview:
        """Return the state of the authority at one glance."""
        return self._caller.call(protocol.AskOverview(), protocol.Overview)

    def verify_audit(self) -> protocol.AuditVerified:
        """Have the audit log verified from its first row, the record against it, and every checkpoint.

        Raises:
            AuditBroken: it is not whole.
        """
        return self._caller.call(protocol.VerifyAudit(), protocol.AuditVerified)


class CaControl:
    """The calls of the socket `ca-admin` by which administrators sign in and decide."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def sign_in(self, name: str, password: str, code: str) -> asked.SignedInUntil:
        """Begin a session with an administrator's password and present TOTP code.

        Raises:
            SignInRefused, AdminLocked: there is none.
        """
        return self._caller.call(asked.SignIn(name, password, code), asked.SignedInUntil)

    def enrol(self, name: str, first_half: str, second_half: str, password: str) -> asked.Enrolled:
        """Accept an invitation, with both halves of its code.

        Raises:
            InvitationRefused, PasswordRefused: it is not accepted.
        """
        return self._caller.call(asked.Enrol(name, first_half, second_half, password), asked.Enrolled)

    def admins(self) -> list[asked.AdminSummary]:
        """Return all administrators, by name."""
        return self._caller.call(asked.ListAdmins(), asked.AdminList).admins

    def propose(self, session: str, act: AnyAct) -> asked.ProposalOnRecord:
        """Propose an act that takes two people.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: the act could not be carried out.
        """
        return self._caller.call(asked.Propose(session, act), asked.ProposalOnRecord)

    def approve(self, session: str, proposal: str, digest: str) -> asked.ProposalOnRecord:
        """Approve what another administrator proposed; `digest` is that of the act which was seen.

        Raises:
            NotSignedIn, SamePerson, ProposalUnknown, ProposalChanged, ProposalClosed, ProposalExpired: it is not approved.
        """
        return self._caller.call(asked.Approve(session, proposal, digest), asked.ProposalOnRecord)

    def carry_out(self, session: str, proposal: str) -> asked.ProposalOnRecord:
        """Carry out what was approved and could not be done at once.

        Raises:
            NotSignedIn, ProposalUnknown, NotApproved, ProposalClosed, ProposalExpired: it is not carried out.
            DomainError: what the operation says.
        """
        return self._caller.call(asked.CarryOut(session, proposal), asked.ProposalOnRecord)

    def reject(self, session: str, proposal: str, why: str) -> asked.ProposalOnRecord:
        """Reject a proposal, or take one's own back.

        Raises:
            NotSignedIn, ProposalUnknown, ProposalClosed, ProposalExpired: it stays as it is.
        """
        return self._caller.call(asked.Reject(session, proposal, why), asked.ProposalOnRecord)

    def begin_revocations(self, proposal: str) -> list[str]:
        """Begin revoking what was approved, or go on with it; return the serial numbers.

        Raises:
            ProposalUnknown, NotApproved, ProposalClosed, ProposalExpired, OtherAct: nothing is revoked.
        """
        return self._caller.call(asked.BeginRevocations(proposal), asked.RevocationsBegun).serials

    def revoke_part(self, proposal: str, serials: list[str]) -> asked.PartRevoked:
        """Revoke some of what was approved, at most a hundred.

        Raises:
            ActRefused: something else than was approved.
        """
        return self._caller.call(asked.RevokePart(proposal, serials), asked.PartRevoked)

    def end_revocations(self, proposal: str) -> asked.ProposalOnRecord:
        """Finish, once nothing of what was approved is left.

        Raises:
            ActRefused: something is left.
        """
        return self._caller.call(asked.EndRevocations(proposal), asked.ProposalOnRecord)

    def proposal(self, proposal: str) -> asked.ProposalSummary:
        """Return one proposal.

        Raises:
            ProposalUnknown: there is none of this name.
        """
        return self._caller.call(asked.ShowProposal(proposal), asked.ProposalOnRecord).proposal

    def proposals(self, limit: int = 100, *, waiting: bool = False) -> list[asked.ProposalSummary]:
        """Return proposals, newest first; with `waiting`, those that wait for somebody."""
        return self._caller.call(asked.ListProposals(limit, waiting), asked.Proposals).proposals


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
