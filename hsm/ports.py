"""What other packages may ask of a token. Handles, sessions and mechanisms stay inside `hsm`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from core.algorithms import KeyType, SignatureAlgorithm
from core.types import Dtbsr


class SigningKey(Protocol):
    """A private key in the token, usable as long as its block lasts."""

    @property
    def key_type(self) -> KeyType:
        """What kind of key it is."""
        ...

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        ...

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

        Raises:
            AlgorithmMismatch: the algorithm does not belong to the key, or the digest not to the algorithm.
            HsmUnavailable: the token does not answer.
        """
        ...


class MacKey(Protocol):
    """A secret HMAC key of the token (HMAC-SHA-256)."""

    @property
    def key_id(self) -> str:
        """The key's name with its check value, which records carry so that a key can be told from its successor."""
        ...

    def mac(self, data: bytes) -> bytes:
        """Return the 32-byte HMAC-SHA-256 of `data`.

        Raises:
            HsmUnavailable: the token does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A signatory's key pair as the database keeps it."""

    key_type: KeyType
    public_key_der: bytes  # SubjectPublicKeyInfo
    wrapped: bytes  # PKCS#8 under the wrapping key, RFC 5649
    wrapping_key_id: str


class KeyVault(Protocol):
    """Makes signatories' keys, keeps none, and lends one for the length of a block."""

    def generate(self, key_type: KeyType) -> WrappedKey:
        """Return a new key pair, made in the token as session objects, wrapped, and destroyed there.

        Raises:
            HsmUnavailable: the token does not answer.
        """
        ...

    def unwrapped(self, key: WrappedKey) -> AbstractContextManager[SigningKey]:
        """Lend the private key: `with vault.unwrapped(key) as signing_key:` destroys the handle on every way out.

        Raises:
            WrongWrappingKey: it was wrapped under another key than the one this token has.
            UnwrapRefused: the token does not accept the blob, or it is not a key of the type said.
            HsmUnavailable: the token does not answer.
        """
        ...
