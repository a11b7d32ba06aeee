"""The messages of the `ca` zone's socket.

The caller says which key and for whom only through the SAM's attestation; profile, validity, policy and issuer are the
CA's own business, so there is no field for them (attack W4).
"""

from __future__ import annotations

from datetime import datetime

from channel.protocol import Call, Message, Protocol
from core.errors import ClockInDoubt, DomainError
from core.statements import KeyAttestation


class AttestationInvalid(DomainError):
    """The SAM did not vouch for this key and this person."""


class KeyAlreadyCertified(DomainError):
    """There is a certificate for this public key already."""


class NotLinted(DomainError):
    """The certificate that would have been signed breaks a rule of its profile; the detail names it."""


class CertificateUnknown(DomainError):
    """No certificate with this serial number was issued."""


class IssueCertificate(Message, frozen=True):
    """Issue a signatory's certificate for an attested key."""

    attestation: KeyAttestation


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
    status: str  # "good" or "revoked"


class ListCertificates(Message, frozen=True):
    """Ask for the issuance record, newest first."""

    limit: int = 100
    after_serial: str = ""


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


class PublishCrl(Message, frozen=True):
    """Issue and publish a new CRL now."""


class CrlPublished(Message, frozen=True):
    """The CRL that is served from now on."""

    number: int
    this_update: datetime
    next_update: datetime
    entries: int


CA = Protocol(
    "ca",
    (
        Call(IssueCertificate, IssuedCertificate, seconds=20.0),
        Call(ListCertificates, Certificates),
        Call(ShowCertificate, IssuedCertificate),
        Call(PublishCrl, CrlPublished, seconds=30.0),
    ),
    errors=(AttestationInvalid, KeyAlreadyCertified, NotLinted, CertificateUnknown, ClockInDoubt),
)
