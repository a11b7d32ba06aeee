"""What is remembered of codes: the live challenge of a transaction, what each signatory has used up, and every guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from storage.types import Instant

metadata = MetaData()

challenges = Table(
    "challenges",
    metadata,
    Column("challenge", Text, primary_key=True),  # the transaction's id
    Column("version", Integer, nullable=False),
    Column("signatory", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('live', 'met', 'dead')"), nullable=False),
    Column("counter", Integer, nullable=False),  # HOTP counter: one more for each new code
    Column("attempts", Integer, nullable=False),  # guesses judged, over all codes of the transaction
    Column("sends", Integer, nullable=False),  # sendings of the present code
    Column("sent_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # of the present code
    Column("seal", LargeBinary, nullable=False),
    sqlite_strict=True,
)
allowances = Table(
    "allowances",
    metadata,
    Column("signatory", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("used", LargeBinary, nullable=False),  # canonical bytes: `otp.throttle.Allowance`
    Column("seal", LargeBinary, nullable=False),
    sqlite_strict=True,
)
guesses = Table(  # for the alarm of the whole service, and for nothing that lets anybody in
    "guesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("right", Integer, CheckConstraint("right IN (0, 1)"), nullable=False),  # 0 until it was found right
    Index("guesses_by_time", "at"),
    sqlite_strict=True,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A transaction's code, without the code."""

    challenge: str
    version: int
    signatory: str
    client: str
    state: Literal["live", "met", "dead"]
    counter: int
    attempts: int
    sends: int
    sent_at: datetime
    expires_at: datetime
