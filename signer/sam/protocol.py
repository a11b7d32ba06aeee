"""The messages of the SAM's two sockets.

`SAM` is what the `web` zone may say. It has no field for anything the SAM must know by itself: no time, no phone
number, no text, no "already checked" (attack W7). `ADMIN` is for the operator's commands: registering a portal,
approving a person, making and ending credentials; `web` cannot open that socket.

A request is either the portal's own signed word (`SignedRequest`, an RFC 9101 request object) or what `web` says the
portal asked (`CarriedRequest`): the second is the lower trust mode and needs a credential that allows it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from channel import stamping
from channel.protocol import SMALL, Call, Done, Message, Protocol
from channel.stamping import CheckpointsVerified
from core.errors import ClockInDoubt, MalformedDigest, RecordStale, RecordTampered, UnknownAlgorithm
from core.statements import IncrementVerdict, KeyAttestation, RevocationOrder
from signer.sam import errors

HashType = Literal["sodr", "sdr", "dtbsr"]  # CSC API v2.2 hashType: what an authorised digest is a digest of


class AuthorisedDigest(Message, frozen=True):
    """One thing to be signed.

    `sodr`: a document as the portal holds it, which the service will prepare and sign. `sdr`: the bytes that a
    signature will cover, prepared by the portal itself. `dtbsr`: what the key signs.
    """

    type: HashType
    value: bytes
    label: str


class CarriedRequest(Message, frozen=True):
    """A request that the portal did not sign: `web` vouches for it, in the lower trust mode."""

    account: str
    credential: str
    hash_oid: str
    digests: list[AuthorisedDigest]


class OpenTransaction(Message, frozen=True):
    """Open a transaction and send the code by SMS. Exactly one of the two requests is given."""

    client: str
    language: Literal["ro", "en"]
    request_object: str | None = None  # compact JWS signed with the portal's registered key
    carried: CarriedRequest | None = None


class TransactionView(Message, frozen=True):
    """What the authorization page shows of a transaction."""

    transaction: str
    client_name: str
    signatory_name: str
    labels: list[str]
    types: list[HashType]  # one for each label
    signed_by_portal: bool  # false: the lower trust mode
    fingerprint: str  # "BKRT MPLD", as in the SMS
    phone_tail: str  # last two digits
    state: Literal["open", "authorised", "cancelled", "stopped", "closed"]
    tries_left: int
    code_number: int  # which code of this transaction is the present one, from 1; the ones before it open nothing
    code_expires_at: datetime
    resend_at: datetime | None  # None: no more sendings of this code
    sends_left: int
    certificate_ends_at: datetime


class ShowTransaction(Message, frozen=True):
    """Ask how a transaction stands."""

    transaction: str
    client: str


class ResendCode(Message, frozen=True):
    """Send the code again: the same while it lives, a new one after."""

    transaction: str
    client: str


class SubmitCode(Message, frozen=True):
    """Judge the code that the signatory typed."""

    transaction: str
    client: str
    code: str


class Authorised(Message, frozen=True):
    """The signature activation data: opaque, about 300 characters of base64url."""

    sad: str
    expires_at: datetime
    credential: str
    signatures: int


class CancelTransaction(Message, frozen=True):
    """End a transaction for good; also what revoking its token means."""

    transaction: str
    client: str


class RevokeSad(Message, frozen=True):
    """End the transaction that a SAD belongs to."""

    sad: str
    client: str


class SignHashes(Message, frozen=True):
    """Sign digests that were authorised as `dtbsr`: the answer is `Signatures`."""

    sad: str
    client: str
    credential: str
    hash_oid: str
    algorithm: str  # value of SignatureAlgorithm
    digests: list[bytes]


class Signatures(Message, frozen=True):
    """Signature values in the order of the digests asked: ECDSA as DER, RSA as a raw block."""

    signatures: list[bytes]


class SignContents(Message, frozen=True):
    """Sign contents whose digests were authorised as `sdr`: the answer is `ContentSignatures`.

    `form` says what the signature is part of: a PDF says by itself when it was signed, a CAdES signature must.
    """

    sad: str
    client: str
    credential: str
    hash_oid: str
    algorithm: str
    digests: list[bytes]
    form: Literal["pades", "cades"]


class ContentSignatures(Message, frozen=True):
    """CMS SignedData (detached) in the order of the digests asked."""

    cms: list[bytes]


class PreparedDocument(Message, frozen=True):
    """A document and its increment. The reserved room for the CMS lies between the increment's two parts."""

    original: bytes
    increment_before: bytes  # what is hashed before the room, as /ByteRange says
    increment_after: bytes  # what is hashed after it
    verdict: IncrementVerdict


