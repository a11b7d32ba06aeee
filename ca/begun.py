"""An act of two people that is under way, for operations of several steps.

Such an operation may be cut short between two steps. It is then taken up under the same proposal, does what is still
to be done, and finishes; each step finds out by itself whether it is done. Only this module makes a `Begun`.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from ca.acts import Act
from ca.dual_control import Approved, DualControl
from storage.engine import Database

A = TypeVar("A", bound=Act)
_SEAL: Final = object()  # named in this module only


class Begun(Generic[A]):
    """An approved act that has begun."""

    def __init__(
        self, database: Database, dual: DualControl, proposal: str, act: A, by: str, seal: object, *, again: bool
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("made outside ca.begun")
        self._database = database
        self._dual = dual
        self.proposal: Final = proposal
        self.act: Final = act
        self.by: Final = by  # who proposed and who approved it
        self.again: Final = again  # an earlier attempt was cut short

    def check_under_way(self) -> None:
        """Check that the act is not done yet and may still be: before each use of a key.

        Raises:
            ProposalClosed, ProposalExpired: it is done, or its time is over.
            RecordTampered: the proposal's row is not as the authority wrote it.
        """
        with self._database.reading() as connection:
            self._dual.go_on(connection, self.proposal, type(self.act))

    def finish(self, connection: Connection, outcome: str) -> None:
        """Put on record, in the caller's transaction, what came of the act; it is done then.

        Raises:
            ProposalClosed: it is done already.
        """
        self._dual.finish(connection, self.proposal, outcome)


def begin(database: Database, dual: DualControl, approved: Approved, kind: type[A]) -> Begun[A]:
    """Begin an approved act; that it began is on record before this returns.

    Raises:
        DomainError: as `Approved.redeem`.
    """
    with database.transaction() as connection:
        act = approved.redeem(connection, kind)
    return Begun(database, dual, approved.proposal, act, approved.by, _SEAL, again=False)


def take_up(database: Database, dual: DualControl, proposal: str, kind: type[A]) -> Begun[A]:
    """Begin an approved act, or go on with one that was cut short.

    Raises:
        ProposalUnknown: there is no such proposal.
        OtherAct: another kind of act was approved.
        NotApproved, ProposalClosed, ProposalExpired: it may not be carried out, or is done.
        RecordTampered: the proposal's row is not as the authority wrote it.
    """
    with database.reading() as connection:
        found = dual.find(connection, proposal)
        if found.state == "begun":
            act, by = dual.go_on(connection, proposal, kind), f"{found.proposed_by} and {found.decided_by}"
            return Begun(database, dual, proposal, act, by, _SEAL, again=True)
        approved = dual.approved(connection, proposal)
    return begin(database, dual, approved, kind)
