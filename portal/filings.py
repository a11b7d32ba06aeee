"""A filing: its documents, and the one place where its state moves.

    draft ⇄ authorizing → signing → signed
      ↑                      ↘ rejected, unsure → draft

`authorizing`: the citizen is at the signing service. `signing`: the authorization came back, signed files are being
fetched. `rejected`: a file that came back broke a rule. `unsure`: the authorization ended before all files came back.
Documents change in `draft` only. Every move is one conditional UPDATE, so of two presses one moves and the other finds
it moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from portal.entropy import Entropy, new_id
from portal.errors import PortalError
from portal.tables import filings


class State(StrEnum):
    """Where a filing stands."""

    DRAFT = "draft"
    AUTHORIZING = "authorizing"
    SIGNING = "signing"
    SIGNED = "signed"
    REJECTED = "rejected"
    UNSURE = "unsure"


class Notice(StrEnum):
    """Why a filing stands where it stands, when the citizen would wonder."""

    CANCELLED = "cancelled"  # at the service
    FAILED = "failed"  # the service ended it
    UNREACHABLE = "unreachable"  # the service does not answer; nothing was signed
    OTHER_BROWSER = "other_browser"  # the answer came to another sign-in (attack Z1)
    WRONG_ISSUER = "wrong_issuer"  # the answer did not come from our service (attack P7)
    WAITING = "waiting"  # the service did not answer a signing call; asking again is safe
    RESTARTED = "restarted"


_KEY: Final = re.compile(r"f-[a-z2-7]{26}")
_MOVES: Final = {
    State.DRAFT: {State.AUTHORIZING},
    State.AUTHORIZING: {State.DRAFT, State.AUTHORIZING, State.SIGNING},
    State.SIGNING: {State.DRAFT, State.SIGNED, State.REJECTED, State.UNSURE},
    State.REJECTED: {State.DRAFT},
    State.UNSURE: {State.DRAFT},
    State.SIGNED: set(),
}


class NoSuchFiling(PortalError):
    """No filing with this id, or another account's: the answer is the same (attack Z13)."""


class FilingMoved(PortalError):
    """The filing was changed meanwhile, from another tab or device; nothing was done."""


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as it was read."""

    id: str
    account: str
    state: State
    version: int
    authorization: str | None
    notice: Notice | None
    created_at: datetime
    changed_at: datetime
    signed_at: datetime | None


def begin(connection: Connection, account: str, key: str, now: datetime, entropy: Entropy) -> str:
    """Begin a filing and return its id. The form's one-time key is the id, so a second press begins nothing new."""
    owner = connection.execute(select(filings.c.account).where(filings.c.id == key)).scalar()
    if owner == account:
        return key
    if owner is not None or not _KEY.fullmatch(key):  # not from a form of ours
        key = new_form_key(entropy)
    row = {"id": key, "account": account, "state": State.DRAFT, "version": 1, "created_at": now, "changed_at": now}
    connection.execute(insert(filings), row)
    return key


def new_form_key(entropy: Entropy) -> str:
    """Return a one-time key for the form that begins a filing; it becomes the filing's id."""
    return new_id(entropy, "f")


def get(connection: Connection, filing: str, account: str) -> Filing:
    """Return an account's filing.

    Raises:
        NoSuchFiling: there is none, or it is not this account's.
    """
    query = select(filings).where(filings.c.id == filing, filings.c.account == account)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchFiling(filing)
    return _record(row)


def of_account(connection: Connection, account: str) -> list[Filing]:
    """Return an account's filings, the last changed first."""
    query = select(filings).where(filings.c.account == account).order_by(filings.c.changed_at.desc())
    return [_record(row) for row in connection.execute(query)]


def move(
    connection: Connection,
    filing: Filing,
    to: State,
    now: datetime,
    *,
    notice: Notice | None = None,
    authorization: str | None = None,
) -> None:
    """Move a filing, if it still is as it was read.

    Raises:
        FilingMoved: it is not, or there is no such move.
    """
    if to not in _MOVES[filing.state]:
        raise FilingMoved(f"{filing.state} → {to}")
    values: dict[str, Any] = {"state": to, "notice": notice}
    if authorization is not None:
        values["authorization"] = authorization
    if to is State.SIGNED:
        values["signed_at"] = now
    _change(connection, filing, now, values)


def touch(connection: Connection, filing: Filing, now: datetime) -> None:
    """Note that a draft's documents change in this transaction.

    Raises:
        FilingMoved: it changed meanwhile, or is no draft.
    """
    if filing.state is not State.DRAFT:
        raise FilingMoved(f"documents of a filing that is {filing.state}")
    _change(connection, filing, now, {"notice": None})


def note(connection: Connection, filing: str, notice: Notice | None) -> None:
    """Say something about a filing without moving it."""
    connection.execute(update(filings).where(filings.c.id == filing).values(notice=notice))


def _change(connection: Connection, filing: Filing, now: datetime, values: dict[str, Any]) -> None:
    same = (filings.c.id == filing.id, filings.c.version == filing.version, filings.c.state == filing.state)
    values = {"version": filing.version + 1, "changed_at": now} | values
    if connection.execute(update(filings).where(*same).values(values)).rowcount != 1:
        raise FilingMoved(filing.id)


def _record(row: Row[Any]) -> Filing:
    return Filing(
        row.id,
        row.account,
        State(row.state),
        row.version,
        row.authorization,
        None if row.notice is None else Notice(row.notice),
        row.created_at,
        row.changed_at,
        row.signed_at,
    )
