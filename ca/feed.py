"""The feed by which the `status` zone follows the record: every certificate when it is handed out, and each change."""

from __future__ import annotations

from typing import Final

from ca import audit, public_keys
from ca.parts import Parts
from ca.protocol import CertificateState, ChangedStates, StatusChanges
from ca.statuses import Change

_MOST: Final = 1000  # states of one answer


class Feed:
    """Answers on the socket `ca-status`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._issuer = audit.digest(public_keys.encoded(parts.issuer.public_key)).hex()

    def changes(self, asked: StatusChanges) -> ChangedStates:
        """Return the changes after a number, oldest first.

        Raises:
            RecordTampered: a change was written by another hand, or is missing.
            Unavailable: the database does not work.
        """
        limit = max(1, min(asked.limit, _MOST))
        with self._parts.database.reading() as connection:
            changes = self._parts.statuses.after(connection, max(0, asked.after), limit)
        return ChangedStates([self._state(change) for change in changes])

    def _state(self, change: Change) -> CertificateState:
        return CertificateState(
            change=change.change,
            issuer=self._issuer,
            serial=change.serial,
            not_after=change.not_after,
            revoked_at=None if change.status == "good" else change.at,
            reason=change.reason,
        )
