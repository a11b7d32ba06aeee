"""The repository of allowances: one sealed row for each signatory (attack D3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.errors import RecordStale
from otp.tables import allowances
from otp.throttle import Allowance
from storage.fresh_seals import FreshSeals

# Built once: putting a statement together costs more than running it.
_FIND: Final = select(allowances).where(allowances.c.signatory == bindparam("of"))
_PUT: Final = insert(allowances)
_STORE: Final = _PUT.on_conflict_do_update(
    index_elements=["signatory"], set_={name: _PUT.excluded[name] for name in ("version", "used", "seal")}
)


@dataclass(frozen=True, slots=True)
class _Row:
    signatory: str
    version: int
    used: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """What a signatory has used up, as read in a transaction."""

    signatory: str
    version: int
    allowance: Allowance


class Allowances:
    """Reads and writes what signatories have used up, in the caller's transaction."""

    def __init__(self, seals: FreshSeals) -> None:
        self._seals = seals

    def of(self, connection: Connection, signatory: str) -> Standing:
        """Return what a signatory has used up.

        Raises:
            RecordTampered: its seal does not fit.
            RecordStale: it is an older copy, or the row was taken away.
        """
        found = connection.execute(_FIND, {"of": signatory}).mappings().first()
        if found is not None:
            row = _Row(**self._seals.opened(connection, allowances, dict(found)))
            return Standing(signatory, row.version, Allowance.from_bytes(row.used))
        if self._seals.newest(allowances, signatory):  # read in transactions that write, always
            raise RecordStale(f"{allowances.name}: taken away")
        return Standing(signatory, 0, Allowance())

    def begin(self, connection: Connection, signatories: Sequence[str]) -> None:
        """Have signatories of whom a restored database knows nothing have used up nothing."""
        for signatory in signatories:
            nothing = Standing(signatory, self._seals.newest(allowances, signatory), Allowance())
            self.store(connection, nothing, nothing.allowance)

    def forget(self, connection: Connection, signatories: Sequence[str]) -> None:
        """Drop what was counted for those who are nobody, and do not come again."""
        connection.execute(delete(allowances).where(allowances.c.signatory.in_(signatories)))
        self._seals.forget(connection, allowances, signatories)

    def store(self, connection: Connection, before: Standing, allowance: Allowance) -> None:
        """Store what has changed since `before`, which was read in this transaction."""
        row = _Row(before.signatory, before.version + 1, allowance.to_bytes())
        connection.execute(_STORE, self._seals.sealed(connection, allowances, row))
