"""What the SAM allows, apart from the factors: trust modes, batch size, algorithms, lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from core.algorithms import KeyType, SignatureAlgorithm
from core.approvals import ApprovalLimits
from core.authorization_details import SignatureRequest
from signer.sam.errors import (
    AlgorithmNotAuthorised,
    CertificateExpired,
    CredentialNotUsable,
    CredentialSuperseded,
    TooManySignatures,
    UnsignedRequestNotAllowed,
)
from signer.sam.records import CredentialRecord

TRANSACTION_LIFE: Final = timedelta(minutes=15)  # from opening to the last moment a code is judged
REQUEST_LIFE: Final = timedelta(minutes=10)  # the longest a portal's signed request may live
SMS_PAUSE: Final = timedelta(minutes=30)  # when no SMS can be sent: after how long a signatory is told to come back
REQUEST_SKEW: Final = timedelta(seconds=60)  # between the portal's clock and ours


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that the SAM's rules take."""

    audience: str  # what a portal's request object must name as its audience: our public origin
    multisign: int
    sad_life: timedelta
    approvals: ApprovalLimits


def check_usable(record: CredentialRecord, now: datetime) -> None:
    """Check that a credential may sign now.

    Raises:
        CredentialNotUsable: pending, suspended, revoked, or its certificate is not valid yet.
        CertificateExpired: its certificate's time is over.
        CredentialSuperseded: another one has followed it.
    """
    if record.state == "superseded":
        raise CredentialSuperseded(record.credential)
    if record.state == "expired" and record.ends_at is not None:
        raise CertificateExpired(record.ends_at.isoformat())
    if record.state != "active" or record.certificate is None:
        raise CredentialNotUsable(record.state)
    certificate = load_der_x509_certificate(record.certificate)
    if now < certificate.not_valid_before_utc:
        raise CredentialNotUsable("not valid yet")
    if now > certificate.not_valid_after_utc:
        raise CertificateExpired(certificate.not_valid_after_utc.isoformat())


def check_trust_mode(record: CredentialRecord, *, signed_by_portal: bool) -> None:
    """Check that a request the portal did not sign is allowed for this credential.

    Raises:
        UnsignedRequestNotAllowed: it is not.
    """
    if not signed_by_portal and not record.allow_carried:
        raise UnsignedRequestNotAllowed(record.credential)


def check_batch(policy: Policy, request: SignatureRequest) -> None:
    """Check the number of digests.

    Raises:
        TooManySignatures: more than one authorization may have.
    """
    if len(request.digests) > policy.multisign:
        raise TooManySignatures(f"{len(request.digests)}, at most {policy.multisign}")


def choose_algorithm(record: CredentialRecord, request: SignatureRequest) -> SignatureAlgorithm:
    """Return the signature algorithm of a transaction: the one asked for, or the key's first.

    The hash of the digests must be the algorithm's own; on a curve another one would be cut (attack I6).

    Raises:
        AlgorithmNotAuthorised: the key cannot do it, or the digests are of another hash.
    """
    allowed = KeyType(record.key_type).algorithms
    if request.algorithm is not None and request.algorithm not in allowed:
        raise AlgorithmNotAuthorised(request.algorithm.name)
    candidates = [a for a in allowed if a.hash is request.hash and request.algorithm in {None, a}]
    if not candidates:
        raise AlgorithmNotAuthorised(f"{record.key_type} with {request.hash.name}")
    return candidates[0]
