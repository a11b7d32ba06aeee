"""What the SAM refuses, each under its own name. Every one may cross the socket (`signer.sam.protocol`).

What may be wrong with a code is in `core.factors`, what with the age of an approval in `core.approvals`; a broken seal
is `core.errors.RecordTampered`.
"""

from __future__ import annotations

from core import approvals, factors
from core.errors import DomainError


class RequestObjectInvalid(DomainError):
    """The portal's signed request does not verify, is not for us, is too old, or was used before (RFC 9101)."""


class PortalUnknown(DomainError):
    """No portal is registered under this client id."""


class UnsignedRequestNotAllowed(DomainError):
    """The portal did not sign its request and the credential's policy does not allow the lower trust mode."""


class CredentialUnknown(DomainError):
    """No such credential, or not one that this portal and account may use: the two are not told apart."""


class CredentialNotUsable(DomainError):
    """The credential is suspended, revoked, not active yet, or its certificate is outside its validity."""


class CertificateExpired(CredentialNotUsable):
    """The certificate's validity has ended. `ended_at` is an ISO 8601 instant."""

    def __init__(self, ended_at: str) -> None:
        super().__init__(ended_at)
        self.ended_at = ended_at


class CredentialSuperseded(CredentialNotUsable):
    """Another credential has followed this one, whose key is destroyed."""


class TooManySignatures(DomainError):
    """More digests than one authorization may have."""


class TransactionUnknown(DomainError):
    """No such transaction, or not this caller's: the two are not told apart."""


class TransactionClosed(DomainError):
    """The transaction was cancelled, replaced, used up, stopped after wrong codes, or its time is over."""


class SadInvalid(DomainError):
    """Not a SAD of this SAM: wrong form, wrong MAC, or the transaction it names is not as it says."""


class SadExpired(DomainError):
    """The SAD's time is over."""


class CredentialMismatch(DomainError):
    """The SAD belongs to another credential or another client than the one named."""


class DigestNotAuthorised(DomainError):
    """A digest (with its type and algorithm) that the signatory did not authorise."""


class AlgorithmNotAuthorised(DomainError):
    """Another signature algorithm than the one authorised, or one the key cannot do."""


class IncrementRefused(DomainError):
    """An increment without preflight's verdict on exactly these bytes."""


class IncrementDiffers(DomainError):
    """Another increment was already accepted for this document; the first one stays the only one."""


class OutcomeUnknown(DomainError):
    """The key may have been used for this digest and the result was lost in a crash; it is not used again."""


class SignatureFaulty(DomainError):
    """The token's signature does not verify with the certificate; nothing is released (attack Y8)."""


class EvidenceBroken(DomainError):
    """The evidence log is not whole. `row` is the first row that is altered, missing or out of order."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(f"row {row}: {what}")
        self.row = row


class AlreadyEnrolled(DomainError):
    """This person, phone number or account already has a credential in use."""


class AlreadyApproved(DomainError):
    """For this person, phone number or account an approval waits for its activation; the detail names it."""


class NothingToReplace(DomainError):
    """The person was identified anew, and has no credential in use to which person, phone number and account belong."""


class ApprovalUnknown(DomainError):
    """No such approval, or it changed meanwhile."""


class ApprovalNotOpen(DomainError):
    """The approval was used, withdrawn, or has lapsed."""


class CertificateMismatch(DomainError):
    """The certificate is not for the key, subject or issuer that the record says."""


ALL: tuple[type[DomainError], ...] = (
    RequestObjectInvalid,
    PortalUnknown,
    UnsignedRequestNotAllowed,
    CredentialUnknown,
    CredentialNotUsable,
    CertificateExpired,
    CredentialSuperseded,
    TooManySignatures,
    TransactionUnknown,
    TransactionClosed,
    SadInvalid,
    SadExpired,
    CredentialMismatch,
    DigestNotAuthorised,
    AlgorithmNotAuthorised,
    IncrementRefused,
    IncrementDiffers,
    OutcomeUnknown,
    SignatureFaulty,
    *factors.ALL,
)
OPERATORS: tuple[type[DomainError], ...] = (  # what only the operator's socket refuses
    EvidenceBroken,
    AlreadyEnrolled,
    AlreadyApproved,
    NothingToReplace,
    ApprovalUnknown,
    ApprovalNotOpen,
    CertificateMismatch,
    *approvals.ALL,
)
