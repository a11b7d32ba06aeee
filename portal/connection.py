"""What ties the portal to the signing service: `client.json` and the pinned `root.pem`, both put there by a person.

They are read when they are needed, so a portal that runs before it is registered picks them up later.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificate

from portal.errors import NotConnected


@dataclass(frozen=True, slots=True)
class Client:
    """The portal as the service knows it."""

    client_id: str
    client_secret: str = field(repr=False)

    @property
    def account_key(self) -> bytes:
        """The key of account tokens: SHA-256 of the secret (CSC API v2 §8.2.1)."""
        return hashlib.sha256(self.client_secret.encode()).digest()


class Connection:
    """The files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def client(self) -> Client:
        """Return the portal's client id and secret.

        Raises:
            NotConnected: they are not there yet.
        """
        try:
            values = json.loads((self._directory / "client.json").read_bytes())
            return Client(str(values["client_id"]), str(values["client_secret"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotConnected(f"client.json: {type(error).__name__}") from error

    def root(self) -> Certificate:
        """Return the one root that signatures may chain to.

        Raises:
            NotConnected: it is not there yet.
        """
        try:
            return load_pem_x509_certificate((self._directory / "root.pem").read_bytes())
        except (OSError, ValueError) as error:
            raise NotConnected(f"root.pem: {type(error).__name__}") from error
