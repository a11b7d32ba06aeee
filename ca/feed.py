"""The feed by which the `status` zone follows the record: every certificate when it is handed out, and each change."""

from __future__ import annotations

from typing import Final

from ca.parts import Parts
from ca.protocol import CertificateState, ChangedStates, StatusChanges
from ca.statuses import Change

_MOST: Final = 1000  # states of one answer


class Feed:
    """Answers on the socket `ca-status`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def changes(self, asked: StatusChanges) -> ChangedStates:
        """Return the changes after a number, oldest first.

        Raises:
            RecordTampered: a change was written by another hand, or is missing.
            Unavailable: the database does not work.
        """
        limit = max(1, min(asked.limit, _MOST))
        with self._parts.database.reading() as connection:
            changes = self._parts.statuses.after(connection, max(0, asked.after), limit)
        return ChangedStates([_state(change) for change in changes])


def _state(change: Change) -> CertificateState:
    return CertificateState(
        change=change.change,
        issuer=change.issuer,
        serial=change.serial,
        not_after=change.not_after,
        revoked_at=None if change.status == "good" else change.at,
        reason=change.reason,
    )
