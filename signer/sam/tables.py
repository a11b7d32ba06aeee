"""The SAM's tables. Every row that decides anything is sealed (`storage.seals`); those of `otp` live in the same database."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from storage.chain import chain_table
from storage.types import Instant

metadata = MetaData()

portals = Table(
    "portals",
    metadata,
    Column("client", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("sms_name", Text, nullable=False),
    Column("request_key_jwk", Text),  # public; NULL: this portal cannot sign its requests
    Column("seal", LargeBinary, nullable=False),
    sqlite_strict=True,
)
approvals = Table(
    "approvals",
    metadata,
    Column("approval", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('open', 'used', 'withdrawn', 'lapsed')"), nullable=False),
    Column("signatory", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("surname", Text, nullable=False),
    Column("subject_serial", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("allow_carried", Integer, nullable=False),
    Column("replaces", Text, nullable=False),  # the credential that the new one will follow; empty: none
    Column("proofed_at", Instant, nullable=False),  # by the SAM's clock: nobody says when they identified somebody
    Column("approved_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Index("approvals_by_state", "state", "approved_at"),
    sqlite_strict=True,
)
credentials = Table(
    "credentials",
    metadata,
    Column("credential", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('pending', 'active', 'suspended', 'superseded', 'expired', 'revoked')"),
        nullable=False,
    ),
    Column("approval", Text, nullable=False),  # on which it was made
    Column("signatory", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("surname", Text, nullable=False),
    Column("subject_serial", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("account", Text, nullable=False),  # the person's name at that portal
    Column("allow_carried", Integer, nullable=False),  # 1: the lower trust mode may be used
    Column("key_type", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),  # empty once it is over: the key is destroyed
    Column("wrapping_key_id", Text, nullable=False),
    Column("certificate", LargeBinary),  # NULL while pending
    Column("ends_at", Instant),  # last instant of the certificate; NULL while pending
    Column("created_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Index("credentials_of_account", "client", "account"),
    Index("credentials_of_person", "subject_serial"),
    Index("credentials_of_phone", "phone"),
    Index("credentials_of_approval", "approval"),
    Index("credentials_by_end", "state", "ends_at"),
    sqlite_strict=True,
)
Index(
    "one_credential_in_use",
    credentials.c.client,
    credentials.c.account,
    unique=True,
    sqlite_where=credentials.c.state.in_(("active", "suspended")),
)
transactions = Table(
    "transactions",
    metadata,
    Column("transaction", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("credential", Text, nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('open', 'authorised', 'cancelled', 'replaced', 'not-sent')"),
        nullable=False,
    ),
    Column("binding", LargeBinary, nullable=False),  # canonical bytes: what was asked, for whom, until when
    Column("language", Text, nullable=False),
    Column("progress", LargeBinary, nullable=False),  # one letter for each digest: A(uthorised), R(eserved), S(igned)
    Column("reserved_at", Instant),  # when the newest reservation was made
    Column("seal", LargeBinary, nullable=False),
    Index("transactions_of_credential", "credential", "state"),
    sqlite_strict=True,
)
results = Table(
    "results",
    metadata,
    Column("transaction", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("increment_before", LargeBinary),  # of the one increment accepted for a document
    Column("increment_after", LargeBinary),
    Column("value", LargeBinary),  # signature or CMS; NULL while reserved
    sqlite_strict=True,
)
own_revocations = Table(
    "own_revocations",
    metadata,
    Column("request", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('open', 'confirmed', 'carried-out')"), nullable=False),
    Column("credential", Text, nullable=False),  # empty: what was said of the person fits nobody
    Column("nonce", LargeBinary, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("seal", LargeBinary, nullable=False),
    Index("own_revocations_by_state", "state", "opened_at"),
    sqlite_strict=True,
)
request_ids = Table(
    "request_ids",
    metadata,
    Column("client", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    sqlite_strict=True,
)
evidence = chain_table("evidence", metadata)
