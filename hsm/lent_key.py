"""A signatory's unwrapped key, usable as long as its block lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pkcs11 import PKCS11Error

from hsm import signing
from hsm.errors import HsmError, HsmUnavailable

if TYPE_CHECKING:
    from core.algorithms import KeyType, SignatureAlgorithm
    from core.types import Dtbsr
    from hsm.ports import WrappedKey
    from hsm.session import Token


class LentKey:
    """A private key in the token's memory (a `hsm.ports.SigningKey`). Only `TokenVault.unwrapped` makes one."""

    def __init__(self, token: Token, handle: Any, key: WrappedKey) -> None:
        self._token = token
        self._handle = handle
        self._generation = token.generation()
        self._key = key

    @property
    def key_type(self) -> KeyType:
        """What kind of key it is."""
        return self._key.key_type

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER, as the record has it."""
        return self._key.public_key_der

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

        Raises:
            AlgorithmMismatch: the algorithm does not belong to the key, or the digest not to the algorithm.
            HsmUnavailable: the token does not answer, or lost the key with its session.
            HsmError: the block is over.
        """
        if self._handle is None:
            raise HsmError("the key was used after its block")
        if self._token.generation() != self._generation:
            # The handle's number may by now be another key's.
            raise HsmUnavailable("the session in which the key was unwrapped is gone")
        try:
            return signing.sign(self._handle, self._key.key_type, dtbsr, algorithm)
        except PKCS11Error as error:
            raise self._token.lost(error) from error

    def end(self) -> None:
        """Make the key unusable; who lent it destroys the handle."""
        self._handle = None
