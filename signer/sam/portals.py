"""The portals the SAM knows: their names, and the key with which each signs what it asks (design §2.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from sqlalchemy import Connection, bindparam, delete, insert, select

from core.errors import Malformed
from otp.sms import check_names
from signer.sam.errors import PortalUnknown
from signer.sam.protocol import RegisterPortal
from signer.sam.tables import portals
from storage.fresh_seals import FreshSeals

_RSA_BITS = 3000  # ETSI TS 119 312 v2.1.1
# Built once: putting a statement together costs more than running it.
_FIND = select(portals).where(portals.c.client == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Portal:
    """One portal's sealed record."""

    client: str
    version: int
    name: str
    sms_name: str
    request_key_jwk: str | None


@lru_cache(maxsize=256)
def request_key(jwk: str) -> ECKey | RSAKey:
    """Return the public key of a portal.

    Raises:
        Malformed: no public JWK of an EC P-256 key or an RSA key of 3000 bits or more.
    """
    try:
        key = JWKRegistry.import_key(json.loads(jwk))
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise Malformed("not a JWK") from error
    if key.is_private:
        raise Malformed("a private key was given; only the public key is needed")
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return key
    if isinstance(key, RSAKey) and key.raw_value.key_size >= _RSA_BITS:
        return key
    raise Malformed("EC P-256, or RSA of at least 3000 bits")


class Portals:
    """The repository of portals. `sms_host` is the host line that every message ends with."""

    def __init__(self, seals: FreshSeals, sms_host: str) -> None:
        self._seals = seals
        self._sms_host = sms_host

    def find(self, connection: Connection, client: str) -> Portal:
        """Return a portal's record.

        Raises:
            PortalUnknown: there is none.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": client}).mappings().first()
        if row is None:
            raise PortalUnknown(client)
        return Portal(**self._seals.opened(connection, portals, dict(row)))

    def forget(self, connection: Connection, clients: Sequence[str]) -> None:
        """Forget portals, until they are registered again."""
        connection.execute(delete(portals).where(portals.c.client.in_(clients)))

    def register(self, connection: Connection, asked: RegisterPortal) -> Portal:
        """Register a portal, or replace its record.

        Raises:
            Malformed: the key is none that may sign requests, or the SMS name cannot be sent or is too long.
        """
        check_names(asked.sms_name, self._sms_host)
        if asked.request_key_jwk is not None:
            request_key(asked.request_key_jwk)
        portal = Portal(
            asked.client,
            self._next_version(connection, asked.client),
            asked.name,
            asked.sms_name,
            asked.request_key_jwk,
        )
        connection.execute(delete(portals).where(portals.c.client == asked.client))
        connection.execute(insert(portals).values(self._seals.sealed(connection, portals, portal)))
        return portal

    def _next_version(self, connection: Connection, client: str) -> int:
        there = connection.scalar(select(portals.c.version).where(portals.c.client == client)) or 0
        return max(there, self._seals.newest(portals, client)) + 1
