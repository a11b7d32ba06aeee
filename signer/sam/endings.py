"""Whose a transaction is, whether it is open, and how it ends: cancelled by the signatory or the portal, or replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from signer.sam.errors import TransactionClosed, TransactionUnknown
from signer.sam.parts import Parts
from signer.sam.protocol import CancelTransaction, RevokeSad, ShowTransaction, TransactionView
from signer.sam.transactions import LIVE, Transaction
from signer.sam.views import view


def own(parts: Parts, connection: Connection, transaction: str, client: str) -> Transaction:
    """Return a transaction of this client.

    Raises:
        TransactionUnknown: there is none, or it is another client's: the two are not told apart.
    """
    found = parts.transactions.find(connection, transaction)
    if found.bound.client != client:
        raise TransactionUnknown("another client's")
    return found


def open_one(parts: Parts, connection: Connection, transaction: str, client: str, now: datetime) -> Transaction:
    """Return a transaction of this client that waits for its code.

    Raises:
        TransactionUnknown, TransactionClosed: it does not.
    """
    found = own(parts, connection, transaction, client)
    if found.state != "open":
        raise TransactionClosed(found.state)
    if now >= found.bound.expires_at:
        raise TransactionClosed("its time is over")
    return found


def end(
    parts: Parts,
    connection: Connection,
    transaction: Transaction,
    state: Literal["cancelled", "replaced"],
    now: datetime,
) -> None:
    """End a live transaction; its code and its SAD open nothing any more."""
    parts.transactions.store(connection, replace(transaction, state=state))
    parts.challenges.close(connection, transaction.transaction)
    parts.evidence.append(connection, f"transaction {state}", now, transaction=transaction.transaction)


class Endings:
    """Shows and cancels transactions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def show(self, asked: ShowTransaction) -> TransactionView:
        """Return how a transaction stands."""
        with self._parts.database.reading() as connection:
            transaction = own(self._parts, connection, asked.transaction, asked.client)
            record = self._parts.records.find(connection, transaction.credential)
            portal = self._parts.portals.find(connection, asked.client)
            challenge = self._parts.challenges.find(connection, transaction.transaction)
        return view(self._parts, transaction, record, portal, challenge)

    def cancel(self, asked: CancelTransaction) -> None:
        """End a transaction for good; a transaction that ended before stays as it is."""
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            transaction = own(self._parts, connection, asked.transaction, asked.client)
            if transaction.state in LIVE:
                end(self._parts, connection, transaction, "cancelled", now)

    def revoke(self, asked: RevokeSad) -> None:
        """End the transaction of a SAD.

        Raises:
            SadInvalid: not a SAD of ours.
        """
        claims = self._parts.codec.open(asked.sad)
        self.cancel(CancelTransaction(claims.transaction, asked.client))