class SignDocument(Message, frozen=True):
    """Sign one document that was authorised as `sodr`; documents of a batch are sent one by one."""

    sad: str
    client: str
    credential: str
    hash_oid: str  # of the authorised digests
    algorithm: str
    document: PreparedDocument


class DocumentSignature(Message, frozen=True):
    """The CMS SignedData to embed, and the increment it belongs to (the first one accepted, when asked again)."""

    cms: bytes
    increment_before: bytes
    increment_after: bytes


class BeginOwnRevocation(Message, frozen=True):
    """Send a code to a signatory who wants their own certificate revoked, if there is one whom this describes.

    What is said of the person is compared with sealed records; the code goes to the number in the record. The answer is
    the same when nobody is described.
    """

    subject_serial: str
    phone: str
    language: Literal["ro", "en"]


class OwnRevocationBegun(Message, frozen=True):
    """A request that waits for its code."""

    request: str
    code_expires_at: datetime


class ConfirmOwnRevocation(Message, frozen=True):
    """Judge the code; when it is right, the credential is revoked and its key destroyed. The answer is the order."""

    request: str
    code: str


class OrderedRevocation(Message, frozen=True):
    """What the CA asks for before it revokes."""

    order: RevocationOrder


class ListRevocationOrders(Message, frozen=True):
    """Ask for orders of which the SAM was not told that the CA has them, oldest first, at most a hundred."""


class RevocationOrders(Message, frozen=True):
    """Orders to be carried to the CA."""

    orders: list[RevocationOrder]


class AcknowledgeOrder(Message, frozen=True):
    """Tell the SAM that the CA has carried an order out."""

    request: str


class ListCredentials(Message, frozen=True):
    """Ask which credentials a portal's account has."""

    client: str
    account: str


class DescribeCredential(Message, frozen=True):
    """Ask about one credential of a portal's signatories."""

    client: str
    credential: str


class CredentialView(Message, frozen=True):
    """What a portal may know of a credential."""

    credential: str
    state: Literal["active", "suspended", "superseded", "expired", "revoked"]
    key_type: str  # value of KeyType
    certificates: list[bytes]  # DER, the signatory's first, then the issuing CA's
    multisign: int


class Credentials(Message, frozen=True):
    """Credentials of an account."""

    credentials: list[CredentialView]


class RegisterPortal(Message, frozen=True):
    """Register a portal, or replace its entry: its name for pages and SMS, and the key that signs its requests."""

    client: str
    name: str
    sms_name: str  # GSM-7, no diacritics
    request_key_jwk: str | None  # public JWK (EC P-256 or RSA ≥ 3000 bits); None: lower trust mode only


class Approve(Message, frozen=True):
    """Put on record that a person was identified and may have a credential. The caller has vetted what it says here.

    There is no field for the day: a person was identified when the SAM hears of it.
    """

    given_name: str
    surname: str
    subject_serial: str
    phone: str  # E.164
    email: str
    client: str
    account: str
    allow_carried: bool = False  # lower trust mode allowed for this credential
    anew: bool = False  # the person has a credential, which the new one will replace


class ApproveRenewal(Message, frozen=True):
    """Put on record that a credential may be followed by another one for the same person, on the same proofing."""

    credential: str


class Approved(Message, frozen=True):
    """An approval that waits for its activation."""

    approval: str
    activate_by: datetime


class ListApprovals(Message, frozen=True):
    """Ask which approvals wait for their activation, oldest first."""


