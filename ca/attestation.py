"""The SAM's word, for a key or for a revocation, checked before anything else is done with a request (design §2.7, W4).

The SAM's public key is pinned in a file of the `ca` zone; the request carries none.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ca.names import Person
from ca.protocol import AttestationInvalid, OrderInvalid
from ca.public_keys import verifies
from core.errors import DomainError, NotCanonical
from core.statements import KeyAttestation, RevocationOrder


class PinnedKeyUnusable(DomainError):
    """The file with the SAM's public key has none; the zone does not start."""


@dataclass(frozen=True, slots=True)
class AttestedKey:
    """What the SAM vouches for: the key, and whose it is."""

    public_key_der: bytes
    person: Person
    credential: str
    attestation: KeyAttestation


class Attestations:
    """Checks what the SAM says against the one pinned key."""

    def __init__(self, pinned_pem: bytes) -> None:
        try:
            key = load_pem_public_key(pinned_pem)
        except ValueError as error:
            raise PinnedKeyUnusable(str(error)) from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise PinnedKeyUnusable("not a P-256 key")
        self._key = key

    def verify(self, attestation: KeyAttestation) -> AttestedKey:
        """Return what an attestation vouches for.

        Raises:
            AttestationInvalid: the SAM did not sign it.
        """
        if not self._signed(attestation):
            raise AttestationInvalid(attestation.credential[:60])
        person = Person(attestation.given_name, attestation.surname, attestation.subject_serial)
        return AttestedKey(attestation.public_key_der, person, attestation.credential, attestation)

    def verify_order(self, order: RevocationOrder) -> None:
        """Check that the SAM ordered a revocation.

        Raises:
            OrderInvalid: it did not.
        """
        if not self._signed(order):
            raise OrderInvalid(order.credential[:60])

    def _signed(self, statement: KeyAttestation | RevocationOrder) -> bool:
        try:
            signed = statement.to_be_signed()
        except NotCanonical:
            return False
        return verifies(self._key, statement.signature, signed, hashes.SHA256())
