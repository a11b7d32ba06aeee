"""The tables of those who control the authority: administrators, and what they proposed to each other.

Each row is sealed, and has a version that rises with every change and stands in the audit log, so that an older row put
back in the place of a newer one is found out (attack D2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, Table, Text

from ca.tables import metadata
from storage.seals import SEAL
from storage.types import Instant
from storage.versioned import Record

AdminState = Literal["invited", "active", "disabled"]
State = Literal["open", "approved", "begun", "done", "rejected"]

admins: Final = Table(
    "admins",
    metadata,
    Column("name", Text, primary_key=True),
    Column("state", Text, CheckConstraint("state IN ('invited', 'active', 'disabled')"), nullable=False),
    Column("invitation", Text, nullable=False),  # the proposal that invited; empty for the first two
    Column("invited_until", Instant),
    Column("enrolment", LargeBinary, nullable=False),  # random, new with each enrolment: what the secrets derive from
    Column("password_hash", Text, nullable=False),  # Argon2id over the password's MAC; empty until enrolled
    Column("failures", Integer, nullable=False),  # sign-ins judged since the last right one
    Column("locked_until", Instant),
    Column("last_step", Integer, nullable=False),  # time step of the last code accepted
    Column("version", Integer, nullable=False),
    Column(SEAL, LargeBinary, nullable=False),
    sqlite_strict=True,
)

proposals: Final = Table(
    "proposals",
    metadata,
    Column("proposal", Text, primary_key=True),
    Column("act", LargeBinary, nullable=False),  # canonical (ca.acts)
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # decided and carried out before, or never
    Column(
        "state", Text, CheckConstraint("state IN ('open', 'approved', 'begun', 'done', 'rejected')"), nullable=False
    ),
    Column("decided_by", Text, nullable=False),  # empty while open
    Column("decided_at", Instant),
    Column("outcome", Text, nullable=False),  # why it was rejected, or what came of the act
    Column("version", Integer, nullable=False),
    Column(SEAL, LargeBinary, nullable=False),
    sqlite_strict=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin(Record):
    """An administrator on record."""

    name: str
    state: AdminState
    invitation: str = ""
    invited_until: datetime | None = None
    enrolment: bytes = b""
    password_hash: str = ""
    failures: int = 0
    locked_until: datetime | None = None
    last_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Record):
    """A proposal on record."""

    proposal: str
    act: bytes
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    state: State = "open"
    decided_by: str = ""
    decided_at: datetime | None = None
    outcome: str = ""
