"""An officer's decisions about people, put on record: who may have a credential, and who may have another one.

Rules:

- the moment of the proofing is the SAM's own, so that nobody can say it was later or earlier;
- one approval waits for a person, a telephone number, an account, and one credential of theirs is in use (attack Z8);
- a new credential replaces one only where person, number and account are the same, so the message that announces it
  goes to the number that the person already had; another number needs the old credential revoked first (attack Z9);
- a renewal rests on the proofing before it, and cannot outlive it (EN 319 411-1 §6.3.7).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from core.entropy import new_id
from signer.sam.approvals import Approval, about_the_same
from signer.sam.errors import AlreadyApproved, AlreadyEnrolled, ApprovalNotOpen, NothingToReplace
from signer.sam.parts import Parts
from signer.sam.policy import check_usable
from signer.sam.protocol import (
    ApprovalView,
    Approve,
    Approved,
    ApproveRenewal,
    ListApprovals,
    OpenApprovals,
    WithdrawApproval,
)
from signer.sam.records import CredentialRecord
from signer.sam.retiring import close_approval
from signer.sam.tables import approvals


class Approving:
    """Records approvals."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def approve(self, asked: Approve) -> Approved:
        """Put on record that a person was identified just now.

        Raises:
            PortalUnknown: the portal is not registered.
            AlreadyApproved: an approval waits for the person, the phone or the account.
            AlreadyEnrolled: one of them has a credential in use, and it was not said that the person is known.
            NothingToReplace: it was said, and no credential in use is this person's, with this phone and account.
        """
        now = self._parts.clock.now()
        approval = self._new(asked, now)
        with self._parts.database.transaction() as connection:
            self._parts.portals.find(connection, asked.client)
            self._check_waiting(connection, approval, now)
            in_use = self._parts.records.in_use(connection, approval)
            approval = replace(approval, replaces=_replaced(in_use, approval, anew=asked.anew))
            return self._add(connection, approval)

    def approve_renewal(self, asked: ApproveRenewal) -> Approved:
        """Put on record that a credential may be followed by another one, on the proofing that it rests on.

        Raises:
            CredentialUnknown: there is none.
            CredentialNotUsable: it is suspended, revoked or over: what has ended is not renewed.
            ProofingTooOld: the person must be identified again.
            AlreadyApproved: an approval waits already.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            record = self._parts.records.find(connection, asked.credential)
            check_usable(record, now)
            before = self._parts.approvals.find(connection, record.approval)
            self._parts.policy.approvals.check_proofing(before.proofed_at, now)
            approval = replace(
                before,
                approval=new_id(self._parts.entropy, "a"),
                version=1,
                state="open",
                replaces=record.credential,
                approved_at=now,
            )
            self._check_waiting(connection, approval, now)
            return self._add(connection, approval)

    def list(self, _asked: ListApprovals) -> OpenApprovals:
        """List the approvals that wait; those that have lapsed are not among them."""
        now = self._parts.clock.now()
        with self._parts.database.reading() as connection:
            found = self._parts.approvals.open_ones(connection)
        return OpenApprovals([self._view(approval) for approval in found if not self._has_lapsed(approval, now)])

    def withdraw(self, asked: WithdrawApproval) -> None:
        """End an approval, and what was begun on it.

        Raises:
            ApprovalUnknown: there is none.
            ApprovalNotOpen: it was used, withdrawn, or has lapsed.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            approval = self._parts.approvals.find(connection, asked.approval)
            if approval.state != "open":
                raise ApprovalNotOpen(approval.state)
            close_approval(self._parts, connection, approval, "withdrawn", now)
        self._parts.database.forget_deleted()

    def _new(self, asked: Approve, now: datetime) -> Approval:
        return Approval(
            approval=new_id(self._parts.entropy, "a"),
            version=1,
            state="open",
            signatory=new_id(self._parts.entropy, "s"),  # a new proofing begins with new allowances of codes
            given_name=asked.given_name,
            surname=asked.surname,
            subject_serial=asked.subject_serial,
            phone=asked.phone,
            email=asked.email,
            client=asked.client,
            account=asked.account,
            allow_carried=int(asked.allow_carried),
            replaces="",
            proofed_at=now,
            approved_at=now,
        )

    def _check_waiting(self, connection: Connection, approval: Approval, now: datetime) -> None:
        for waiting in self._parts.approvals.open_ones(connection, about_the_same(approvals, approval)):
            if not self._has_lapsed(waiting, now):
                raise AlreadyApproved(waiting.approval)
            close_approval(self._parts, connection, waiting, "lapsed", now)

    def _add(self, connection: Connection, approval: Approval) -> Approved:
        self._parts.approvals.add(connection, approval)
        self._parts.evidence.append(
            connection,
            "approved",
            approval.approved_at,
            approval=approval.approval,
            client=approval.client,
            replaces=approval.replaces,
            proofed_at=approval.proofed_at,
        )
        return Approved(approval.approval, approval.approved_at + self._parts.policy.approvals.activation)

    def _has_lapsed(self, approval: Approval, now: datetime) -> bool:
        return self._parts.policy.approvals.has_lapsed(approval.proofed_at, approval.approved_at, now)

    def _view(self, approval: Approval) -> ApprovalView:
        return ApprovalView(
            approval=approval.approval,
            name=approval.name,
            client=approval.client,
            account=approval.account,
            replaces=approval.replaces,
            approved_at=approval.approved_at,
            activate_by=approval.approved_at + self._parts.policy.approvals.activation,
        )


def _replaced(in_use: list[CredentialRecord], approval: Approval, *, anew: bool) -> str:
    """Return the credential that a new one will replace; empty when the person has none.

    Raises:
        AlreadyEnrolled, NothingToReplace: what is in use does not fit what was said.
    """
    if not anew:
        if in_use:
            raise AlreadyEnrolled(_in_common(in_use[0], approval))
        return ""
    same = [record for record in in_use if _identity(record) == _identity(approval) and record.state == "active"]
    if not same or len(in_use) > 1:
        raise NothingToReplace
    return same[0].credential


def _identity(of: CredentialRecord | Approval) -> tuple[str, str, str, str]:
    return of.subject_serial, of.phone, of.client, of.account


def _in_common(record: CredentialRecord, approval: Approval) -> str:
    if record.subject_serial == approval.subject_serial:
        return "person"
    return "phone" if record.phone == approval.phone else "account"
