"""What a transaction binds, in one canonical encoding, and how it stands.

The binding is fixed when the transaction opens: signatory, credential and its version, client, trust mode, hash and
signature algorithm, every digest with its type and label in order, times, and a nonce of the SAM's own. Code,
fingerprint and SAD are all derived from its bytes, so none of them fits another transaction (design §2.1, attacks G4, W9).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.authorization_details import RequestedDigest
from core.canonical import Value, decode, encode
from signer.sam.errors import TransactionUnknown
from signer.sam.tables import transactions
from storage.fresh_seals import FreshSeals

_DOMAIN = "paraph transaction v1"

State = Literal["open", "authorised", "cancelled", "replaced", "not-sent"]
LIVE: tuple[State, ...] = ("open", "authorised")


@dataclass(frozen=True, slots=True)
class Binding:
    """All that a transaction binds."""

    nonce: bytes  # 16 bytes
    transaction: str
    signatory: str
    credential: str
    record_version: int
    client: str
    signed_by_portal: bool
    hash: HashAlgorithm
    algorithm: SignatureAlgorithm
    digests: tuple[RequestedDigest, ...]
    opened_at: datetime
    expires_at: datetime

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        digests: list[Value] = [[digest.type, digest.value, digest.label] for digest in self.digests]
        plain: dict[str, Value] = {name: getattr(self, name) for name in _PLAIN}
        return encode(
            _DOMAIN,
            {
                **plain,
                "hash": self.hash.oid,
                "algorithm": self.algorithm.value,
                "count": len(digests),
                "digests": digests,
            },
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Binding:
        """Return the binding that `to_bytes` wrote.

        Raises:
            NotCanonical: other bytes.
        """
        told: dict[str, Any] = decode(_DOMAIN, data)
        return cls(
            hash=HashAlgorithm(told["hash"]),
            algorithm=SignatureAlgorithm(told["algorithm"]),
            digests=tuple(RequestedDigest(*digest) for digest in told["digests"]),
            **{name: told[name] for name in _PLAIN},
        )


_PLAIN = (
    "nonce",
    "transaction",
    "signatory",
    "credential",
    "record_version",
    "client",
    "signed_by_portal",
    "opened_at",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of `transactions`. `progress` has a letter for each digest: A(uthorised), R(eserved), S(igned)."""

    transaction: str
    version: int
    credential: str
    state: State
    binding: bytes
    language: Literal["ro", "en"]
    progress: bytes
    reserved_at: datetime | None

    @property
    def bound(self) -> Binding:
        """The binding, decoded."""
        return _decoded(self.binding)

    @property
    def binding_digest(self) -> bytes:
        """SHA-256 of the binding."""
        return hashlib.sha256(self.binding).digest()

    def positions(self, letter: str) -> list[int]:
        """Return the positions whose progress is `letter`."""
        return [position for position, each in enumerate(self.progress.decode()) if each == letter]

    def advanced(self, positions: list[int], letter: str) -> bytes:
        """Return the progress with `letter` at `positions`."""
        progress = bytearray(self.progress)
        for position in positions:
            progress[position] = ord(letter)
        return bytes(progress)


@lru_cache(maxsize=256)
def _decoded(binding: bytes) -> Binding:
    return Binding.from_bytes(binding)


# Built once: putting a statement together costs more than running it.
_FIND = select(transactions).where(transactions.c.transaction == bindparam("name"))
_LIVE_OF = select(transactions).where(transactions.c.credential == bindparam("of"), transactions.c.state.in_(LIVE))
_LIVE = select(transactions).where(transactions.c.state.in_(LIVE))
_ADD = insert(transactions)
_STORE = update(transactions).where(
    transactions.c.transaction == bindparam("name"), transactions.c.version == bindparam("version_before")
)


class Transactions:
    """The repository of transactions."""

    def __init__(self, seals: FreshSeals) -> None:
        self._seals = seals

    def find(self, connection: Connection, transaction: str) -> Transaction:
        """Return a transaction.

        Raises:
            TransactionUnknown: there is none.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": transaction}).mappings().first()
        if row is None:
            raise TransactionUnknown(transaction)
        return self._opened(connection, dict(row))

    def live_of(self, connection: Connection, credential: str) -> list[Transaction]:
        """Return the credential's transactions that still can lead to a signature."""
        rows = connection.execute(_LIVE_OF, {"of": credential}).mappings()
        return [self._opened(connection, dict(row)) for row in rows]

    def live(self, connection: Connection) -> list[Transaction]:
        """Return every transaction that still can lead to a signature."""
        rows = connection.execute(_LIVE).mappings()
        return [self._opened(connection, dict(row)) for row in rows]

    def add(self, connection: Connection, transaction: Transaction) -> None:
        """Insert a new transaction, sealed."""
        connection.execute(_ADD, self._seals.sealed(connection, transactions, transaction))

    def store(self, connection: Connection, changed: Transaction) -> None:
        """Store a transaction that was read in this transaction and changed, sealed anew, as the next version.

        Raises:
            TransactionUnknown: it changed meanwhile.
        """
        newer = replace(changed, version=changed.version + 1)
        place = {"name": changed.transaction, "version_before": changed.version}
        stored = connection.execute(_STORE, {**place, **self._seals.sealed(connection, transactions, newer)})
        if stored.rowcount != 1:
            raise TransactionUnknown(f"{changed.transaction}: changed meanwhile")

    def _opened(self, connection: Connection, row: dict[str, Any]) -> Transaction:
        return Transaction(**self._seals.opened(connection, transactions, row))
