"""Everything `web` keeps secret comes from one file, `web/secret.key`: a key of its own for each purpose.

Purposes never share a key, so a value made for one (a page's form key, say) proves nothing for another (attack T15).
None of these keys can sign for anybody: those are in the SAM.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.entropy import Entropy
from core.errors import DomainError
from core.secret import Secret

_NONCE = 12  # bytes, AES-GCM


class SealBroken(DomainError):
    """A sealed value that was not made with this key for this place."""


class Purpose(Enum):
    """What a key is for. The value is its HKDF label."""

    CLIENT_SECRET = "paraph web: MAC of client secrets, v1"  # noqa: S105  # a label, not a secret
    ACCOUNT_KEY = "paraph web: encryption of account_token keys, v1"
    REQUEST_URI = "paraph web: MAC of request URIs, v1"
    BROWSER = "paraph web: MAC of browser cookies, v1"
    FORM = "paraph web: form keys, v1"
    CODE = "paraph web: MAC of authorization codes, v1"
    CODE_SEAL = "paraph web: keys that seal a SAD under its code, v1"
    BROWSER_SEAL = "paraph web: keys that seal a code under its browser's cookie, v1"
    TOKEN = "paraph web: MAC of access tokens, v1"  # noqa: S105  # a label, not a secret
    ACCOUNT_JTI = "paraph web: MAC of account_token ids, v1"
    ASSERTION_JTI = "paraph web: MAC of client assertion ids, v1"
    LIMIT = "paraph web: MAC of whom a limit is for, v1"


class WebKeys:
    """The keys derived from `web/secret.key`."""

    def __init__(self, secret: Secret) -> None:
        """Derive them.

        Raises:
            ValueError: fewer than 32 bytes.
        """
        if len(secret.reveal()) < 32:
            raise ValueError("web/secret.key: at least 32 bytes")
        self._keys = {purpose: _derive(secret, purpose) for purpose in Purpose}

    def mac(self, purpose: Purpose, value: str | bytes) -> bytes:
        """Return the 32-byte HMAC-SHA-256 of a value (text as UTF-8)."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(self._keys[purpose], data, hashlib.sha256)

    def seal(self, purpose: Purpose, plain: bytes, place: str, entropy: Entropy) -> bytes:
        """Return nonce and AES-256-GCM ciphertext of `plain`, bound to the `place` it is kept at."""
        nonce = entropy.token_bytes(_NONCE)
        return nonce + AESGCM(self._keys[purpose]).encrypt(nonce, plain, place.encode())

    def open(self, purpose: Purpose, sealed: bytes, place: str) -> bytes:
        """Return what was sealed.

        Raises:
            SealBroken: altered, moved from another place, or another key.
        """
        return _open(self._keys[purpose], sealed, place)

    def seal_under(self, purpose: Purpose, secret: str, plain: bytes, place: str, entropy: Entropy) -> bytes:
        """Return `plain` sealed so that it opens only with this key and with a secret that we do not keep."""
        nonce = entropy.token_bytes(_NONCE)
        return nonce + AESGCM(self.mac(purpose, secret)).encrypt(nonce, plain, place.encode())

    def open_with(self, purpose: Purpose, secret: str, sealed: bytes, place: str) -> bytes:
        """Return what was sealed under a secret.

        Raises:
            SealBroken: altered, moved, or another secret.
        """
        return _open(self.mac(purpose, secret), sealed, place)


def _derive(secret: Secret, purpose: Purpose) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.value.encode()).derive(secret.reveal())


def _open(key: bytes, sealed: bytes, place: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken(place) from error
