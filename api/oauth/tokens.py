"""Access tokens, kept as keyed MACs: service tokens of our own making, and SADs, which are the SAM's.

A SAD row says whose it is and until when; whether it may sign anything is the SAM's decision alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from api.keys import Purpose, WebKeys
from api.tables import tokens
from core.types import ClientId, CredentialId

Kind = Literal["service", "credential"]


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token that was issued."""

    client: ClientId
    kind: Kind
    credential: CredentialId | None
    expires_at: datetime
    revoked_at: datetime | None


_INSERT: Final = insert(tokens)
_FIND: Final = select(
    tokens.c.client, tokens.c.kind, tokens.c.credential, tokens.c.expires_at, tokens.c.revoked_at
).where(tokens.c.token_mac == bindparam("mac"))
_REVOKE: Final = (
    update(tokens)
    .where(tokens.c.token_mac == bindparam("mac"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_REVOKE_OF: Final = (
    update(tokens)
    .where(tokens.c.handle == bindparam("of"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


def add(connection: Connection, keys: WebKeys, value: str, token: Token, handle: str | None = None) -> None:
    """Note an issued token; `handle` names the authorization it came from."""
    row: dict[str, Any] = {
        "token_mac": keys.mac(Purpose.TOKEN, value),
        "client": token.client,
        "kind": token.kind,
        "credential": token.credential,
        "handle": handle,
        "expires_at": token.expires_at,
    }
    connection.execute(_INSERT, row)


def find(connection: Connection, keys: WebKeys, value: str) -> Token | None:
    """Return what is known of a token, found by its MAC: no comparison that could leak it."""
    row = connection.execute(_FIND, {"mac": keys.mac(Purpose.TOKEN, value)}).one_or_none()
    return None if row is None else Token(*row)


def revoke(connection: Connection, keys: WebKeys, value: str, now: datetime) -> None:
    """Revoke one token."""
    connection.execute(_REVOKE, {"mac": keys.mac(Purpose.TOKEN, value), "now": now})


def revoke_of(connection: Connection, handle: str, now: datetime) -> None:
    """Revoke whatever was issued from an authorization."""
    connection.execute(_REVOKE_OF, {"of": handle, "now": now})
