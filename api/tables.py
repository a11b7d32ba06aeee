"""The `web` zone's tables. Only `api` reads and writes them. What could be used is there as a keyed MAC only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from storage.types import Instant

metadata: Final = MetaData()

clients: Final = Table(
    "clients",
    metadata,
    Column("client", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_mac", LargeBinary, nullable=False),
    Column("account_key", LargeBinary, nullable=False),  # SHA-256 of the secret, encrypted (attack P1)
    Column("redirect_uris", Text, nullable=False),  # JSON array, compared as whole strings
    Column("scopes", Text, nullable=False),  # JSON array
    Column("request_key", Text),  # public JWK; none: the lower trust mode
    Column("edition", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

client_terms: Final = Table(  # what was agreed with a client beyond its registration; a client without has none of it
    "client_terms",
    metadata,
    Column("client", Text, primary_key=True),
    Column("auth_key", Text),  # public JWK: it authenticates with `private_key_jwt`, and in no other way
    Column("requests_a_minute", Integer),
    Column("signatures_a_day", Integer),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

authorizations: Final = Table(
    "authorizations",
    metadata,
    Column("request_mac", LargeBinary, primary_key=True),  # of the request_uri
    Column("handle", Text, nullable=False, unique=True),  # the pages' address
    Column("client", Text, nullable=False),
    Column("asked", LargeBinary, nullable=False),  # `oauth.authorizations.Asked`, MessagePack
    Column("state", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),  # of the request_uri, then of the code
    Column("browser_mac", LargeBinary),
    Column("transaction_id", Text),
    Column("code_mac", LargeBinary, unique=True),
    Column("sealed_code", LargeBinary),  # under a key that comes from the browser's cookie
    Column("sealed_sad", LargeBinary),  # under a key that comes from the code
    Column("sad_expires_at", Instant),
    sqlite_strict=True,
)
Index("authorizations_by_expiry", authorizations.c.expires_at)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("token_mac", LargeBinary, primary_key=True),
    Column("client", Text, nullable=False),
    Column("kind", Text, nullable=False),  # "service" or "credential"
    Column("credential", Text),
    Column("handle", Text),  # the authorization it came from
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("tokens_by_expiry", tokens.c.expires_at)
Index("tokens_by_handle", tokens.c.handle)

used_jtis: Final = Table(  # of account tokens and client assertions, which count once
    "used_jtis",
    metadata,
    Column("jti_mac", LargeBinary, primary_key=True),  # of client and jti, with a key for each kind
    Column("expires_at", Instant, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("used_jtis_by_expiry", used_jtis.c.expires_at)
