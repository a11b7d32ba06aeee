"""Approved identifications: whom an officer has approved a credential for, under one seal each (attack W3).

The record is here and not in the `web` zone, which must not be able to forge it. A credential is made on an approval
and on nothing else; the approval is used up when the credential begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, Table, or_

from signer.sam.errors import ApprovalUnknown
from signer.sam.tables import approvals
from storage.seals import Seals
from storage.versioned import Record, Versioned

State = Literal["open", "used", "withdrawn", "lapsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Record):
    """One row of `approvals`, as it was sealed."""

    approval: str
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


_MOST: Final = 1000  # records at a time


class Approvals:
    """The repository of approvals."""

    def __init__(self, seals: Seals) -> None:
        self._records = Versioned(approvals, Approval, seals)

    def find(self, connection: Connection, approval: str) -> Approval:
        """Return an approval.

        Raises:
            ApprovalUnknown: there is none.
            RecordTampered: its seal does not fit, or it is older than it was.
        """
        found = self._records.find(connection, approval)
        if found is None:
            raise ApprovalUnknown(approval[:100])
        return found

    def open_ones(self, connection: Connection, *conditions: ColumnElement[bool]) -> list[Approval]:
        """Return the open approvals that fulfil the conditions, oldest first; some may have lapsed meanwhile."""
        is_open = approvals.c.state == "open"
        return self._records.some(connection, is_open, *conditions, order=approvals.c.approved_at, most=_MOST)

    def store(self, connection: Connection, approval: Approval) -> None:
        """Write a new approval, or a changed one."""
        self._records.store(connection, approval)
