"""One trip to the signing service: from the pushed request to the token, and who may do the signing calls.

    pushed → redeeming → granted → done
       ↘ over        ↘ over    ↘ over

Each step is one conditional UPDATE. The state parameter is kept as a MAC; code verifier and token are sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select, update

from portal.tables import authorizations

LEASE: Final = timedelta(minutes=6)  # longer than the longest signing call may take


class Status(StrEnum):
    """How far an authorization got."""

    PUSHED = "pushed"  # the browser may be at the service
    REDEEMING = "redeeming"  # its code is being exchanged
    GRANTED = "granted"  # the token is here
    DONE = "done"  # all signed files came back
    OVER = "over"  # ended another way


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization as it was read."""

    id: str
    filing: str
    account: str
    login: str
    status: Status
    sealed_verifier: bytes
    request_uri: str
    request_until: datetime
    credential: str
    sign_algo: str
    sign_algo_params: str | None
    certificate: bytes
    created_at: datetime
    sealed_token: bytes | None
    token_until: datetime | None
    asked_at: datetime | None
    leased_until: datetime | None


def add(connection: Connection, authorization: Authorization, state_mac: bytes) -> None:
    """Keep a new authorization."""
    row = {name: getattr(authorization, name) for name in Authorization.__dataclass_fields__}
    connection.execute(insert(authorizations), row | {"state_mac": state_mac})


def get(connection: Connection, authorization: str | None) -> Authorization | None:
    """Return an authorization; None when there is none."""
    query = select(authorizations).where(authorizations.c.id == authorization)
    return _record(connection.execute(query).one_or_none())


def by_state(connection: Connection, state_mac: bytes) -> Authorization | None:
    """Return the authorization whose state parameter has this MAC."""
    query = select(authorizations).where(authorizations.c.state_mac == state_mac)
    return _record(connection.execute(query).one_or_none())


def advance(connection: Connection, authorization: str, before: Status, after: Status, **values: Any) -> bool:
    """Move an authorization on; true for the one call that did."""
    here = (authorizations.c.id == authorization, authorizations.c.status == before)
    return connection.execute(update(authorizations).where(*here).values(status=after, **values)).rowcount == 1


def end(connection: Connection, authorization: str | None) -> None:
    """End an authorization that is not done, and forget its token."""
    here = (authorizations.c.id == authorization, authorizations.c.status != Status.DONE)
    connection.execute(update(authorizations).where(*here).values(status=Status.OVER, sealed_token=None))


def finish(connection: Connection, authorization: str) -> None:
    """Note that all signed files came back, and forget the token."""
    here = authorizations.c.id == authorization
    connection.execute(update(authorizations).where(here).values(status=Status.DONE, sealed_token=None))


def lease(connection: Connection, authorization: str, now: datetime) -> bool:
    """Take the right to do the signing calls; false when another process has it."""
    free = or_(authorizations.c.leased_until.is_(None), authorizations.c.leased_until < now)
    here = (authorizations.c.id == authorization, authorizations.c.status == Status.GRANTED, free)
    return connection.execute(update(authorizations).where(*here).values(leased_until=now + LEASE)).rowcount == 1


def renew(connection: Connection, authorization: str, now: datetime) -> None:
    """Keep the lease over the next signing call, and note that signatures may exist from now on."""
    here = authorizations.c.id == authorization
    connection.execute(update(authorizations).where(here).values(leased_until=now + LEASE, asked_at=now))


def release(connection: Connection, authorization: str) -> None:
    """Give the lease back."""
    connection.execute(update(authorizations).where(authorizations.c.id == authorization).values(leased_until=None))


def _record(row: Row[Any] | None) -> Authorization | None:
    if row is None:
        return None
    values = {name: getattr(row, name) for name in Authorization.__dataclass_fields__}
    return Authorization(**values | {"status": Status(row.status)})
