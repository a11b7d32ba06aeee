"""Accounts of citizens, and signing in to them.

1. Passwords are kept as argon2id hashes with the parameters of RFC 9106 (argon2-cffi's default).
2. A try is counted, durably, before it is judged; at most 5 wrong ones in 15 minutes for an address typed, known or not.
3. An unknown address costs the same time and gives the same answer as a wrong password (attack N7).
4. At most two hashes are computed at once in a process: each takes 64 MiB (attack N5).
"""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select, update

from portal.clock import Clock, SystemClock
from portal.database import Database
from portal.entropy import Entropy, SystemEntropy, new_id
from portal.errors import PortalError
from portal.keys import PortalKeys, load_keys
from portal.tables import accounts, metadata, sign_in_tries

_TRIES: Final = 5
_WINDOW: Final = timedelta(minutes=15)
_SHORTEST: Final = 12
_LONGEST: Final = 1000
_hasher: Final = PasswordHasher()
_at_once: Final = threading.BoundedSemaphore(2)
# Of a password nobody has: what an unknown address is judged against.
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$u51+T/P8Yhw6q5K2LGLsDA$4NqyMabKBZKS7xOLvbpUT0YBkvPWsqCE9mrkrQXiVCc"


class WrongPassword(PortalError):
    """No account has this address and password."""


class TooManyTries(PortalError):
    """Too many tries for this address; `until` is when it may be tried again."""

    def __init__(self, until: datetime) -> None:
        super().__init__("sign-in throttled")
        self.until = until


class AccountRefused(PortalError):
    """An account that cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A citizen's account. `id` is what the signing service knows it as."""

    id: str
    email: str
    name: str


class Accounts:
    """The accounts in the portal's database."""

    def __init__(self, database: Database, keys: PortalKeys, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def add(self, email: str, password: str, name: str) -> str:
        """Make an account and return its id.

        Raises:
            AccountRefused: the address is taken or malformed, the password too short, the name empty.
        """
        email, name = _folded(email), " ".join(unicodedata.normalize("NFC", name).split())
        if "@" not in email or not name or not _SHORTEST <= len(password) <= _LONGEST:
            raise AccountRefused("an e-mail address, a name and a password of at least 12 characters are needed")
        row = {"id": new_id(self._entropy, "acct"), "email": email, "name": name, "created_at": self._clock.now()}
        row["password_hash"] = _hash(password)
        with self._database.transaction() as connection:
            if connection.execute(select(accounts.c.id).where(accounts.c.email == email)).first():
                raise AccountRefused(f"{email} has an account already")
            connection.execute(insert(accounts), row)
        return str(row["id"])

    def get(self, account: str) -> Account | None:
        """Return an account; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == account)).one_or_none()
        return None if row is None else Account(row.id, row.email, row.name)

    def find(self, email: str) -> Account | None:
        """Return the account with an e-mail address; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.email == _folded(email))).one_or_none()
        return None if row is None else Account(row.id, row.email, row.name)

    def sign_in(self, email: str, password: str) -> Account:
        """Return the account with this address and password.

        Raises:
            TooManyTries: this address was tried too often.
            WrongPassword: there is no such account.
        """
        email = _folded(email)
        who = self._keys.mac("sign-in", email)
        attempt = self._count(who)
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.email == email)).one_or_none()
        right = _verified(_NOBODY if row is None else row.password_hash, password)
        if row is None or not right:
            raise WrongPassword
        self._forgive(attempt, row.id, row.password_hash, password)
        return Account(row.id, row.email, row.name)

    def _count(self, who: bytes) -> int:
        now = self._clock.now()
        mine = (sign_in_tries.c.who == who, sign_in_tries.c.at > now - _WINDOW)
        with self._database.transaction() as connection:
            connection.execute(delete(sign_in_tries).where(sign_in_tries.c.at <= now - _WINDOW))
            tries, first = connection.execute(select(func.count(), func.min(sign_in_tries.c.at)).where(*mine)).one()
            if tries >= _TRIES:
                raise TooManyTries(first + _WINDOW)
            row = connection.execute(insert(sign_in_tries).values(who=who, at=now).returning(sign_in_tries.c.id))
            return int(row.scalar_one())

    def _forgive(self, attempt: int, account: str, stored: str, password: str) -> None:
        fresh = _hash(password) if _hasher.check_needs_rehash(stored) else None
        with self._database.transaction() as connection:
            connection.execute(delete(sign_in_tries).where(sign_in_tries.c.id == attempt))
            if fresh is not None:
                connection.execute(update(accounts).where(accounts.c.id == account).values(password_hash=fresh))


def add(state_dir: Path, email: str, password: str, name: str) -> str:
    """Make an account in the portal whose state is under `state_dir`, and return its id: for commands.

    Raises:
        AccountRefused: see `Accounts.add`.
        SecretMissing: the portal was not initialised.
    """
    directory = state_dir / "portal"
    database = Database(directory / "db.sqlite")
    database.create(metadata)
    try:
        return Accounts(database, load_keys(directory), SystemClock(), SystemEntropy()).add(email, password, name)
    finally:
        database.close()


def _folded(email: str) -> str:
    return unicodedata.normalize("NFC", email).strip().casefold()


def _hash(password: str) -> str:
    with _at_once:
        return _hasher.hash(unicodedata.normalize("NFC", password))


def _verified(stored: str, password: str) -> bool:
    try:
        with _at_once:
            return _hasher.verify(stored, unicodedata.normalize("NFC", password)[:_LONGEST])
    except (VerificationError, InvalidHashError):
        return False
