"""Sessions of administrators: the zone's own word that somebody signed in, for the length of one command.

A session is canonical claims and their MAC under the token's key; no table holds it, and nobody can make one without the
token. It ends after minutes, and at once when its administrator is disabled or invited anew. It is kept nowhere: a
command has it in memory.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from ca.admin_protocol import NotSignedIn
from ca.control_tables import Admin
from core import base64url
from core.canonical import Value, decode, encode
from core.clock import Clock
from core.errors import Malformed
from hsm.ports import MacKey
from storage.versioned import Versioned

LIFE: Final = timedelta(minutes=5)
_DOMAIN: Final = "paraph admin session v1"
_MAC_BYTES: Final = 32
_SEAL: Final = object()  # named in this module only


class SignedIn:
    """An administrator who signed in and may act now. Only `Sessions` makes one."""

    def __init__(self, admin: Admin, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("built outside Sessions")
        self.name: Final = admin.name


class Sessions:
    """Gives out sessions and checks them."""

    def __init__(self, key: MacKey, admins: Versioned[Admin], clock: Clock) -> None:
        self._key = key
        self._admins = admins
        self._clock = clock

    def begin(self, admin: Admin) -> tuple[str, datetime]:
        """Return a session of an administrator who has just shown password and code, and when it ends."""
        until = self._clock.now() + LIFE
        claims = encode(_DOMAIN, {"admin": admin.name, "enrolment": admin.enrolment, "until": until})
        return base64url.encode(claims + self._key.mac(claims)), until

    def signed_in(self, connection: Connection, session: str) -> SignedIn:
        """Return whose session this is.

        Raises:
            NotSignedIn: nobody's, over, or of an administrator who may do nothing any more.
            RecordTampered: the administrator's row is not as this zone wrote it.
        """
        claims = self._opened(session)
        name, until = claims["admin"], claims["until"]
        if not isinstance(name, str) or not isinstance(until, datetime) or self._clock.now() >= until:
            raise NotSignedIn("the session is over")
        admin = self._admins.find(connection, name)
        if admin is None or admin.state != "active" or admin.enrolment != claims["enrolment"]:
            raise NotSignedIn(f"{name} may do nothing any more")
        return SignedIn(admin, _SEAL)

    def _opened(self, session: str) -> dict[str, Value]:
        try:
            data = base64url.decode(session)
        except Malformed:
            raise NotSignedIn("no session") from None
        claims, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
        if not hmac.compare_digest(self._key.mac(claims), mac):  # authenticate first, parse second
            raise NotSignedIn("no session")
        return decode(_DOMAIN, claims)
