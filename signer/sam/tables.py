"""The SAM's tables. Every row that decides anything is sealed (`storage.seals`); those of `otp` live in the same database."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, String, Table

from storage.types import Instant

metadata = MetaData()

portals = Table(
    "portals",
    metadata,
    Column("client", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("sms_name", String, nullable=False),
    Column("request_key_jwk", String),  # public; NULL: this portal cannot sign its requests
    Column("seal", LargeBinary, nullable=False),
    sqlite_strict=True,
)
credentials = Table(
    "credentials",
    metadata,
    Column("credential", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String, CheckConstraint("state IN ('pending', 'active', 'suspended', 'revoked')"), nullable=False),
    Column("signatory", String, nullable=False),
    Column("given_name", String, nullable=False),
    Column("surname", String, nullable=False),
    Column("subject_serial", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("email", String, nullable=False),
    Column("client", String, nullable=False),
    Column("account", String, nullable=False),  # the person's name at that portal
    Column("allow_carried", Integer, nullable=False),  # 1: the lower trust mode may be used
    Column("key_type", String, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("wrapping_key_id", String, nullable=False),
    Column("certificate", LargeBinary),  # NULL while pending
    Column("created_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Index("credentials_of_account", "client", "account"),
    Index("credentials_of_person", "subject_serial"),
    Index("credentials_of_phone", "phone"),
    sqlite_strict=True,
)
transactions = Table(
    "transactions",
    metadata,
    Column("transaction", String, primary_key=True),
    Column("credential", String, nullable=False),
    Column(
        "state",
        String,
        CheckConstraint("state IN ('open', 'authorised', 'cancelled', 'replaced', 'not-sent')"),
        nullable=False,
    ),
    Column("binding", LargeBinary, nullable=False),  # canonical bytes: what was asked, for whom, until when
    Column("language", String, nullable=False),
    Column("progress", LargeBinary, nullable=False),  # one letter for each digest: A(uthorised), R(eserved), S(igned)
    Column("reserved_at", Instant),  # when the newest reservation was made
    Column("seal", LargeBinary, nullable=False),
    Index("transactions_of_credential", "credential", "state"),
    sqlite_strict=True,
)
results = Table(
    "results",
    metadata,
    Column("transaction", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("increment_before", LargeBinary),  # of the one increment accepted for a document
    Column("increment_after", LargeBinary),
    Column("value", LargeBinary),  # signature or CMS; NULL while reserved
    sqlite_strict=True,
)
request_ids = Table(
    "request_ids",
    metadata,
    Column("client", String, primary_key=True),
    Column("jti", String, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    sqlite_strict=True,
)
evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("event", String, nullable=False),
    Column("body", LargeBinary, nullable=False),  # canonical bytes, `at` and `event` among them
    Column("link", LargeBinary, nullable=False),  # MAC over the link before, the id and the body
    sqlite_strict=True,
)
