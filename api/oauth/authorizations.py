"""One authorization from the pushed request to the redeemed code: one row, whose state only moves forward.

    pushed → opening → open → coded → redeemed        a code was asked for, is typed, is right, was exchanged
                 ↘ pushed (nothing was sent)  ↘ cancelled

Each step is one conditional UPDATE, and its row count decides who made it: of two simultaneous presses or redemptions
exactly one (attacks T6, Z3). Request URIs, codes and cookies are there as keyed MACs only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from api.tables import authorizations
from core.authorization_details import SignatureRequest, read
from core.types import ClientId


class Asked(msgspec.Struct, frozen=True):
    """What the portal asked, as checked when it was pushed."""

    client_name: str
    redirect_uri: str
    state: str | None
    code_challenge: str
    language: str | None
    account: str
    element: dict[str, Any]  # of authorization_details, as received
    request_object: str | None  # none: the lower trust mode

    @property
    def signature_request(self) -> SignatureRequest:
        """The digests asked for."""
        return read([self.element])


@dataclass(frozen=True, slots=True)
class Authorization:
    """One row."""

    handle: str
    client: ClientId
    asked: Asked
    state: str
    expires_at: datetime
    browser_mac: bytes | None
    transaction: str | None
    sealed_code: bytes | None
    sealed_sad: bytes | None
    sad_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """What is kept of an authorization code."""

    mac: bytes
    sealed_code: bytes
    sealed_sad: bytes
    sad_expires_at: datetime
    expires_at: datetime


_asked: Final = msgspec.msgpack.Decoder(Asked)
_row: Final = authorizations.c
_INSERT: Final = insert(authorizations)
_BY_REQUEST: Final = select(authorizations).where(_row.request_mac == bindparam("mac"))
_BY_HANDLE: Final = select(authorizations).where(_row.handle == bindparam("of"))
_BY_CODE: Final = select(authorizations).where(_row.code_mac == bindparam("mac"))
_CLAIM: Final = (
    update(authorizations)
    .where(_row.handle == bindparam("of"), _row.state == "pushed", _row.expires_at > bindparam("now"))
    .values(state="opening", browser_mac=bindparam("browser"))
)
_GIVE_BACK: Final = (
    update(authorizations)
    .where(_row.handle == bindparam("of"), _row.state == "opening")
    .values(state="pushed", browser_mac=None)
)
_OPENED: Final = (
    update(authorizations)
    .where(_row.handle == bindparam("of"), _row.state == "opening")
    .values(state="open", transaction_id=bindparam("transaction"), expires_at=bindparam("until"))
)
_CANCEL: Final = (
    update(authorizations)
    .where(_row.handle == bindparam("of"), _row.state.in_(["opening", "open"]))
    .values(state="cancelled")
)
_CODED: Final = (
    update(authorizations)
    .where(_row.handle == bindparam("of"), _row.state == "open")
    .values(
        state="coded",
        code_mac=bindparam("mac"),
        sealed_code=bindparam("code"),
        sealed_sad=bindparam("sad"),
        sad_expires_at=bindparam("sad_until"),
        expires_at=bindparam("until"),
    )
)
_REDEEM: Final = (
    update(authorizations)
    .where(
        _row.code_mac == bindparam("mac"),
        _row.client == bindparam("by"),
        _row.state == "coded",
        _row.expires_at > bindparam("now"),
    )
    .values(state="redeemed")
    .returning(authorizations)
)
_FORGET: Final = update(authorizations).where(_row.handle == bindparam("of")).values(sealed_code=None, sealed_sad=None)


def add(
    connection: Connection, request_mac: bytes, handle: str, client: ClientId, asked: Asked, until: datetime
) -> None:
    """Keep a pushed request until an instant."""
    values = {"request_mac": request_mac, "handle": handle, "client": client, "state": "pushed", "expires_at": until}
    connection.execute(_INSERT, values | {"asked": msgspec.msgpack.encode(asked)})


def by_request(connection: Connection, request_mac: bytes) -> Authorization | None:
    """Return the authorization pushed under a request URI."""
    return _one(connection.execute(_BY_REQUEST, {"mac": request_mac}).one_or_none())


def by_handle(connection: Connection, handle: str) -> Authorization | None:
    """Return the authorization whose pages have this handle."""
    return _one(connection.execute(_BY_HANDLE, {"of": handle}).one_or_none())


def by_code(connection: Connection, code_mac: bytes) -> Authorization | None:
    """Return the authorization that a code was issued for, whatever became of it."""
    return _one(connection.execute(_BY_CODE, {"mac": code_mac}).one_or_none())


def claim(connection: Connection, handle: str, browser_mac: bytes, now: datetime) -> bool:
    """Take a pushed request for one browser; true for the one who got it."""
    return connection.execute(_CLAIM, {"of": handle, "browser": browser_mac, "now": now}).rowcount == 1


def give_back(connection: Connection, handle: str) -> None:
    """Undo `claim`: nothing was sent, the signatory may try again."""
    connection.execute(_GIVE_BACK, {"of": handle})


def opened(connection: Connection, handle: str, transaction: str, until: datetime) -> None:
    """Note the SAM's transaction."""
    connection.execute(_OPENED, {"of": handle, "transaction": transaction, "until": until})


def cancel(connection: Connection, handle: str) -> None:
    """Note that the signatory cancelled."""
    connection.execute(_CANCEL, {"of": handle})


def coded(connection: Connection, handle: str, code: IssuedCode) -> bool:
    """Keep a new code's MAC and what is sealed for it; true for the one call that did."""
    values = {
        "of": handle,
        "mac": code.mac,
        "code": code.sealed_code,
        "sad": code.sealed_sad,
        "sad_until": code.sad_expires_at,
        "until": code.expires_at,
    }
    return connection.execute(_CODED, values).rowcount == 1


def redeem(connection: Connection, code_mac: bytes, client: ClientId, now: datetime) -> Authorization | None:
    """Consume a code; the authorization for the one call that did, None for every other."""
    return _one(connection.execute(_REDEEM, {"mac": code_mac, "by": client, "now": now}).one_or_none())


def forget(connection: Connection, handle: str) -> None:
    """Drop what was sealed for a code, once it was handed over."""
    connection.execute(_FORGET, {"of": handle})


def _one(row: Row[Any] | None) -> Authorization | None:
    if row is None:
        return None
    return Authorization(
        row.handle,
        ClientId(row.client),
        _asked.decode(row.asked),
        row.state,
        row.expires_at,
        row.browser_mac,
        row.transaction_id,
        row.sealed_code,
        row.sealed_sad,
        row.sad_expires_at,
    )
