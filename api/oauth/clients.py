"""OAuth clients: who may ask, with which secret, for what, and where the answer may go.

1. A secret is 256 random bits, made here, shown once, kept as a keyed MAC.
2. The CSC account_token is keyed with SHA-256(secret), so whoever reads that value speaks for every citizen of the
   portal (attack P1): it is kept encrypted under a key outside the database and stands in no other column, log or cache.
3. A redirect URI is compared as a whole string (RFC 9700 §4.1.3).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from api.keys import Purpose, WebKeys
from api.oauth.request_keys import import_request_key
from api.refusals import BadClient, ClientAssertionInvalid, InvalidOauthParameter
from api.tables import client_terms, clients
from core.clock import Clock
from core.config import is_loopback
from core.entropy import Entropy, new_id, new_token
from core.secret import Secret
from core.types import ClientId
from storage.engine import Database


class Scope(StrEnum):
    """What a token is for (CSC API v2 §8.2)."""

    SERVICE = "service"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a client when it is registered."""

    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[Scope, ...] = (Scope.SERVICE, Scope.CREDENTIAL)
    request_key: str | None = None  # public JWK as JSON; none: only the lower trust mode
    edition: str = "v2"
    auth_key: str | None = None  # public JWK as JSON: authenticates with `private_key_jwt`, not with its secret
    requests_a_minute: int | None = None  # none: what the settings say
    signatures_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. Nothing in it is secret to those who read the database."""

    client: ClientId
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[Scope, ...]
    request_key: str | None
    edition: str
    secret_mac: bytes = field(repr=False)
    sealed_account_key: bytes = field(repr=False)
    auth_key: str | None
    requests_a_minute: int | None
    signatures_a_day: int | None


_PLAIN: Final = re.compile(r"[!-\[\]-~]+")
_BY_ID: Final = (
    select(clients, client_terms.c.auth_key, client_terms.c.requests_a_minute, client_terms.c.signatures_a_day)
    .join(client_terms, client_terms.c.client == clients.c.client)
    .where(clients.c.client == bindparam("client_id"))
)
_INSERT: Final = insert(clients)
_AGREE: Final = insert(client_terms)
_REMOVE: Final = [delete(table).where(table.c.client == bindparam("of")) for table in (clients, client_terms)]


class Clients:
    """The registry of clients in the `web` zone's database."""

    def __init__(self, database: Database, keys: WebKeys, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def add(self, registration: Registration) -> tuple[ClientId, Secret]:
        """Register a client and return its id and its secret, which cannot be had again.

        Raises:
            BadClient: the registration breaks a rule.
        """
        _check(registration)
        client = ClientId(new_id(self._entropy, "client"))
        secret = new_token(self._entropy)
        row = self._row(client, secret, registration, self._clock.now())
        with self._database.transaction() as connection:
            connection.execute(_INSERT, row)
            connection.execute(_AGREE, _terms(client, registration))
        return client, Secret(secret.encode())

    def remove(self, client: ClientId) -> None:
        """Forget a client."""
        with self._database.transaction() as connection:
            for statement in _REMOVE:
                connection.execute(statement, {"of": client})

    def _row(self, client: ClientId, secret: str, registration: Registration, now: datetime) -> dict[str, object]:
        account_key = hashlib.sha256(secret.encode()).digest()  # CSC API v2 §8.2.1, account_token
        return {
            "client": client,
            "name": registration.name,
            "secret_mac": self._keys.mac(Purpose.CLIENT_SECRET, f"{client}:{secret}"),
            "account_key": self._keys.seal(Purpose.ACCOUNT_KEY, account_key, client, self._entropy),
            "redirect_uris": json.dumps(registration.redirect_uris),
            "scopes": json.dumps(registration.scopes),
            "request_key": registration.request_key,
            "edition": registration.edition,
            "created_at": now,
        }

    def get(self, client: str) -> Client:
        """Return a client.

        Raises:
            InvalidOauthParameter: there is none with this id.
        """
        with self._database.reading() as connection:
            return find(connection, client)

    def authenticate(self, client: str, secret: str) -> Client:
        """Return the client with this id and secret.

        Raises:
            InvalidOauthParameter: no such client, or another secret.
            ClientAssertionInvalid: this client proves itself with its key, and in no weaker way.
        """
        found = self.get(client)
        if found.auth_key is not None:
            raise ClientAssertionInvalid("a secret instead")
        mac = self._keys.mac(Purpose.CLIENT_SECRET, f"{found.client}:{secret}")
        if not hmac.compare_digest(mac, found.secret_mac):
            raise InvalidOauthParameter("client_secret")
        return found

    def account_key(self, client: Client) -> Secret:
        """Return the key of the client's account tokens: SHA-256 of its secret.

        Raises:
            SealBroken: the row was altered or moved.
        """
        return Secret(self._keys.open(Purpose.ACCOUNT_KEY, client.sealed_account_key, client.client))


def find(connection: Connection, client: str) -> Client:
    """Return a client, read on this connection.

    Raises:
        InvalidOauthParameter: there is none with this id.
    """
    row = connection.execute(_BY_ID, {"client_id": client}).one_or_none()
    if row is None:
        raise InvalidOauthParameter("client_id")
    return _record(row)


def _record(row: Row[tuple[object, ...]]) -> Client:
    return Client(
        ClientId(row.client),
        row.name,
        tuple(json.loads(row.redirect_uris)),
        tuple(Scope(scope) for scope in json.loads(row.scopes)),
        row.request_key,
        row.edition,
        row.secret_mac,
        row.account_key,
        row.auth_key,
        row.requests_a_minute,
        row.signatures_a_day,
    )


def _terms(client: ClientId, registration: Registration) -> dict[str, object]:
    return {
        "client": client,
        "auth_key": registration.auth_key,
        "requests_a_minute": registration.requests_a_minute,
        "signatures_a_day": registration.signatures_a_day,
    }


def _check(registration: Registration) -> None:
    if not registration.name.strip() or len(registration.name) > 100:
        raise BadClient("name: 1 to 100 characters")
    if not registration.redirect_uris:
        raise BadClient("redirect_uris: at least one")
    for uri in registration.redirect_uris:
        _check_redirect_uri(uri)
    if not registration.scopes:
        raise BadClient("scopes: at least one")
    for key in (registration.request_key, registration.auth_key):
        if key is not None:
            import_request_key(key)
    for limit in (registration.requests_a_minute, registration.signatures_a_day):
        if limit is not None and limit < 1:
            raise BadClient("limits: at least 1")
    if registration.edition != "v2":
        raise BadClient("edition: v2")


def _check_redirect_uri(uri: str) -> None:
    parts = urlsplit(uri)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(uri)):
        raise BadClient(f"redirect URI {uri!r}: https unless it is a loopback address")
    if not parts.hostname or parts.username is not None or "#" in uri or not _PLAIN.fullmatch(uri):
        raise BadClient(f"redirect URI {uri!r}: no user, fragment, blank, backslash or non-ASCII character")