class ApprovalView(Message, frozen=True):
    """What an officer sees of an approval."""

    approval: str
    name: str
    client: str
    account: str
    replaces: str  # the credential that the new one will follow; empty: none
    approved_at: datetime
    activate_by: datetime


class OpenApprovals(Message, frozen=True):
    """Approvals that wait."""

    approvals: list[ApprovalView]


class WithdrawApproval(Message, frozen=True):
    """End an approval that was not used."""

    approval: str


class MakeKey(Message, frozen=True):
    """Make a key and a pending credential on an approval."""

    approval: str
    key_type: str  # value of KeyType


class MadeKey(Message, frozen=True):
    """The pending credential, and what the CA asks for: the SAM's word about its key, and the key's own signature."""

    credential: str
    attestation: KeyAttestation
    request: bytes  # PKCS#10, DER


class Activate(Message, frozen=True):
    """Give a pending credential its certificate: the signatory is told, and from then on it signs."""

    credential: str
    certificate: bytes  # DER


class SetState(Message, frozen=True):
    """Suspend a credential, end its suspension, or revoke it for good."""

    credential: str
    state: Literal["active", "suspended", "revoked"]


class ShowCredential(Message, frozen=True):
    """Ask about one credential by its name."""

    credential: str


class ListEnding(Message, frozen=True):
    """Ask which active credentials end before an instant and not before `since`, the earliest first, at most a thousand."""

    until: datetime
    since: datetime | None = None


class CredentialLine(Message, frozen=True):
    """What an officer sees of a credential."""

    credential: str
    state: str
    name: str
    client: str
    account: str
    serial: str  # of its certificate, 40 hexadecimal digits; empty while it is pending
    ends_at: datetime | None


class CredentialLines(Message, frozen=True):
    """Credentials, as an officer sees them."""

    credentials: list[CredentialLine]


class VerifyEvidence(Message, frozen=True):
    """Verify the evidence from its first row, and every checkpoint."""


class EvidenceVerified(Message, frozen=True):
    """The log is whole, and every checkpoint agrees with it."""

    rows: int
    head: str  # hex of the last link
    checkpoints: CheckpointsVerified


SAM = Protocol(
    "sam",
    (
        Call(OpenTransaction, TransactionView, limit=300_000),
        Call(ShowTransaction, TransactionView),
        Call(ResendCode, TransactionView),
        Call(SubmitCode, Authorised),
        Call(CancelTransaction, Done),
        Call(RevokeSad, Done),
        Call(SignHashes, Signatures),
        Call(SignContents, ContentSignatures),
        Call(SignDocument, DocumentSignature, limit=120 * SMALL, seconds=30.0),
        Call(BeginOwnRevocation, OwnRevocationBegun, limit=2_000),
        Call(ConfirmOwnRevocation, OrderedRevocation, limit=2_000),
        Call(ListCredentials, Credentials),
        Call(DescribeCredential, CredentialView),
    ),
    errors=(*errors.ALL, MalformedDigest, UnknownAlgorithm, RecordTampered, RecordStale, ClockInDoubt),
)
ADMIN = Protocol(
    "sam-admin",
    (
        Call(RegisterPortal, Done),
        Call(Approve, Approved),
        Call(ApproveRenewal, Approved),
        Call(ListApprovals, OpenApprovals),
        Call(WithdrawApproval, Done),
        Call(MakeKey, MadeKey, seconds=30.0),
        Call(Activate, Done, seconds=30.0),
        Call(SetState, Done, seconds=30.0),
        Call(ShowCredential, CredentialLine),
        Call(ListEnding, CredentialLines),
        Call(ListRevocationOrders, RevocationOrders),
        Call(AcknowledgeOrder, Done),
        Call(VerifyEvidence, EvidenceVerified, seconds=120.0),
        *stamping.CALLS,
    ),
    errors=(
        *errors.ALL,
        *errors.OPERATORS,
        UnknownAlgorithm,
        RecordTampered,
        RecordStale,
        ClockInDoubt,
        *stamping.ERRORS,
    ),
)
