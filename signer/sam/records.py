"""Credential records: a signatory, a key, a certificate, a phone number, under one seal (design §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Column, ColumnElement, Connection, bindparam, insert, select, update

from core.algorithms import KeyType
from hsm.ports import WrappedKey
from signer.sam.approvals import Approval, about_the_same
from signer.sam.errors import CredentialUnknown
from signer.sam.tables import credentials
from storage.fresh_seals import FreshSeals

State = Literal["pending", "active", "suspended", "superseded", "expired", "revoked"]
IN_USE: Final[tuple[State, ...]] = ("active", "suspended")


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """One row of `credentials`, as it was sealed. `version` rises with every change."""

    credential: str
    version: int
    state: State
    approval: str
    signatory: str
    given_name: str
    surname: str
    subject_serial: str
    phone: str
    email: str
    client: str
    account: str
    allow_carried: int
    key_type: str
    public_key: bytes
    wrapped_key: bytes
    wrapping_key_id: str
    certificate: bytes | None
    ends_at: datetime | None
    created_at: datetime

    @property
    def name(self) -> str:
        """The signatory's name as pages say it."""
        return f"{self.given_name} {self.surname}"

    @property
    def key(self) -> WrappedKey:
        """The key pair as the vault takes it."""
        return WrappedKey(KeyType(self.key_type), self.public_key, self.wrapped_key, self.wrapping_key_id)


# Built once: putting a statement together costs more than running it.
_FIND = select(credentials).where(credentials.c.credential == bindparam("name"))
_OF_ACCOUNT = (
    select(credentials)
    .where(
        credentials.c.client == bindparam("of_client"),
        credentials.c.account == bindparam("of_account"),
        credentials.c.state != "pending",
    )
    .order_by(credentials.c.created_at)
)
_ADD = insert(credentials)
_MOST: Final = 1000  # records at a time
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CredentialRecords:
    """The repository of credential records."""

    def __init__(self, seals: FreshSeals) -> None:
        self._seals = seals

    def find(self, connection: Connection, credential: str) -> CredentialRecord:
        """Return a record.

        Raises:
            CredentialUnknown: there is none.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": credential}).mappings().first()
        if row is None:
            raise CredentialUnknown(credential)
        return CredentialRecord(**self._seals.opened(connection, credentials, dict(row)))

    def of_account(self, connection: Connection, client: str, account: str) -> list[CredentialRecord]:
        """Return the records that a portal's account may use, oldest first."""
        rows = connection.execute(_OF_ACCOUNT, {"of_client": client, "of_account": account}).mappings()
        return [CredentialRecord(**self._seals.opened(connection, credentials, dict(row))) for row in rows]

    def of_approval(self, connection: Connection, approval: str, *states: State) -> list[CredentialRecord]:
        """Return the records made on an approval that are in one of these states."""
        return self._all(connection, credentials.c.approval == approval, credentials.c.state.in_(states))

    def owned(self, connection: Connection, subject_serial: str, phone: str) -> CredentialRecord | None:
        """Return the credential in use of this person with this telephone number; None when there is none."""
        wanted = credentials.c.subject_serial == subject_serial, credentials.c.phone == phone
        return next(iter(self._all(connection, *wanted, credentials.c.state.in_(IN_USE))), None)

    def in_use(self, connection: Connection, person: Approval) -> list[CredentialRecord]:
        """Return the records in use that share person, telephone number or account with an approval."""
        return self._all(connection, about_the_same(credentials, person), credentials.c.state.in_(IN_USE))

    def ending(
        self, connection: Connection, since: datetime, until: datetime, *states: State
    ) -> list[CredentialRecord]:
        """Return the records in one of these states whose certificate ends in a span, the earliest first."""
        ends_at = credentials.c.ends_at
        return self._all(connection, credentials.c.state.in_(states), ends_at >= since, ends_at < until, order=ends_at)

    def all(self, connection: Connection) -> list[CredentialRecord]:
        """Return every record.

        Raises:
            RecordTampered: a seal does not fit.
        """
        rows = connection.execute(select(credentials)).mappings()
        return [CredentialRecord(**self._seals.opened(connection, credentials, dict(row))) for row in rows]

    def _all(
        self,
        connection: Connection,
        *conditions: ColumnElement[bool],
        order: Column[Any] = credentials.c.created_at,
    ) -> list[CredentialRecord]:
        rows = connection.execute(select(credentials).where(*conditions).order_by(order).limit(_MOST)).mappings()
        return [CredentialRecord(**self._seals.opened(connection, credentials, dict(row))) for row in rows]

    def add(self, connection: Connection, record: CredentialRecord) -> None:
        """Insert a new record, sealed."""
        connection.execute(_ADD, self._seals.sealed(connection, credentials, record))

    def replace(self, connection: Connection, record: CredentialRecord) -> None:
        """Store a changed record, sealed anew; its version must be one above the stored one.

        Raises:
            CredentialUnknown: it changed meanwhile.
        """
        stored = connection.execute(
            update(credentials)
            .where(credentials.c.credential == record.credential, credentials.c.version == record.version - 1)
            .values(self._seals.sealed(connection, credentials, record))
        )
        if stored.rowcount != 1:
            raise CredentialUnknown(f"{record.credential}: changed meanwhile")
