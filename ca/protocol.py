"""The messages of the `ca` zone's three sockets.

`CA` is for whoever enrols: the caller says which key and for whom only through the SAM's attestation, with the key's own
signature on a request; profile, validity,
policy and issuer are the CA's own business, so there is no field for them (attack W4). `CA_ADMIN` is for the
administrator's commands: the certificates of the service's own parts, revocation, lists, the audit log; `web` cannot
open that socket. `CA_STATUS` is the feed by which `status` follows the record; it changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from ca import admin_protocol
from ca.admin_protocol import By
from channel import stamping
from channel.protocol import Call, Message, Protocol
from channel.stamping import CheckpointsVerified
from core import approvals
from core.errors import ClockInDoubt, DomainError, Malformed, RecordTampered
from core.statements import KeyAttestation, RevocationOrder


class AttestationInvalid(DomainError):
    """The SAM did not vouch for this key and this person."""


class OrderInvalid(DomainError):
    """The SAM did not order the revocation of this credential's certificate."""


class KeyAlreadyCertified(DomainError):
    """There is a certificate for this public key already."""


class NotLinted(DomainError):
    """The certificate that would have been signed breaks a rule of its profile; the detail names it."""


class CertificateUnknown(DomainError):
    """No certificate with this serial number was issued."""


class RequestMalformed(DomainError):
    """Not a certification request (PKCS#10, DER), or one that asks for what only the profile decides."""


class PossessionNotProven(DomainError):
    """The certification request is not signed with the key it is about, or with an algorithm that is not used."""


class KeyRefused(Malformed):
    """A public key that is too weak, of a kind that is not used, or not in DER; the detail says which."""


class NameRefused(DomainError):
    """A name that no certificate may have: too long, of characters that are not allowed, or not the provider's own."""


class ReasonUnknown(DomainError):
    """No reason of RFC 5280 §5.3.1 for which an end entity's certificate may be revoked; the detail lists them."""


class AlreadyRevoked(DomainError):
    """The certificate is revoked, which is final."""


class AlreadySuspended(DomainError):
    """The certificate is suspended."""


class NotSuspended(DomainError):
    """The certificate is not suspended, so there is nothing to end."""


class CertificateEnded(DomainError):
    """The certificate's validity is over: its status does not change any more."""


class InvalidSinceRefused(DomainError):
    """The day since which a certificate is said to be invalid lies before it was issued, or in the future."""


class StillInForce(DomainError):
    """There are certificates neither expired nor revoked, so the next revocation list cannot be the last one."""


class AuthorityClosed(DomainError):
    """The last revocation list was issued: this authority signs nothing any more."""


class GenerationUnknown(DomainError):
    """There is no generation of the issuing CA with this number."""


class AlreadySucceeded(DomainError):
    """This generation of the issuing CA issues already, or a later one does."""


class RotationRefused(DomainError):
    """A rotation of the issuing key that cannot be carried out; the detail says why."""


class AuthorityRevoked(DomainError):
    """The root revoked this issuing CA: it certifies nobody any more."""


