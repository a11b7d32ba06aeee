"""The SAM after a restore, before anybody can ask it anything (attack O1).

What was live when the backup was made is over: a code may have been typed and a SAD used since, and the copy does not
know it. A transaction that was opened after the backup is not known at all, so its SAD opens nothing either. What the
authority says of a certificate counts for its credential: a revocation that the copy had not heard of destroys the key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cryptography.x509 import load_der_x509_certificate

from signer.sam.endings import end
from signer.sam.enrolment import Enrolment
from signer.sam.parts import Parts
from signer.sam.protocol import SetState
from signer.sam.records import CredentialRecord

Status = Literal["good", "suspended", "revoked"]
StatusOf = Callable[[str], Status]  # serial number, 40 hexadecimal digits → what the authority has on record


@dataclass(frozen=True, slots=True)
class Restored:
    """What was changed in the copy."""

    ended: int  # transactions
    revoked: list[str]  # credentials, whose keys were destroyed
    suspended: list[str]  # credentials


class Restoration:
    """Makes a restored SAM fit to be started."""

    def __init__(self, parts: Parts, enrolment: Enrolment) -> None:
        self._parts = parts
        self._enrolment = enrolment

    def restore(self, backup: str, by: str, status_of: StatusOf) -> Restored:
        """End what was live and follow the authority's record; `backup` and `by` are for the evidence.

        Raises:
            RecordTampered: a record's seal does not fit.
            Unavailable: the database or the token does not work.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            self._parts.evidence.append(connection, "restored", now, backup=backup, by=by)
            live = self._parts.transactions.live(connection)
            for transaction in live:
                end(self._parts, connection, transaction, "cancelled", now)
            records = self._parts.records.all(connection)
        revoked = self._follow(records, status_of, "revoked")
        suspended = self._follow(records, status_of, "suspended")
        return Restored(len(live), revoked, suspended)

    def _follow(
        self, records: list[CredentialRecord], status_of: StatusOf, status: Literal["suspended", "revoked"]
    ) -> list[str]:
        changed = [each.credential for each in records if _is_news(each, status_of, status)]
        for credential in changed:
            self._enrolment.set_state(SetState(credential, status))
        return changed


def _is_news(record: CredentialRecord, status_of: StatusOf, status: Status) -> bool:
    if record.certificate is None or record.state in {"revoked", status}:
        return False
    serial = load_der_x509_certificate(record.certificate).serial_number
    return status_of(f"{serial:040x}") == status
