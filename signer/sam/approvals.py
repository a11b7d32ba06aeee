"""Approved identifications: whom an officer has approved a credential for, under one seal each (attack W3).

The record is here and not in the `web` zone, which must not be able to forge it. A credential is made on an approval
and on nothing else; the approval is used up when the credential begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, Table, bindparam, insert, or_, select, update

from signer.sam.errors import ApprovalUnknown
from signer.sam.tables import approvals
from storage.fresh_seals import FreshSeals

State = Literal["open", "used", "withdrawn", "lapsed"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One row of `approvals`, as it was sealed. `version` rises with every change."""

    approval: str
    version: int
    state: State
    signatory: str
    given_name: str
    surname: str
    subject_serial: str
    phone: str
    email: str
    client: str
    account: str
    allow_carried: int
    replaces: str
    proofed_at: datetime
    approved_at: datetime

    @property
    def name(self) -> str:
        """The person's name as lists say it."""
        return f"{self.given_name} {self.surname}"


def about_the_same(table: Table, person: Approval) -> ColumnElement[bool]:
    """Return the condition that a row of `table` is about this person, this telephone number or this account."""
    return or_(
        table.c.subject_serial == person.subject_serial,
        table.c.phone == person.phone,
        (table.c.client == person.client) & (table.c.account == person.account),
    )


_FIND: Final = select(approvals).where(approvals.c.approval == bindparam("name"))
_OPEN: Final = select(approvals).where(approvals.c.state == "open").order_by(approvals.c.approved_at)


class Approvals:
    """The repository of approvals."""

    def __init__(self, seals: FreshSeals) -> None:
        self._seals = seals

    def find(self, connection: Connection, approval: str) -> Approval:
        """Return an approval.

        Raises:
            ApprovalUnknown: there is none.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": approval}).mappings().first()
        if row is None:
            raise ApprovalUnknown(approval[:100])
        return Approval(**self._seals.opened(connection, approvals, dict(row)))

    def open_ones(self, connection: Connection, *conditions: ColumnElement[bool], most: int = 1000) -> list[Approval]:
        """Return the open approvals that fulfil the conditions, oldest first; some may have lapsed meanwhile."""
        rows = connection.execute(_OPEN.where(*conditions).limit(most)).mappings()
        return [Approval(**self._seals.opened(connection, approvals, dict(row))) for row in rows]

    def add(self, connection: Connection, approval: Approval) -> None:
        """Insert a new approval, sealed."""
        connection.execute(insert(approvals), self._seals.sealed(connection, approvals, approval))

    def replace(self, connection: Connection, approval: Approval) -> None:
        """Store a changed approval, sealed anew; its version must be one above the stored one.

        Raises:
            ApprovalUnknown: it changed meanwhile.
        """
        stored = connection.execute(
            update(approvals)
            .where(approvals.c.approval == approval.approval, approvals.c.version == approval.version - 1)
            .values(self._seals.sealed(connection, approvals, approval))
        )
        if stored.rowcount != 1:
            raise ApprovalUnknown(f"{approval.approval}: changed meanwhile")
