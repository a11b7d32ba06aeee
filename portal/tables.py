"""The portal's tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

from portal.database import Instant

metadata: Final = MetaData()


def _table(name: str, *columns: Column[object] | UniqueConstraint) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


accounts: Final = _table(
    "accounts",
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),  # folded
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id
    Column("created_at", Instant, nullable=False),
)

sign_in_tries: Final = _table(
    "sign_in_tries",
    Column("id", Integer, primary_key=True),
    Column("who", LargeBinary, nullable=False, index=True),  # MAC of the address typed, known or not
    Column("at", Instant, nullable=False, index=True),
)

sessions: Final = _table(
    "sessions",
    Column("token_mac", LargeBinary, primary_key=True),
    Column("data", Text, nullable=False),  # JSON
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

filings: Final = _table(
    "filings",
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),  # portal.filings.State
    Column("version", Integer, nullable=False),  # raised by every change of state or documents
    Column("authorization", Text),  # the current one
    Column("notice", Text),  # portal.filings.Notice: what the citizen should know when the page is next shown
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("signed_at", Instant),
)

documents: Final = _table(
    "documents",
    Column("id", Text, primary_key=True),
    Column("filing", Text, ForeignKey("filings.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("verdict", Text),  # "good", or the name of the rule that the signed file broke
    Column("signed_file", Text),
    Column("signed_size", Integer),
    Column("signatory", Text),
    Column("signed_at", Instant),
    Column("level", Text),  # of the signature, as the API spells it
    UniqueConstraint("filing", "sha256"),
)

authorizations: Final = _table(
    "authorizations",
    Column("id", Text, primary_key=True),
    Column("filing", Text, ForeignKey("filings.id"), nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("login", Text, nullable=False),  # the sign-in it was started from (attack Z1)
    Column("status", Text, nullable=False),  # portal.authorizations.Status
    Column("state_mac", LargeBinary, nullable=False, unique=True),
    Column("sealed_verifier", LargeBinary, nullable=False),
    Column("request_uri", Text, nullable=False),
    Column("request_until", Instant, nullable=False),
    Column("credential", Text, nullable=False),
    Column("sign_algo", Text, nullable=False),  # OID
    Column("sign_algo_params", Text),  # base64 DER, for RSASSA-PSS
    Column("certificate", LargeBinary, nullable=False),  # DER, as the service named it before the authorization
    Column("created_at", Instant, nullable=False),
    Column("sealed_token", LargeBinary),
    Column("token_until", Instant),
    Column("asked_at", Instant),  # set before the first signing call leaves: from then on signatures may exist
    Column("leased_until", Instant),  # who holds the lease does the signing calls
)
