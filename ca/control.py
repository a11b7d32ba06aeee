"""What the `ca` zone does for administrators who sign in and decide, on the socket `ca-admin`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ca import acts, audit
from ca.admin_changes import AdminChanges
from ca.admin_protocol import (
    ActRefused,
    AdminList,
    Approve,
    CarryOut,
    Enrol,
    Enrolled,
    ListAdmins,
    ListProposals,
    ProposalOnRecord,
    Proposals,
    Propose,
    Reject,
    ShowProposal,
    SignedInUntil,
    SignIn,
)
from ca.admin_secrets import AdminSecrets, Half
from ca.admins import Admins
from ca.control_tables import Admin, Proposal, admins, proposals
from ca.dual_control import Approved, DualControl
from ca.guarded import Guarded
from ca.parts import Parts
from ca.sessions import Sessions, SignedIn
from ca.sign_in import SignIns
from core.errors import DomainError
from hsm.ports import MacKey
from storage.seals import Seals
from storage.versioned import Versioned

log = logging.getLogger(__name__)

_LONGEST_NAME: Final = 60


class Control:
    """The administrators' sessions, proposals and decisions."""

    def __init__(self, parts: Parts, key: MacKey, seals: Seals, secrets: AdminSecrets) -> None:
        """`key` is that of the administrators' sessions."""
        records = Versioned(admins, Admin, seals)
        self._parts = parts
        self._secrets = secrets
        self.sessions = Sessions(key, records, parts.clock)
        self._sign_ins = SignIns(parts, records, secrets, self.sessions)
        self.admins = Admins(parts, records, secrets)
        self.dual = DualControl(parts, Versioned(proposals, Proposal, seals), records)
        self._guarded: dict[type[acts.Act], Guarded] = dict(AdminChanges(parts.database, self.admins).guarded())

    def guard(self, guarded: Mapping[type[acts.Act], Guarded]) -> None:
        """Take operations that take two people."""
        self._guarded |= guarded

    def sign_in(self, request: SignIn) -> SignedInUntil:
        """Begin a session.

        Raises:
            DomainError: as `SignIns.sign_in`.
        """
        return self._sign_ins.sign_in(request)

    def enrol(self, request: Enrol) -> Enrolled:
        """Make an invited person an administrator.

        Raises:
            DomainError: as `Admins.enrol`.
        """
        return self.admins.enrol(request)

    def list_admins(self, _request: ListAdmins) -> AdminList:
        """List all administrators.

        Raises:
            RecordTampered: a row is not as this zone wrote it.
        """
        return AdminList(self.admins.summaries())

    def propose(self, request: Propose) -> ProposalOnRecord:
        """Put a proposal on record.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: the act could not be carried out; what its operation says.
        """
        with (
            self._told(request.session, "propose", request.act.title) as by,
            self._parts.database.transaction() as connection,
        ):
            self._operation(request.act).check(connection, request.act)
            proposal = self.dual.propose(connection, by, request.act)
            return ProposalOnRecord(self.dual.summary(proposal), self._half(proposal, "first"))

    def approve(self, request: Approve) -> ProposalOnRecord:
        """Approve a proposal, and carry its act out where the zone can.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: as `DualControl.approve`; or what the operation says, and then the act is approved and not done.
        """
        with self._told(request.session, "approve", request.proposal) as by:
            with self._parts.database.transaction() as connection:
                approved = self.dual.approve(connection, by, request.proposal, request.digest)
            return self._carried_out(approved, by)

    def carry_out(self, request: CarryOut) -> ProposalOnRecord:
        """Carry out what was approved before and could not be done then.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: as `DualControl.approved`, and what the operation says.
        """
        with self._told(request.session, "carry out", request.proposal) as by:
            with self._parts.database.reading() as connection:
                approved = self.dual.approved(connection, request.proposal)
            return self._carried_out(approved, by)

    def reject(self, request: Reject) -> ProposalOnRecord:
        """Reject a proposal.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: as `DualControl.reject`.
        """
        with (
            self._told(request.session, "reject", request.proposal) as by,
            self._parts.database.transaction() as connection,
        ):
            proposal = self.dual.reject(connection, by, request.proposal, request.why)
            return ProposalOnRecord(self.dual.summary(proposal))

    def show_proposal(self, request: ShowProposal) -> ProposalOnRecord:
        """Show one proposal.

        Raises:
            ProposalUnknown: there is none of this name.
            RecordTampered: its row is not as this zone wrote it.
        """
        with self._parts.database.reading() as connection:
            return ProposalOnRecord(self.dual.summary(self.dual.find(connection, request.proposal)))

    def list_proposals(self, request: ListProposals) -> Proposals:
        """List proposals, newest first.

        Raises:
            RecordTampered: a row is not as this zone wrote it.
        """
        with self._parts.database.reading() as connection:
            return Proposals(self.dual.summaries(connection, request.limit, waiting=request.waiting))

    @contextmanager
    def _told(self, session: str, wanted: str, about: str) -> Iterator[SignedIn]:
        """Run a block in the name of who is signed in; what it refuses is in the log under that name."""
        with self._parts.database.reading() as connection:
            by = self.sessions.signed_in(connection, session)
        try:
            yield by
        except DomainError as error:
            told = {"wanted": wanted, "about": about[:_LONGEST_NAME], "error": type(error).__name__}
            self._put_on_record(by, told)
            raise

    def _put_on_record(self, by: SignedIn, told: dict[str, str]) -> None:
        try:
            with self._parts.database.transaction() as connection:
                self._parts.audit.append(connection, audit.ACT_REFUSED, self._parts.clock.now(), by=by.name, **told)
        except DomainError as error:  # it is refused all the same, for its own reason
            log.warning("refusal not on record", extra={"error": type(error).__name__, "detail": error.detail})

    def _carried_out(self, approved: Approved, by: SignedIn) -> ProposalOnRecord:
        carry_out = self._operation(approved.act).carry_out
        if carry_out is not None:
            carry_out(approved)
        with self._parts.database.reading() as connection:
            proposal = self.dual.find(connection, approved.proposal)
        half = self._half(proposal, "second") if proposal.decided_by == by.name else ""  # never both to one person
        return ProposalOnRecord(self.dual.summary(proposal), half)

    def _operation(self, act: acts.AnyAct) -> Guarded:
        try:
            return self._guarded[type(act)]
        except KeyError:
            raise ActRefused(f"nothing here carries out: {act.title}") from None

    def _half(self, proposal: Proposal, half: Half) -> str:
        invites = isinstance(acts.read(proposal.act), acts.AddAdmin | acts.ResetAdmin)
        return self._secrets.half(proposal.proposal, half) if invites else ""
