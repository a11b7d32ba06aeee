"""The portal's secrets, as files in its own folder, and what is derived from them.

`secret.key` (32 random bytes) gives by HKDF a key for each purpose: MACs of tokens, the encryption of what the database
must not show, the signing of forms. `request.key` (P-256) signs request objects; its public half is registered with the
signing service.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from portal.entropy import Entropy
from portal.errors import PortalError

_SECRET: Final = "secret.key"  # noqa: S105 - a file's name
_REQUEST: Final = "request.key"


class SecretMissing(PortalError):
    """A file of secrets is missing or malformed: the portal does not start without it."""


class SealBroken(PortalError):
    """A sealed value was altered, or belongs elsewhere."""


class PortalKeys:
    """What is derived from `secret.key`."""

    def __init__(self, secret: bytes) -> None:
        self._mac = _derived(secret, b"mac")
        self._seal = AESGCM(_derived(secret, b"seal"))
        self.forms = _derived(secret, b"forms").hex()  # Flask's SECRET_KEY: CSRF tokens

    def mac(self, purpose: str, value: str) -> bytes:
        """Return the MAC under which a secret is kept and looked for: 32 bytes."""
        return hmac.new(self._mac, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()

    def seal(self, value: str, context: str, entropy: Entropy) -> bytes:
        """Encrypt a value so that it opens in this context only, e.g. the id of its row."""
        nonce = entropy.token_bytes(12)
        return nonce + self._seal.encrypt(nonce, value.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """Return a sealed value.

        Raises:
            SealBroken: altered, or from another context.
        """
        try:
            return self._seal.decrypt(sealed[:12], sealed[12:], context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken(context) from error


def make_secrets(directory: Path, entropy: Entropy) -> None:
    """Make the files of secrets that are not there yet, readable by their owner only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in ((_SECRET, entropy.token_bytes(32)), (_REQUEST, pem)):
        if not (directory / name).exists():
            with os.fdopen(os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)


def load_keys(directory: Path) -> PortalKeys:
    """Return what is derived from `secret.key`.

    Raises:
        SecretMissing: it is not there, or not 32 bytes.
    """
    secret = _read(directory / _SECRET)
    if len(secret) != 32:
        raise SecretMissing(f"{_SECRET} has {len(secret)} bytes instead of 32")
    return PortalKeys(secret)


def load_request_key(directory: Path) -> ECKey:
    """Return the key that signs request objects.

    Raises:
        SecretMissing: it is not there, or not an EC private key in PEM.
    """
    try:
        return ECKey.import_key(_read(directory / _REQUEST))
    except ValueError as error:
        raise SecretMissing(f"{_REQUEST} is not an EC key in PEM") from error


def public_request_key(directory: Path) -> str:
    """Return the public half of the request key as a JWK in JSON: what the signing service registers.

    Raises:
        SecretMissing: it is not there.
    """
    return json.dumps(load_request_key(directory).as_dict(private=False), sort_keys=True)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"portal " + purpose).derive(secret)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SecretMissing(f"{path.name}: {error.strerror}") from error
