"""The count of uses: each authorised digest meets the key once, whatever crashes or runs in parallel (design §2.6).

A digest goes from A(uthorised) over R(eserved) to S(igned), each step durable before the next begins. What is reserved
and never became signed is an unknown outcome: it is not signed again (attack O14). The state is in the transaction's
sealed row; the results beside it give a retry the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from signer.sam.errors import TransactionClosed
from signer.sam.evidence import Evidence
from signer.sam.tables import results
from signer.sam.transactions import Transaction, Transactions
from signer.sam.verify import VerifiedActivation
from storage.engine import Database

# Built once: putting a statement together costs more than running it.
_HERE = and_(results.c.transaction == bindparam("at_transaction"), results.c.position == bindparam("at_position"))
_STORE = update(results).where(_HERE)
_FORGET = delete(results).where(_HERE)
_RESULTS = select(results).where(results.c.transaction == bindparam("at_transaction"))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one digest: a signature or a CMS, and the increment it belongs to where there is one."""

    value: bytes
    increment_before: bytes
    increment_after: bytes


@dataclass(frozen=True, slots=True)
class Reserved:
    """Positions that this call alone may sign now, and the activation that allows it."""

    activation: VerifiedActivation
    mine: tuple[int, ...]


class Ledger:
    """Reserves, stores, releases and finds again."""

    def __init__(self, database: Database, transactions: Transactions, evidence: Evidence) -> None:
        self._database = database
        self._transactions = transactions
        self._evidence = evidence

    def reserve(
        self,
        verify: Callable[[Connection], VerifiedActivation],
        increment: tuple[bytes, bytes] | None,
        now: datetime,
    ) -> Reserved:
        """Verify an order and reserve, in the same transaction, those of its digests that nobody signed or reserved.

        The increment, when there is one, is the document's only one from here on (attack W5).
        """
        with self._database.transaction() as connection:
            activation = verify(connection)
            free = set(activation.transaction.positions("A"))
            mine = tuple(sorted(free & set(activation.positions)))
            if mine:
                self._reserve(connection, activation, mine, increment, now)
        return Reserved(activation, mine)

    def _reserve(
        self,
        connection: Connection,
        activation: VerifiedActivation,
        mine: tuple[int, ...],
        increment: tuple[bytes, bytes] | None,
        now: datetime,
    ) -> None:
        transaction = activation.transaction
        before, after = increment or (b"", b"")
        rows = [
            {
                "transaction": transaction.transaction,
                "position": position,
                "increment_before": before,
                "increment_after": after,
            }
            for position in mine
        ]
        connection.execute(insert(results), rows)
        self._advance(connection, transaction, mine, "R", now)
        self._tell(connection, "signing intended", activation, mine, now)

    def store(self, reserved: Reserved, values: list[bytes], now: datetime) -> None:
        """Store the values of reserved positions, in their order, and tell the outcome.

        Raises:
            TransactionClosed: it is stored, but the transaction was cancelled or replaced meanwhile.
        """
        transaction = reserved.activation.transaction
        with self._database.transaction() as connection:
            rows = zip(reserved.mine, values, strict=True)
            connection.execute(_STORE, [{**_place(transaction, position), "value": value} for position, value in rows])
            current = self._current(connection, transaction)
            self._advance(connection, current, reserved.mine, "S", None)
            self._tell(connection, "signed", reserved.activation, reserved.mine, now)
        _check_authorised(current)

    def release(self, reserved: Reserved, reason: str, now: datetime) -> None:
        """Give reserved positions back: the key was certainly not used."""
        transaction = reserved.activation.transaction
        with self._database.transaction() as connection:
            connection.execute(_FORGET, [_place(transaction, position) for position in reserved.mine])
            self._advance(connection, self._current(connection, transaction), reserved.mine, "A", None)
            self._tell(connection, f"signing not begun: {reason}", reserved.activation, reserved.mine, now)

    def results(self, activation: VerifiedActivation) -> list[Result] | None:
        """Return the results of all positions in the order asked; None while one of them is only reserved.

        Raises:
            TransactionClosed: the transaction was cancelled or replaced meanwhile.
        """
        with self._database.reading() as connection:
            transaction = self._current(connection, activation.transaction)
            _check_authorised(transaction)
            if not set(activation.positions) <= set(transaction.positions("S")):
                return None
            rows = connection.execute(_RESULTS, {"at_transaction": transaction.transaction}).all()
        found = {row.position: Result(row.value, row.increment_before, row.increment_after) for row in rows}
        return [found[position] for position in activation.positions]

    def reserved_at(self, activation: VerifiedActivation) -> datetime | None:
        """Return when a digest of the transaction was last reserved."""
        with self._database.reading() as connection:
            return self._current(connection, activation.transaction).reserved_at

    def _current(self, connection: Connection, transaction: Transaction) -> Transaction:
        return self._transactions.find(connection, transaction.transaction)

    def _advance(
        self,
        connection: Connection,
        transaction: Transaction,
        positions: tuple[int, ...],
        letter: str,
        at: datetime | None,
    ) -> None:
        progress = transaction.advanced(list(positions), letter)
        self._transactions.store(
            connection, replace(transaction, progress=progress, reserved_at=at or transaction.reserved_at)
        )

    def _tell(
        self, connection: Connection, event: str, activation: VerifiedActivation, mine: tuple[int, ...], now: datetime
    ) -> None:
        bound = activation.transaction.bound
        self._evidence.append(
            connection,
            event,
            now,
            transaction=bound.transaction,
            credential=bound.credential,
            client=bound.client,
            algorithm=bound.algorithm.value,
            positions=list(mine),
            digests=[bound.digests[position].value for position in mine],
        )


def _check_authorised(transaction: Transaction) -> None:
    if transaction.state != "authorised":
        raise TransactionClosed(transaction.state)


def _place(transaction: Transaction, position: int) -> dict[str, object]:
    return {"at_transaction": transaction.transaction, "at_position": position}
