"""Two people: what one administrator proposes, another approves, and only then is it done, once.

Rules:

1. Who proposed an act does not approve it, and both are still active administrators when it is carried out.
2. A person approves the act they saw: its digest comes with the approval.
3. A proposal is decided once, before it expires, and carried out once, before it expires; the row is sealed, and only ever
   newer.
4. A guarded operation takes an `Approved`. Only this module makes one, and its act comes out once: `redeem` marks the
   proposal in the operation's own transaction, so that no other process and no crash lets it happen twice.
5. The intent is in the audit log before the act: proposed, decided, begun, done, each under the administrators' names.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection

from ca import acts, audit
from ca.admin_protocol import (
    NotApproved,
    OtherAct,
    ProposalChanged,
    ProposalClosed,
    ProposalExpired,
    ProposalSummary,
    ProposalUnknown,
    SamePerson,
)
from ca.control_tables import Admin, Proposal
from ca.parts import Parts
from ca.sessions import SignedIn
from core.canonical import Value
from core.entropy import new_id
from storage.versioned import Versioned

LIFE: Final = timedelta(days=7)  # to be decided and carried out in
_LONGEST_WORDS: Final = 200
_WAITING: Final = ("open", "approved", "begun")
_SEAL: Final = object()  # named in this module only

A = TypeVar("A", bound=acts.Act)


class Approved:
    """An act that two administrators decided. Only `DualControl` makes one; its act is redeemed once."""

    def __init__(self, control: DualControl, proposal: Proposal, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("built outside DualControl")
        self._control = control
        self._redeemed = False
        self.proposal: Final = proposal.proposal
        self.act: Final = acts.read(proposal.act)  # to be looked at; what is done is what `redeem` returns
        self.by: Final = _both(proposal)

    def redeem(self, connection: Connection, kind: type[A]) -> A:
        """Return the act, of the kind that the caller carries out, and mark in the caller's transaction that it began.

        The transaction either does the act itself, or is over before the act begins.

        Raises:
            OtherAct: another kind of act was approved.
            ProposalClosed: it was carried out before.
            ProposalExpired, NotApproved: it may not be carried out any more.
            RecordTampered: the proposal's row is not as this zone wrote it.
        """
        if self._redeemed:
            raise ProposalClosed(f"{self.proposal}: redeemed before")
        act = self._control.begin(connection, self.proposal, kind)
        self._redeemed = True
        return act

    def finish(self, connection: Connection, outcome: str) -> None:
        """Put on record what came of the act."""
        self._control.finish(connection, self.proposal, outcome)


class DualControl:
    """Proposals, and what becomes of them. Every method runs in the caller's transaction."""

    def __init__(self, parts: Parts, records: Versioned[Proposal], admins: Versioned[Admin]) -> None:
        self._parts = parts
        self._records = records
        self._admins = admins

    def propose(self, connection: Connection, by: SignedIn, act: acts.AnyAct) -> Proposal:
        """Put a proposal on record."""
        now = self._parts.clock.now()
        proposal = Proposal(
            proposal=new_id(self._parts.entropy, "p"),
            act=acts.canonical(act),
            proposed_by=by.name,
            proposed_at=now,
            expires_at=now + LIFE,
        )
        return self._store(connection, proposal, audit.PROPOSED, by.name, act=acts.digest(act))

    def approve(self, connection: Connection, by: SignedIn, proposal: str, digest: str) -> Approved:
        """Approve what another administrator proposed; `digest` is that of the act which was seen.

        Raises:
            ProposalUnknown: there is no such proposal.
            SamePerson: `by` proposed it.
            ProposalChanged: another act was seen.
            ProposalClosed, ProposalExpired: it cannot be approved any more.
            NotApproved: who proposed it is no active administrator any more.
            RecordTampered: its row is not as this zone wrote it.
        """
        found = self._open(connection, proposal)
        if found.proposed_by == by.name:
            raise SamePerson(f"{by.name} proposed it")
        if acts.digest(acts.read(found.act)) != digest:
            raise ProposalChanged("the act you saw is another one")
        self._check_active(connection, found.proposed_by)
        decided = replace(found, state="approved", decided_by=by.name, decided_at=self._parts.clock.now())
        return Approved(self, self._store(connection, decided, audit.APPROVED, by.name), _SEAL)

    def reject(self, connection: Connection, by: SignedIn, proposal: str, why: str) -> Proposal:
        """Reject a proposal, or take one's own back.

        Raises:
            ProposalUnknown: there is no such proposal.
            ProposalClosed, ProposalExpired: it is not open any more.
            RecordTampered: its row is not as this zone wrote it.
        """
        found = self._open(connection, proposal)
        now, why = self._parts.clock.now(), why[:_LONGEST_WORDS]
        decided = replace(found, state="rejected", decided_by=by.name, decided_at=now, outcome=why)
        return self._store(connection, decided, audit.REJECTED, by.name, why=why)

    def approved(self, connection: Connection, proposal: str) -> Approved:
        """Return an act that was approved earlier and not begun.

        Raises:
            ProposalUnknown: there is no such proposal.
            NotApproved, ProposalClosed, ProposalExpired: it may not be carried out.
            RecordTampered: its row is not as this zone wrote it.
        """
        return Approved(self, self._ready(connection, proposal), _SEAL)

    def begin(self, connection: Connection, proposal: str, kind: type[A]) -> A:
        """Mark that an approved act begins, and return it: what `Approved.redeem` does.

        Raises:
            DomainError: as `Approved.redeem`.
        """
        ready = self._ready(connection, proposal)
        act = _of_kind(ready, kind)
        self._store(connection, replace(ready, state="begun"), audit.BEGUN, _both(ready))
        return act

    def go_on(self, connection: Connection, proposal: str, kind: type[A]) -> A:
        """Return an act that was begun and is not done: for acts of many parts, each of which can happen only once.

        Raises:
            ProposalUnknown: there is no such proposal.
            OtherAct: another kind of act was approved.
            NotApproved, ProposalClosed, ProposalExpired: it was not begun, is done, or may not go on.
            RecordTampered: its row is not as this zone wrote it.
        """
        found = self.find(connection, proposal)
        _check_decided(found)
        if found.state != "begun":
            raise _closed(found)
        self._check_in_time(found)
        return _of_kind(found, kind)

    def finish(self, connection: Connection, proposal: str, outcome: str) -> None:
        """Put on record what came of an act that was begun.

        Raises:
            ProposalClosed: it was not begun, or is done.
            RecordTampered: its row is not as this zone wrote it.
        """
        found = self.find(connection, proposal)
        if found.state != "begun":
            raise _closed(found)
        done = replace(found, state="done", outcome=outcome[:_LONGEST_WORDS])
        self._store(connection, done, audit.DONE, _both(found), outcome=done.outcome)

    def find(self, connection: Connection, proposal: str) -> Proposal:
        """Return a proposal.

        Raises:
            ProposalUnknown: there is none of this name.
            RecordTampered: its row is not as this zone wrote it.
        """
        found = self._records.find(connection, proposal)
        if found is None:
            raise ProposalUnknown(repr(proposal[:60]))
        return found

    def decided_by(self, connection: Connection, proposal: str) -> str:
        """Return the two who decided, as the audit log says it.

        Raises:
            ProposalUnknown, RecordTampered: as `find`.
        """
        return f"admins {_both(self.find(connection, proposal))}"

    def summaries(self, connection: Connection, limit: int, *, waiting: bool) -> list[ProposalSummary]:
        """Return at most `limit` proposals, newest first; with `waiting`, those that wait for somebody.

        Raises:
            RecordTampered: a row is not as this zone wrote it.
        """
        found = [self.summary(each) for each in self._records.all(connection)]
        wanted = [each for each in found if not waiting or each.state in _WAITING]
        return sorted(wanted, key=lambda each: each.proposed_at, reverse=True)[:limit]

    def summary(self, proposal: Proposal) -> ProposalSummary:
        """Return a proposal as people see it."""
        act = acts.read(proposal.act)
        over = proposal.state in _WAITING and self._parts.clock.now() >= proposal.expires_at
        return ProposalSummary(
            proposal=proposal.proposal,
            act=act,
            digest=acts.digest(act),
            state="expired" if over else proposal.state,
            proposed_by=proposal.proposed_by,
            proposed_at=proposal.proposed_at,
            expires_at=proposal.expires_at,
            decided_by=proposal.decided_by,
            decided_at=proposal.decided_at,
            outcome=proposal.outcome,
        )

    def _open(self, connection: Connection, proposal: str) -> Proposal:
        found = self.find(connection, proposal)
        if found.state != "open":
            raise _closed(found)
        self._check_in_time(found)
        return found

    def _ready(self, connection: Connection, proposal: str) -> Proposal:
        found = self.find(connection, proposal)
        _check_decided(found)
        if found.state != "approved":
            raise _closed(found)
        self._check_in_time(found)
        for name in (found.proposed_by, found.decided_by):
            self._check_active(connection, name)
        return found

    def _check_in_time(self, proposal: Proposal) -> None:
        if self._parts.clock.now() >= proposal.expires_at:
            raise ProposalExpired(f"{proposal.proposal}: since {_said(proposal.expires_at)}")

    def _check_active(self, connection: Connection, name: str) -> None:
        admin = self._admins.find(connection, name)
        if admin is None or admin.state != "active":
            raise NotApproved(f"{name} is no active administrator any more")

    def _store(self, connection: Connection, proposal: Proposal, event: str, by: str, **told: Value) -> Proposal:
        stored = self._records.store(connection, proposal)
        now, name, version = self._parts.clock.now(), proposal.proposal, stored.version
        self._parts.audit.append(connection, event, now, proposal=name, version=version, by=by, **told)
        return stored


def _both(proposal: Proposal) -> str:
    return f"{proposal.proposed_by} and {proposal.decided_by}"


def _check_decided(proposal: Proposal) -> None:
    if proposal.state == "open":
        raise NotApproved(f"{proposal.proposal} waits for another administrator's approval")


def _of_kind(proposal: Proposal, kind: type[A]) -> A:
    act = acts.read(proposal.act)
    if not isinstance(act, kind):
        raise OtherAct(f"{proposal.proposal} is about {act.title}")
    return act


def _closed(proposal: Proposal) -> ProposalClosed:
    at = _said(proposal.decided_at) if proposal.decided_at else ""
    return ProposalClosed(f"{proposal.proposal}: {proposal.state}, decided by {proposal.decided_by} on {at}".rstrip())


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
