"""What follows when a credential or an approval changes its state, the same wherever the change comes from.

Rules:

- what is not active opens nothing: its transactions end at once, the authorised ones too (attack T13);
- a credential that is over has no key: its wrapped form leaves the record, whose seal then covers that there is none
  (TS 119 431-1 DEL-6.3.2-01);
- an approval that ends takes along what was begun on it, and a revoked credential the approval that would follow it.

Whoever calls has the transaction, and empties the database's log after it (`Database.forget_deleted`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from core.algorithms import HashAlgorithm
from signer.sam.approvals import Approval
from signer.sam.endings import end
from signer.sam.parts import Parts
from signer.sam.records import CredentialRecord, State
from signer.sam.tables import approvals

OVER: Final[frozenset[State]] = frozenset({"superseded", "expired", "revoked"})


def change_state(parts: Parts, connection: Connection, record: CredentialRecord, state: State, now: datetime) -> None:
    """Give a credential another state, with everything that follows from it."""
    changed = replace(record, state=state, version=record.version + 1)
    if state in OVER:
        changed = replace(changed, wrapped_key=b"", wrapping_key_id="")
    parts.records.replace(connection, changed)
    if state != "active":
        for transaction in parts.transactions.live_of(connection, record.credential):
            end(parts, connection, transaction, "cancelled", now)
    parts.evidence.append(connection, "state changed", now, credential=record.credential, state=state)
    if record.wrapped_key and not changed.wrapped_key:
        wrapped = HashAlgorithm.SHA256.new(record.wrapped_key).digest()
        parts.evidence.append(connection, "key destroyed", now, credential=record.credential, wrapped_key=wrapped)
    if state == "revoked":
        for approval in parts.approvals.open_ones(connection, approvals.c.replaces == record.credential):
            close_approval(parts, connection, approval, "withdrawn", now)


def close_approval(
    parts: Parts, connection: Connection, approval: Approval, state: Literal["withdrawn", "lapsed"], now: datetime
) -> None:
    """End an open approval, and what was begun on it."""
    give_up(parts, connection, approval, now)
    parts.approvals.replace(connection, replace(approval, state=state, version=approval.version + 1))
    parts.evidence.append(connection, f"approval {state}", now, approval=approval.approval)


def give_up(parts: Parts, connection: Connection, approval: Approval, now: datetime) -> None:
    """Give up the credentials that were begun on an approval and have no certificate."""
    for pending in parts.records.of_approval(connection, approval.approval, "pending"):
        change_state(parts, connection, pending, "revoked", now)
