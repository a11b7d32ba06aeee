"""Credential records: a signatory, a key, a certificate, a phone number, under one seal (design §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from core.algorithms import KeyType
from hsm.ports import WrappedKey
from signer.sam.errors import CredentialUnknown
from signer.sam.tables import credentials
from storage.seals import Seals

State = Literal["pending", "active", "suspended", "revoked"]


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """One row of `credentials`, as it was sealed. `version` rises with every change."""

    credential: str
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
    key_type: str
    public_key: bytes
    wrapped_key: bytes
    wrapping_key_id: str
    certificate: bytes | None
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


class CredentialRecords:
    """The repository of credential records."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def find(self, connection: Connection, credential: str) -> CredentialRecord:
        """Return a record.

        Raises:
            CredentialUnknown: there is none.
            RecordTampered: its seal does not fit.
        """
        row = connection.execute(_FIND, {"name": credential}).mappings().first()
        if row is None:
            raise CredentialUnknown(credential)
        return CredentialRecord(**self._seals.opened(credentials, dict(row)))

    def of_account(self, connection: Connection, client: str, account: str) -> list[CredentialRecord]:
        """Return the records that a portal's account may use, oldest first."""
        rows = connection.execute(_OF_ACCOUNT, {"of_client": client, "of_account": account}).mappings()
        return [CredentialRecord(**self._seals.opened(credentials, dict(row))) for row in rows]

    def all(self, connection: Connection) -> list[CredentialRecord]:
        """Return every record.

        Raises:
            RecordTampered: a seal does not fit.
        """
        rows = connection.execute(select(credentials)).mappings()
        return [CredentialRecord(**self._seals.opened(credentials, dict(row))) for row in rows]

    def live_duplicate(self, connection: Connection, record: CredentialRecord) -> str | None:
        """Return what a live record has in common with `record`: "person", "phone" or "account"; None when nothing."""
        row = connection.execute(
            select(credentials.c.subject_serial, credentials.c.phone)
            .where(
                credentials.c.state != "revoked",
                or_(
                    credentials.c.subject_serial == record.subject_serial,
                    credentials.c.phone == record.phone,
                    (credentials.c.client == record.client) & (credentials.c.account == record.account),
                ),
            )
            .limit(1)
        ).first()
        if row is None:
            return None
        if row.subject_serial == record.subject_serial:
            return "person"
        return "phone" if row.phone == record.phone else "account"

    def add(self, connection: Connection, record: CredentialRecord) -> None:
        """Insert a new record, sealed."""
        connection.execute(_ADD, self._seals.sealed(credentials, record))

    def replace(self, connection: Connection, record: CredentialRecord) -> None:
        """Store a changed record, sealed anew; its version must be one above the stored one.

        Raises:
            CredentialUnknown: it changed meanwhile.
        """
        stored = connection.execute(
            update(credentials)
            .where(credentials.c.credential == record.credential, credentials.c.version == record.version - 1)
            .values(self._seals.sealed(credentials, record))
        )
        if stored.rowcount != 1:
            raise CredentialUnknown(f"{record.credential}: changed meanwhile")
