"""The SAM after a restore, before anybody can ask it anything (attack O1).

What was open when the backup was made is over: a code may have been typed, a SAD used, an approval withdrawn since, and
the copy does not know it. A transaction that was opened after the backup is not known at all, so its SAD opens nothing
either. What the authority says of a certificate counts for its credential: a revocation that the copy had not heard of
destroys the key. Nobody is told by message; the operator has the list.

Where the marks of the database that is replaced are still there, they tell which records of the copy are older than what
is lost (`storage.marks`). Nobody knows what such a credential should say: it is revoked. Such a portal is registered
again. What a signatory had used up when the backup was made counts from here on, and no row of what is lost ever again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from cryptography.x509 import load_der_x509_certificate

from signer.sam.endings import end
from signer.sam.parts import Parts
from signer.sam.records import CredentialRecord
from signer.sam.retiring import OVER, change_state, close_approval
from signer.sam.tables import approvals, credentials, own_revocations, portals, transactions
from storage.fresh_seals import FreshSeals

_TABLES: Final = (credentials, portals, approvals, transactions, own_revocations)
_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)  # what is open may say that it was opened after this moment
Status = Literal["good", "suspended", "revoked"]
StatusOf = Callable[[str], Status]  # serial number, 40 hexadecimal digits → what the authority has on record


@dataclass(frozen=True, slots=True)
class Restored:
    """What was changed in the copy."""

    ended: int  # transactions
    withdrawn: int  # approvals on which nothing was issued yet
    revoked: list[str]  # credentials, whose keys were destroyed
    suspended: list[str]  # credentials
    portals: list[str]  # client identifiers of portals that are to be registered again
    rows_lost: int  # of the evidence


@dataclass(frozen=True, slots=True)
class _Lost:
    """What is known of records that the copy does not have as they were last."""

    rows: int  # of the evidence
    credentials: list[str]
    portals: list[str]


class Restoration:
    """Makes a restored SAM fit to be started."""

    def __init__(self, parts: Parts, seals: FreshSeals) -> None:
        self._parts = parts
        self._seals = seals

    def restore(self, backup: str, by: str, status_of: StatusOf) -> Restored:
        """End what was open and follow the authority's record; `backup` and `by` are for the evidence.

        Raises:
            RecordTampered: a record's seal does not fit.
            Unavailable: the database or the token does not work.
        """
        parts, now = self._parts, self._parts.clock.now()
        lost = self._take_over(backup, by, now)
        with parts.database.transaction() as connection:
            live = parts.transactions.live(connection)
            for transaction in live:
                end(parts, connection, transaction, "cancelled", now)
            while names := parts.own_revocations.forget_open(connection, _EVER):
                parts.challenges.forget(connection, names)
            withdrawn = 0
            while waiting := parts.approvals.open_ones(connection):
                for approval in waiting:
                    close_approval(parts, connection, approval, "withdrawn", now)
                withdrawn += len(waiting)
            changed: dict[Status, list[str]] = {"revoked": [], "suspended": []}
            for record in parts.records.all(connection):
                status = _news(record, lost.credentials, status_of)
                if status is not None:
                    change_state(parts, connection, record, status, now)
                    changed[status].append(record.credential)
            parts.portals.forget(connection, lost.portals)
        parts.database.forget_deleted()
        return Restored(len(live), withdrawn, changed["revoked"], changed["suspended"], lost.portals, lost.rows)

    def _take_over(self, backup: str, by: str, now: datetime) -> _Lost:
        """Have the copy count from here on, before anything is done with it; return what it has earlier records of."""
        with self._parts.database.transaction() as connection:
            rows = self._parts.evidence.missing(connection)
            self._parts.evidence.take_over(connection, "restored", now, backup=backup, by=by, rows_lost=rows)
            self._parts.challenges.take_over(connection)
            older = {table: self._seals.take_over(connection, table)[0] for table in _TABLES}
        return _Lost(rows, older[credentials], older[portals])


def _news(record: CredentialRecord, older: list[str], status_of: StatusOf) -> Literal["revoked", "suspended"] | None:
    """Return the state that a record takes from the authority's; None when it has it, or is over and not revoked."""
    if record.certificate is None or record.state == "revoked":
        return None
    if record.credential in older and record.state not in OVER:
        return "revoked"
    status = status_of(f"{load_der_x509_certificate(record.certificate).serial_number:040x}")
    if status == "revoked" or (status == "suspended" and record.state == "active"):
        return status
    return None
