"""Registering an OAuth client with the two zones that must know it: `web`, and the SAM over its operator's socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from api.oauth.clients import Clients, Registration
from apps.web_state import open_database, open_keys
from channel.client import Channel
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.errors import DomainError, Malformed
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN, RegisterPortal

if TYPE_CHECKING:
    from core.config import Settings


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is shown once, when a client is registered."""

    client: str
    secret: str = field(repr=False)


def add_client(settings: Settings, registration: Registration, sms_name: str) -> NewClient:
    """Register a client with `web` and with the SAM, or with neither.

    Raises:
        BadClient: a name or redirect URI that cannot be accepted.
        Malformed: the SAM refuses the request key or the name for messages.
        Unavailable: the SAM does not answer.
    """
    sam = SamAdmin(Channel(ADMIN, settings.socket("sam-admin")))
    sam.check()  # first: a client that only `web` knows could never sign
    database = open_database(settings)
    try:
        clients = Clients(database, open_keys(settings), SystemClock(), SystemEntropy())
        client, secret = clients.add(registration)
        try:
            sam.register_portal(RegisterPortal(client, registration.name, sms_name, registration.request_key))
        except DomainError:
            clients.remove(client)
            raise
    finally:
        database.close()
    return NewClient(client, secret.reveal().decode())


def public_jwk(content: bytes) -> str:
    """Return the public half of a key, given as PEM or as JWK, as a JWK in JSON.

    Raises:
        Malformed: neither.
    """
    try:
        key = _from_pem(content) if content.lstrip().startswith(b"-----BEGIN") else _from_jwk(content)
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise Malformed(f"the request key is neither PEM nor JWK: {error}") from error
    return json.dumps(key.as_dict(private=False), sort_keys=True)


def _from_pem(content: bytes) -> ECKey | RSAKey:
    try:
        return ECKey.import_key(content)
    except (ValueError, TypeError, JoseError):
        return RSAKey.import_key(content)


def _from_jwk(content: bytes) -> ECKey | RSAKey:
    key = JWKRegistry.import_key(json.loads(content))
    if not isinstance(key, ECKey | RSAKey):
        raise TypeError("neither EC nor RSA")
    return key
