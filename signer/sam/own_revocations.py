"""Requests of signatories who want their own certificate revoked: what is kept of them, under one seal each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.canonical import encode
from core.factors import ChallengeClosed
from signer.sam.tables import own_revocations
from storage.fresh_seals import FreshSeals


@dataclass(frozen=True, slots=True)
class OwnRevocation:
    """One row of `own_revocations`, as it was sealed."""

    request: str
    version: int
    state: Literal["open", "confirmed", "carried-out"]
    credential: str  # empty: a request in which nobody was described, and which no code opens
    nonce: bytes
    opened_at: datetime
    confirmed_at: datetime | None

    def binding(self) -> bytes:
        """Return the canonical bytes that the code is derived from."""
        return encode(
            "paraph own revocation v1",
            {
                "nonce": self.nonce,
                "request": self.request,
                "credential": self.credential,
                "opened_at": self.opened_at,
            },
        )


_FIND: Final = select(own_revocations).where(own_revocations.c.request == bindparam("name"))
_CONFIRMED: Final = (
    select(own_revocations).where(own_revocations.c.state == "confirmed").order_by(own_revocations.c.opened_at)
)
_STALE: Final = (
    select(own_revocations)
    .where(own_revocations.c.state == "open", own_revocations.c.opened_at < bindparam("before"))
    .order_by(own_revocations.c.opened_at)
)
_MOST: Final = 100  # orders at a time, or requests forgotten at a time


class OwnRevocations:
    """The repository of these requests."""

    def __init__(self, seals: FreshSeals) -> None:
        self._seals = seals

    def find(self, connection: Connection, request: str) -> OwnRevocation:
        """Return a request.

        Raises:
            ChallengeClosed: there is none, or not any more.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": request}).mappings().first()
        if row is None:
            raise ChallengeClosed("no such request")
        return OwnRevocation(**self._seals.opened(connection, own_revocations, dict(row)))

    def confirmed(self, connection: Connection) -> list[OwnRevocation]:
        """Return the confirmed requests of which nobody said that they were carried out, oldest first."""
        rows = connection.execute(_CONFIRMED.limit(_MOST)).mappings()
        return [OwnRevocation(**self._seals.opened(connection, own_revocations, dict(row))) for row in rows]

    def add(self, connection: Connection, request: OwnRevocation) -> None:
        """Insert a new request, sealed."""
        connection.execute(insert(own_revocations), self._seals.sealed(connection, own_revocations, request))

    def replace(self, connection: Connection, request: OwnRevocation) -> None:
        """Store a request that was read and changed, sealed anew, as the next version.

        Raises:
            ChallengeClosed: it changed meanwhile.
        """
        place = own_revocations.c.request == request.request, own_revocations.c.version == request.version
        newer = replace(request, version=request.version + 1)
        sealed = self._seals.sealed(connection, own_revocations, newer)
        if connection.execute(update(own_revocations).where(*place).values(sealed)).rowcount != 1:
            raise ChallengeClosed("changed meanwhile")

    def forget_open(self, connection: Connection, before: datetime) -> list[str]:
        """Drop some requests that were opened before an instant and not confirmed; return their names.

        Only what the SAM itself wrote is forgotten, with all that is counted under its name: a row that somebody else
        put there under the name of a signatory or a transaction would wipe what those have used up (attacks D3, G3).

        Raises:
            RecordTampered: a seal does not fit.
        """
        rows = connection.execute(_STALE.limit(_MOST), {"before": before}).mappings()
        names = [OwnRevocation(**self._seals.opened(connection, own_revocations, dict(row))).request for row in rows]
        connection.execute(delete(own_revocations).where(own_revocations.c.request.in_(names)))
        self._seals.forget(connection, own_revocations, names)
        return names
