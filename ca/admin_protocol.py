"""The messages by which administrators sign in and decide: part of the socket `ca-admin` (`ca.protocol.CA_ADMIN`).

A session is the zone's own word that somebody signed in; it lives in the memory of one command and ends by itself after
minutes. Whatever an administrator does carries it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from ca.acts import AnyAct
from channel.protocol import Message
from core.errors import DomainError, Malformed


class SignInRefused(DomainError):
    """Name, password or code are not right; which of them is not said."""


class AdminLocked(DomainError):
    """Too many wrong sign-ins in a row; the detail says until when nothing is judged."""


class NotSignedIn(DomainError):
    """No session, one that is over, or one of an administrator who may do nothing any more."""


class NotMandated(DomainError):
    """Who asks may not do this; the detail says who may."""


class AdminUnknown(DomainError):
    """There is no administrator of this name."""


class AdminExists(DomainError):
    """There is an administrator of this name."""


class AdminNameRefused(Malformed):
    """A name that no administrator may have."""


class PasswordRefused(Malformed):
    """A password that no administrator may have; the detail says why."""


class TooFewAdmins(DomainError):
    """Two administrators who can act must remain."""


class InvitationRefused(DomainError):
    """There is no invitation for this name, it is over, or the two halves of its code are not right."""


class ProposalUnknown(DomainError):
    """There is no proposal of this name."""


class ProposalClosed(DomainError):
    """The proposal was decided, or its act was carried out; the detail says what and when."""


class ProposalChanged(DomainError):
    """The act that the approving person saw is another one than the proposal's."""


class ProposalExpired(DomainError):
    """The time in which the proposal could be decided and carried out is over."""


class SamePerson(DomainError):
    """Who proposed an act may not approve it."""


class OtherAct(DomainError):
    """What was approved is another act than the one to be carried out."""


class NotApproved(DomainError):
    """The proposal is not approved: one person's word is not enough."""


class ActRefused(DomainError):
    """An act that could not be carried out as it is proposed; the detail says why."""


class SignIn(Message, frozen=True):
    """Sign in; the code is the present one of the administrator's TOTP app, and works once."""

    name: str
    password: str
    code: str


class SignedInUntil(Message, frozen=True):
    """A session."""

    session: str
    until: datetime


class ByAdmin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="admin"):
    """An administrator who signed in asks."""

    session: str


class ByOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="operator"):
    """Who may open the socket asks, without having signed in; the name is the operating system's and not proven."""

    user: str


By: TypeAlias = ByAdmin | ByOperator


class Enrol(Message, frozen=True):
    """Accept an invitation with both halves of its code, and choose a password."""

    name: str
    first_half: str  # who proposed has it
    second_half: str  # who approved has it
    password: str


class Enrolled(Message, frozen=True):
    """What is shown once: the secret for the TOTP app."""

    name: str
    secret: str  # base32
    uri: str  # otpauth://


class AdminSummary(Message, frozen=True):
    """One administrator."""

    name: str
    state: Literal["invited", "active", "disabled"]
    locked_until: datetime | None


class ListAdmins(Message, frozen=True):
    """Ask for all administrators."""


class AdminList(Message, frozen=True):
    """All administrators, by name."""

    admins: list[AdminSummary]


ProposalState = Literal["open", "approved", "begun", "done", "rejected", "expired"]


class ProposalSummary(Message, frozen=True):
    """One proposal."""

    proposal: str
    act: AnyAct
    digest: str  # of the act: what two people compare
    state: ProposalState
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    outcome: str = ""  # why it was rejected, or what came of the act


class Propose(Message, frozen=True):
    """Propose an act."""

    session: str
    act: AnyAct


class ProposalOnRecord(Message, frozen=True):
    """What became of a proposal."""

    proposal: ProposalSummary
    half: str = ""  # of an invitation's code, for the invited person from this one


class Approve(Message, frozen=True):
    """Approve what another proposed. `digest` is that of the act which the approving person saw."""

    session: str
    proposal: str
    digest: str


class CarryOut(Message, frozen=True):
    """Carry out what was approved and could not be done at once."""

    session: str
    proposal: str


class Reject(Message, frozen=True):
    """Reject a proposal, or take one's own back."""

    session: str
    proposal: str
    why: str


class ShowProposal(Message, frozen=True):
    """Ask for one proposal."""

    proposal: str


class ListProposals(Message, frozen=True):
    """Ask for proposals, newest first."""

    limit: int = 100
    waiting: bool = False  # only those that wait for somebody: open, approved, begun


class Proposals(Message, frozen=True):
    """Proposals, newest first."""

    proposals: list[ProposalSummary]


class BeginRevocations(Message, frozen=True):
    """Begin revoking what was approved, or go on with it."""

    proposal: str


class RevocationsBegun(Message, frozen=True):
    """What is to be revoked."""

    serials: list[str]


class RevokePart(Message, frozen=True):
    """Revoke some of what was approved."""

    proposal: str
    serials: list[str]


class PartRevoked(Message, frozen=True):
    """How many were revoked now, and which were over before."""

    revoked: int
    over_before: list[str]


class EndRevocations(Message, frozen=True):
    """Finish: nothing of what was approved is left."""

    proposal: str


ERRORS: Final = (
    SignInRefused,
    AdminLocked,
    NotSignedIn,
    NotMandated,
    AdminUnknown,
    AdminExists,
    AdminNameRefused,
    PasswordRefused,
    TooFewAdmins,
    InvitationRefused,
    ProposalUnknown,
    ProposalClosed,
    ProposalChanged,
    ProposalExpired,
    SamePerson,
    OtherAct,
    NotApproved,
    ActRefused,
)