class AuditBroken(DomainError):
    """The audit log is not whole. `row` is the first row that is altered, missing or out of order."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(f"row {row}: {what}")
        self.row = row


class IssueCertificate(Message, frozen=True):
    """Issue a signatory's certificate for an attested key.

    The request is a PKCS#10 in DER, signed with that key. It proves that the key is held, and says nothing else: whoever
    may be named in it, the subject is the attestation's.
    """

    attestation: KeyAttestation
    request: bytes


class IssuedCertificate(Message, frozen=True):
    """A certificate that is on record, and its issuer."""

    certificate: bytes  # DER
    issuer: bytes  # DER


class CertificateSummary(Message, frozen=True):
    """One line of the issuance record."""

    serial: str  # hex
    subject: str  # RFC 4514
    profile: str
    not_before: datetime
    not_after: datetime
    status: Literal["good", "suspended", "revoked", "unfinished"]  # unfinished: perhaps signed, never handed out
    credential: str = ""  # the SAM's name for a signatory's credential
    reason: str = ""  # of a suspension or revocation, as RFC 5280 §5.3.1 spells it
    since: datetime | None = None  # when it was suspended or revoked
    generation: int = 1  # of the issuing CA that issued it


class ListCertificates(Message, frozen=True):
    """Ask for the issuance record, newest first."""

    limit: int = 100
    after_serial: str = ""
    unfinished: bool = False  # instead: those that were perhaps signed and never handed out
    credential: str = ""  # only those of this credential of the SAM's: found so after a crash between the two


class Certificates(Message, frozen=True):
    """Part of the issuance record."""

    certificates: list[CertificateSummary]


class ShowCertificate(Message, frozen=True):
    """Ask for one certificate by serial number (hex)."""

    serial: str


class CertificateState(Message, frozen=True):
    """What the status of one certificate is from one change of the record on."""

    change: int  # rises by one with each change of the record; one certificate may come again with a higher one
    issuer: str  # SHA-256 of the issuer's SubjectPublicKeyInfo, hex
    serial: str  # 40 lower-case hexadecimal digits
    not_after: datetime
    revoked_at: datetime | None  # None: good
    reason: str  # "" while good, else as RFC 5280 §5.3.1 spells it: "keyCompromise", "certificateHold", …


class StatusChanges(Message, frozen=True):
    """Ask for what has changed in the record since change number `after`, oldest first."""

    after: int
    limit: int = 1000


class ChangedStates(Message, frozen=True):
    """A stretch of the changes; empty when there is none yet."""

    states: list[CertificateState]


NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # nextUpdate of the last CRL; RFC 5280 §4.1.2.5
ServiceKind = Literal["ocsp", "tsu", "list-signer"]
REVOCATION_REASONS: Final = (  # RFC 5280 §5.3.1, those that an end entity's certificate may be revoked for
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)


class CertifyService(Message, frozen=True):
    """Issue a certificate for a part of the service itself: OCSP responder, time-stamping unit, signer of the list.

    The request is a PKCS#10 in DER, signed with the key it is about. Of its subject the common name counts; country and
    organization are the authority's own, and may be left out.
    """

    kind: ServiceKind
    request: bytes
    by: By
    generation: int = 0  # of the issuing CA whose responder it is; 0: the one that issues


class CertifyLegalPerson(Message, frozen=True):
    """Issue a legal person's certificate for seals, from vetted data, for the key of a PKCS#10 (DER) signed with it.

    Whatever the request's own subject says must be what was vetted.
    """

    request: bytes
    organization: str  # full registered name
    identifier: str  # EN 319 412-1 §5.1.4: VATRO-12345678, NTRRO-J40/1234/2020, …
    common_name: str
    by: By


class CarryOutRevocation(Message, frozen=True):
    """Revoke a certificate on the SAM's order: its signatory asked for it, and proved who they are."""

    order: RevocationOrder


class DescribeCertificate(Message, frozen=True):
    """Ask for one line of the record by serial number (hex), of an unfinished certificate too."""

    serial: str


class RevokeCertificate(Message, frozen=True):
    """Revoke a certificate for good, from now on."""

    serial: str  # hex
    reason: str
    by: By
    invalid_since: datetime | None = None  # since when the key is thought to be in wrong hands (RFC 5280 §5.3.2)
    rehearse: bool = False  # only say whether it would be done


class SuspendCertificate(Message, frozen=True):
    """Suspend a certificate from now on (certificateHold)."""

    serial: str  # hex
    by: By
    rehearse: bool = False  # only say whether it would be done


class ResumeCertificate(Message, frozen=True):
    """End the suspension of a certificate, from now on."""

    serial: str  # hex
    by: By


class StatusChanged(Message, frozen=True):
    """The status on record, and the list that says so."""

    serial: str
    status: Literal["good", "suspended", "revoked"]
    at: datetime
    crl_number: int | None  # None: it could not be issued at once; the zone tries again by itself


class VerifyAudit(Message, frozen=True):
    """Verify the audit log from its first row, the record against it, and every checkpoint."""


class AuditVerified(Message, frozen=True):
    """The log is whole, and the record and every checkpoint agree with it."""

    rows: int
    head: str  # hex of the last link
    checkpoints: CheckpointsVerified


class PublishCrl(Message, frozen=True):
    """Issue and publish a new CRL now."""

    by: By
    generation: int = 0  # of the issuing CA; 0: the one that issues


class PublishTrustedList(Message, frozen=True):
    """Issue and publish a new trusted list now."""

    by: By


class TrustedListPublished(Message, frozen=True):
    """The trusted list that is served from now on."""

    number: int
    issued_at: datetime
    next_update: datetime
    services: int


class CertificateEnd(Message, frozen=True):
    """A certificate, and until when it lives."""

    subject: str  # RFC 4514
    serial: str  # hex
    not_after: datetime


class ListState(Message, frozen=True):
    """The newest list of a kind on record."""

    number: int
    issued_at: datetime
    next_update: datetime  # the year 9999 in the last revocation list
    entries: int = 0


class AskOverview(Message, frozen=True):
    """Ask for the state of the authority at one glance."""


