"""The messages of the SAM's two sockets.

`SAM` is what the `web` zone may say. It has no field for anything the SAM must know by itself: no time, no phone
number, no text, no "already checked" (attack W7). `ADMIN` is for the operator's commands: registering a portal,
enrolling a signatory, suspending a credential; `web` cannot open that socket.

A request is either the portal's own signed word (`SignedRequest`, an RFC 9101 request object) or what `web` says the
portal asked (`CarriedRequest`): the second is the lower trust mode and needs a credential that allows it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from channel import stamping
from channel.protocol import SMALL, Call, Done, Message, Protocol
from channel.stamping import CheckpointsVerified
from core.errors import ClockInDoubt, MalformedDigest, RecordTampered, UnknownAlgorithm
from core.statements import IncrementVerdict, KeyAttestation
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
    state: Literal["active", "suspended", "revoked"]
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


class Enrol(Message, frozen=True):
    """Make a signatory, a key and a pending credential. The identity was vetted by the caller."""

    given_name: str
    surname: str
    subject_serial: str
    phone: str  # E.164
    email: str
    client: str
    account: str
    key_type: str  # value of KeyType
    allow_carried: bool = False  # lower trust mode allowed for this credential


class Enrolled(Message, frozen=True):
    """The pending credential and the SAM's word about its key, which the CA asks for."""

    credential: str
    attestation: KeyAttestation


class Activate(Message, frozen=True):
    """Give a pending credential its certificate; from then on it signs."""

    credential: str
    certificate: bytes  # DER


class SetState(Message, frozen=True):
    """Suspend a credential, end its suspension, or revoke it for good."""

    credential: str
    state: Literal["active", "suspended", "revoked"]


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
        Call(ListCredentials, Credentials),
        Call(DescribeCredential, CredentialView),
    ),
    errors=(*errors.ALL, MalformedDigest, UnknownAlgorithm, RecordTampered, ClockInDoubt),
)
ADMIN = Protocol(
    "sam-admin",
    (
        Call(RegisterPortal, Done),
        Call(Enrol, Enrolled, seconds=30.0),
        Call(Activate, Done),
        Call(SetState, Done),
        Call(VerifyEvidence, EvidenceVerified, seconds=120.0),
        *stamping.CALLS,
    ),
    errors=(*errors.ALL, UnknownAlgorithm, RecordTampered, ClockInDoubt, *stamping.ERRORS),
)
