"""Suspension, its end, and revocation, as an officer or administrator asks for them; and what ends by itself."""

from __future__ import annotations

import logging
from datetime import datetime

from signer.sam.errors import CredentialNotUsable
from signer.sam.notices import Notices
from signer.sam.parts import Parts
from signer.sam.protocol import SetState
from signer.sam.records import EARLIEST, IN_USE
from signer.sam.retiring import change_state, close_approval
from signer.sam.tables import approvals

log = logging.getLogger(__name__)

_CHANGES = {
    "pending": ("revoked",),  # its certificate was not taken, and is revoked
    "active": ("active", "suspended", "revoked"),
    "suspended": ("active", "suspended", "revoked"),
    "superseded": ("revoked",),  # its certificate may still be revoked, while it lasts
    "expired": ("revoked",),
    "revoked": ("revoked",),  # asked again after a crash between the SAM and the CA: nothing is left to do
}


class States:
    """Changes the state of credentials."""

    def __init__(self, parts: Parts, notices: Notices) -> None:
        self._parts = parts
        self._notices = notices

    def set_state(self, asked: SetState) -> None:
        """Suspend a credential, end its suspension, or revoke it for good; what it has open ends at once.

        The signatory is told. Asking for the state that it has changes nothing and tells nobody.

        Raises:
            CredentialNotUsable: a revoked credential does not change, and one that is over can only be revoked.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            record = self._parts.records.find(connection, asked.credential)
            if asked.state not in _CHANGES[record.state]:
                raise CredentialNotUsable(record.state)
            if asked.state != record.state:
                change_state(self._parts, connection, record, asked.state, now)
        if asked.state == "revoked":
            self._parts.database.forget_deleted()
        if asked.state != record.state and record.state in IN_USE:
            self._notices.tell_state(record, asked.state)

    def end_overdue(self) -> None:
        """End what is over by the clock: credentials whose certificate has ended, approvals that have lapsed.

        It only tidies up. That neither can be used is decided where they would be.
        """
        now = self._parts.clock.now()
        if self._end_credentials(now) + self._end_approvals(now):
            self._parts.database.forget_deleted()

    def _end_credentials(self, now: datetime) -> int:
        with self._parts.database.transaction() as connection:
            ended = self._parts.records.ending(connection, EARLIEST, now, *IN_USE)
            for record in ended:
                change_state(self._parts, connection, record, "expired", now)
        return len(ended)

    def _end_approvals(self, now: datetime) -> int:
        limits = self._parts.policy.approvals
        with self._parts.database.transaction() as connection:
            waited = approvals.c.approved_at <= now - limits.activation
            lapsed = self._parts.approvals.open_ones(connection, waited)
            for approval in lapsed:
                close_approval(self._parts, connection, approval, "lapsed", now)
        return len(lapsed)
