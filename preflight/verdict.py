"""`preflight`'s signed word on an increment (`core.statements.IncrementVerdict`): Ed25519, checked in the SAM."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from core.entropy import Entropy
from core.errors import DomainError
from core.statements import IncrementVerdict
from preflight.grammar import Claims


class VerdictKeyMissing(DomainError):
    """The key that signs verdicts is not there, or is not one."""


class VerdictKey:
    """Signs verdicts. The key is the zone's own; it opens nothing."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def load(cls, path: Path) -> VerdictKey:
        """Return the key in a PEM file (PKCS#8).

        Raises:
            VerdictKeyMissing: no file, or no Ed25519 key in it.
        """
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise VerdictKeyMissing(f"{path}: {type(error).__name__}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise VerdictKeyMissing(f"{path}: another kind of key")
        return cls(key)

    def sign(self, original: bytes, before: bytes, after: bytes, claims: Claims) -> IncrementVerdict:
        """Return the verdict on exactly these bytes. Whoever calls has judged them."""
        digests = hashlib.sha256(original).digest(), increment_digest(before, after)
        words = IncrementVerdict(*digests, claims.name, claims.at, b"").to_be_signed()
        return IncrementVerdict(*digests, claims.name, claims.at, self._key.sign(words))

    def public_pem(self) -> bytes:
        """Return the public key, PEM: what the SAM pins."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def generate_verdict_key(path: Path, entropy: Entropy) -> bytes:
    """Write a new key to `path` (PEM, readable by its owner only) and return its public key, PEM."""
    key = Ed25519PrivateKey.from_private_bytes(entropy.token_bytes(32))
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return VerdictKey(key).public_pem()


def increment_digest(before: bytes, after: bytes) -> bytes:
    """Return SHA-256 over both parts, each after its length in 8 bytes, big-endian (`core.statements`)."""
    running = hashlib.sha256()
    for part in (before, after):
        running.update(len(part).to_bytes(8, "big"))
        running.update(part)
    return running.digest()
