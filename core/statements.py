"""What one zone says to another under its signature, and how the bytes are made.

Each statement is made in one zone and believed in another, so its form is shared; who signs and who checks is not here. Signatures are over `to_be_signed()`.
"""

from __future__ import annotations

from datetime import datetime  # msgspec reads the annotations at run time

import msgspec

from core.canonical import encode


class IncrementVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`preflight`'s word that an increment adds one signature field and nothing else a reader could see.

    The digests are SHA-256: of the original file, and of the increment with the reserved room for the signature
    between its two parts left out (`increment_before` + `increment_after`, each prefixed by its length). Ed25519.
    `claimed_name` and `claimed_at` are what a reader shows as the signer's name and the time of signing; whoever signs
    compares them with the signatory's name and the present.
    """

    original_digest: bytes
    increment_digest: bytes
    claimed_name: str  # /Name; empty when there is none
    claimed_at: datetime  # /M
    signature: bytes

    def to_be_signed(self) -> bytes:
        """Return the bytes `preflight` signs."""
        return encode(
            "paraph increment verdict v3",
            {
                "original": self.original_digest,
                "increment": self.increment_digest,
                "name": self.claimed_name,
                "at": self.claimed_at,
            },
        )


class KeyAttestation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SAM's word that it made this key and holds it for this person, and on which approval (design §2.7).

    ECDSA P-256, SHA-256, DER.
    """

    public_key_der: bytes  # SubjectPublicKeyInfo
    credential: str
    signatory: str
    record_version: int
    given_name: str
    surname: str
    subject_serial: str  # value of the subject's serialNumber attribute, e.g. PNORO-2900101400016
    proofed_at: datetime  # when the person's identity was last proven
    approved_at: datetime  # when a credential for the person was approved
    signature: bytes

    def to_be_signed(self) -> bytes:
        """Return the bytes the SAM signs."""
        return encode(
            "paraph key attestation v2",
            {
                "public_key": self.public_key_der,
                "credential": self.credential,
                "signatory": self.signatory,
                "record_version": self.record_version,
                "given_name": self.given_name,
                "surname": self.surname,
                "subject_serial": self.subject_serial,
                "proofed_at": self.proofed_at,
                "approved_at": self.approved_at,
            },
        )


class RevocationOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SAM's word that a signatory asked for the revocation of their own certificate, and proved who they are.

    ECDSA P-256, SHA-256, DER.
    """

    request: str  # the SAM's name for it
    credential: str
    serial: str  # of the certificate, 40 hexadecimal digits
    confirmed_at: datetime
    signature: bytes

    def to_be_signed(self) -> bytes:
        """Return the bytes the SAM signs."""
        return encode(
            "paraph revocation order v1",
            {
                "request": self.request,
                "credential": self.credential,
                "serial": self.serial,
                "confirmed_at": self.confirmed_at,
            },
        )
