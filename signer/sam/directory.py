"""What a portal may know of its signatories' credentials, and what an officer sees of anybody's."""

from __future__ import annotations

from cryptography.x509 import load_der_x509_certificate
from sqlalchemy import Connection

from signer.sam.errors import CredentialUnknown
from signer.sam.issuers import Issuers
from signer.sam.parts import Parts
from signer.sam.protocol import (
    CredentialLine,
    CredentialLines,
    Credentials,
    CredentialView,
    DescribeCredential,
    ListCredentials,
    ListEnding,
    ShowCredential,
)
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

    def show(self, asked: ShowCredential) -> CredentialLine:
        """Return one credential, for an officer.

        Raises:
            CredentialUnknown: there is none.
        """
        with self._parts.database.reading() as connection:
            return _line(self._parts.records.find(connection, asked.credential))

    def list_ending(self, asked: ListEnding) -> CredentialLines:
        """Return the active credentials that end before an instant, the earliest first; none that has ended."""
        since = max(asked.since or self._parts.clock.now(), self._parts.clock.now())
        with self._parts.database.reading() as connection:
            records = self._parts.records.ending(connection, since, asked.until, "active")
        return CredentialLines([_line(record) for record in records])

    def _view(self, record: CredentialRecord) -> CredentialView:
        certificate = record.certificate or b""
        return CredentialView(
            credential=record.credential,
            state="revoked" if record.state == "pending" else record.state,
            key_type=record.key_type,
            certificates=[certificate, self._issuers.of(certificate)],
            multisign=self._parts.policy.multisign,
        )


def _line(record: CredentialRecord) -> CredentialLine:
    number = load_der_x509_certificate(record.certificate).serial_number if record.certificate else None
    return CredentialLine(
        credential=record.credential,
        state=record.state,
        name=record.name,
        client=record.client,
        account=record.account,
        serial="" if number is None else f"{number:040x}",
        ends_at=record.ends_at,
    )
