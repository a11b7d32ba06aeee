"""Who a token speaks for.

1. A token comes in the Authorization header, once, as Bearer; never in a query or a form (RFC 9700 §4.3.2).
2. A service token speaks for a client. A credential token is a SAD: it speaks for a client and one credential, and
   whether it signs anything is decided by the SAM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from api.keys import WebKeys
from api.oauth import tokens
from api.refusals import (
    AuthorizationHeaderMalformed,
    InvalidParameter,
    MissingParameter,
    TokenEnded,
    TokenMissing,
    TokenUnknown,
)
from core.clock import Clock
from core.types import ClientId, CredentialId
from storage.engine import Database

_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/-]{1,2000}=*)", re.IGNORECASE)  # RFC 6750 §2.1


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request speaks for. `credential` and `sad` are there when its token is a credential token."""

    client: ClientId
    credential: CredentialId | None = None
    sad: str | None = None


class Bearer:
    """Reads Authorization headers, and the SAD that comes beside one."""

    def __init__(self, database: Database, keys: WebKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    def principal(self, authorization: str | None) -> Principal:
        """Return who a header speaks for.

        Raises:
            TokenMissing, AuthorizationHeaderMalformed: no header, or not one Bearer token.
            TokenUnknown: none that we issued.
            TokenEnded: expired or revoked.
        """
        if not authorization:
            raise TokenMissing
        match = _BEARER.fullmatch(authorization)
        if match is None:
            raise AuthorizationHeaderMalformed
        with self._database.reading() as connection:
            token = tokens.find(connection, self._keys, match[1])
        if token is None:
            raise TokenUnknown
        if token.revoked_at is not None or self._clock.now() >= token.expires_at:
            raise TokenEnded
        return Principal(token.client, token.credential, match[1] if token.kind == "credential" else None)

    def sad_of(self, principal: Principal, in_body: str | None) -> str:
        """Return the SAD a signing request goes by: the header's credential token, or with a service token the body's.

        Raises:
            MissingParameter: there is none.
            InvalidParameter: two that differ (attack T3), or one that was revoked, which holds here even when the SAM
                could not be told (attack T6).
        """
        if principal.sad is None:
            if in_body is None:
                raise MissingParameter("SAD")
            if self._is_revoked(in_body):
                raise InvalidParameter("SAD", "revoked")
            return in_body
        if in_body is not None and in_body != principal.sad:
            raise InvalidParameter("SAD", "another than the token")
        return principal.sad

    def _is_revoked(self, sad: str) -> bool:
        with self._database.reading() as connection:
            token = tokens.find(connection, self._keys, sad)
        return token is not None and token.revoked_at is not None