class Overview(Message, frozen=True):
    """What lives how long, and what waits for somebody."""

    now: datetime  # by the authority's clock
    authorities: list[CertificateEnd]  # root, then the generations of the issuing CA, oldest first
    issuing: int  # the generation that issues
    services: list[CertificateSummary]  # the newest of each part: responder, time-stamping unit, the list's signer
    crl: ListState | None  # of the generation that issues
    trusted_list: ListState | None
    certificates: dict[str, int]  # in force or suspended or revoked before their end, by status
    unfinished: int  # perhaps signed, never handed out, not revoked
    proposals: int  # that wait for somebody
    admins: int  # who can act
    locked_admins: list[str]


class CrlPublished(Message, frozen=True):
    """The CRL that is served from now on."""

    number: int
    this_update: datetime
    next_update: datetime  # the year 9999 in the last one
    entries: int
    generation: int = 0  # of the issuing CA; 0: the root's


CA = Protocol(
    "ca",
    (
        Call(IssueCertificate, IssuedCertificate, limit=40_000, seconds=20.0),
        Call(ListCertificates, Certificates),
        Call(ShowCertificate, IssuedCertificate),
        Call(CarryOutRevocation, StatusChanged, limit=2_000, seconds=30.0),
    ),
    errors=(
        AttestationInvalid,
        *approvals.ALL,
        RequestMalformed,
        PossessionNotProven,
        KeyRefused,
        KeyAlreadyCertified,
        NotLinted,
        CertificateUnknown,
        OrderInvalid,
        AlreadyRevoked,
        CertificateEnded,
        AuthorityClosed,
        AuthorityRevoked,
        ClockInDoubt,
    ),
)
CA_ADMIN = Protocol(
    "ca-admin",
    (
        Call(admin_protocol.SignIn, admin_protocol.SignedInUntil),
        Call(admin_protocol.Enrol, admin_protocol.Enrolled),
        Call(admin_protocol.ListAdmins, admin_protocol.AdminList),
        Call(admin_protocol.Propose, admin_protocol.ProposalOnRecord, limit=10_000_000, seconds=60.0),
        Call(admin_protocol.Approve, admin_protocol.ProposalOnRecord, seconds=60.0),
        Call(admin_protocol.CarryOut, admin_protocol.ProposalOnRecord, seconds=60.0),
        Call(admin_protocol.Reject, admin_protocol.ProposalOnRecord),
        Call(admin_protocol.BeginRevocations, admin_protocol.RevocationsBegun),
        Call(admin_protocol.RevokePart, admin_protocol.PartRevoked, seconds=30.0),
        Call(admin_protocol.EndRevocations, admin_protocol.ProposalOnRecord, seconds=60.0),
        Call(admin_protocol.ShowProposal, admin_protocol.ProposalOnRecord),
        Call(admin_protocol.ListProposals, admin_protocol.Proposals, seconds=30.0),
        Call(CertifyService, IssuedCertificate, limit=20_000, seconds=20.0),
        Call(CertifyLegalPerson, IssuedCertificate, limit=20_000, seconds=20.0),
        Call(DescribeCertificate, CertificateSummary),
        Call(RevokeCertificate, StatusChanged, seconds=30.0),
        Call(SuspendCertificate, StatusChanged, seconds=30.0),
        Call(ResumeCertificate, StatusChanged, seconds=30.0),
        Call(PublishCrl, CrlPublished, seconds=30.0),
        Call(PublishTrustedList, TrustedListPublished, seconds=30.0),
        Call(AskOverview, Overview, seconds=30.0),
        Call(VerifyAudit, AuditVerified, seconds=120.0),
        *stamping.CALLS,
    ),
    errors=(
        RequestMalformed,
        PossessionNotProven,
        KeyRefused,
        NameRefused,
        KeyAlreadyCertified,
        NotLinted,
        CertificateUnknown,
        ReasonUnknown,
        AlreadyRevoked,
        AlreadySuspended,
        NotSuspended,
        CertificateEnded,
        InvalidSinceRefused,
        StillInForce,
        GenerationUnknown,
        RotationRefused,
        AlreadySucceeded,
        AuthorityClosed,
        AuthorityRevoked,
        AuditBroken,
        RecordTampered,
        ClockInDoubt,
        *stamping.ERRORS,
        *admin_protocol.ERRORS,
    ),
)
CA_STATUS = Protocol(
    "ca-status",
    (Call(StatusChanges, ChangedStates, seconds=2.0),),  # whoever asks about a certificate waits meanwhile
    errors=(RecordTampered,),
)
