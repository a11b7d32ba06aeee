"""What a portal may know of its signatories' credentials."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection

from signer.sam.errors import CredentialUnknown
from signer.sam.issuers import Issuers
from signer.sam.parts import Parts
from signer.sam.protocol import Credentials, CredentialView, DescribeCredential, ListCredentials
from signer.sam.records import CredentialRecord


class Directory:
    """Lists and describes credentials. `multisign`: most digests in one authorization."""

    def __init__(self, parts: Parts, issuers: Issuers) -> None:
        self._parts = parts
        self._issuers = issuers

    def list(self, asked: ListCredentials) -> Credentials:
        """Return the credentials of a portal's account; none when there is no such account."""
        with self._parts.database.reading() as connection:
            records = self._parts.records.of_account(connection, asked.client, asked.account)
        return Credentials([self._view(record) for record in records])

    def describe(self, asked: DescribeCredential) -> CredentialView:
        """Return one credential.

        Raises:
            CredentialUnknown: there is none, it is pending, or it is another portal's: they are not told apart.
        """
        with self._parts.database.reading() as connection:
            return self._view(self._own(connection, asked))

    def _own(self, connection: Connection, asked: DescribeCredential) -> CredentialRecord:
        record = self._parts.records.find(connection, asked.credential)
        if record.client != asked.client or record.certificate is None:
            raise CredentialUnknown(asked.credential[:100])
        return record

    def _view(self, record: CredentialRecord) -> CredentialView:
        states: dict[str, Literal["active", "suspended", "revoked"]] = {"active": "active", "suspended": "suspended"}
        certificate = record.certificate or b""
        return CredentialView(
            credential=record.credential,
            state=states.get(record.state, "revoked"),
            key_type=record.key_type,
            certificates=[certificate, self._issuers.of(certificate)],
            multisign=self._parts.policy.multisign,
        )
