"""Signing in as an administrator.

Rules:

1. Password and TOTP code are judged together, in the zone; which of them was wrong is not said.
2. A sign-in is counted, durably, before anything is compared. After the fifth wrong one in a row nothing is judged for a
   quarter of an hour, and twice as long after each further one, up to a day.
3. A code opens one session: only a later time step than the last one accepted is accepted (RFC 6238 §5.2).
4. A name that is unknown, disabled or not enrolled costs the same hash and gives the same answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ca import audit
from ca.admin_protocol import AdminLocked, SignedInUntil, SignIn, SignInRefused
from ca.admin_secrets import STEP_SECONDS, AdminSecrets
from ca.control_tables import Admin
from ca.parts import Parts
from ca.sessions import Sessions
from storage.versioned import Versioned

TRIES: Final = 5
_FIRST_WAIT: Final = timedelta(minutes=15)
_LONGEST_WAIT: Final = timedelta(days=1)
_CODE: Final = re.compile(r"[0-9]{6}")
_REFUSED: Final = "name, password or code"


class SignIns:
    """Judges sign-ins."""

    def __init__(self, parts: Parts, records: Versioned[Admin], secrets: AdminSecrets, sessions: Sessions) -> None:
        self._parts = parts
        self._records = records
        self._secrets = secrets
        self._sessions = sessions

    def sign_in(self, request: SignIn) -> SignedInUntil:
        """Begin a session for who knows password and code.

        Raises:
            SignInRefused: one of them, or the name, is not right.
            AdminLocked: too many were wrong in a row; nothing was judged.
            RecordTampered: the administrator's row is not as this zone wrote it.
            ClockInDoubt: the clock is behind the last act.
        """
        now = self._parts.clock.now()
        counted = self._count(request.name, now)
        right = self._secrets.has_password(counted, request.password)
        if counted is None:
            raise SignInRefused(_REFUSED)
        step = self._secrets.step_of(counted, _digits(request.code), int(now.timestamp()) // STEP_SECONDS)
        if not right or step is None or not self._accept(counted.name, step, now):
            self._refuse(counted, now)
            raise SignInRefused(_REFUSED)
        return SignedInUntil(*self._sessions.begin(counted))

    def _count(self, name: str, now: datetime) -> Admin | None:
        with self._parts.database.transaction() as connection:
            admin = self._records.find(connection, name)
            if admin is None or admin.state != "active":
                self._parts.audit.append(connection, audit.SIGN_IN_REFUSED, now, admin=admin.name if admin else "")
                return None
            if admin.locked_until is not None and now < admin.locked_until:
                raise AdminLocked(f"until {admin.locked_until:%Y-%m-%d %H:%M:%S} UTC")
            failures = admin.failures + 1  # until it turns out to be right
            counted = replace(admin, failures=failures, locked_until=_lock(failures, now))
            stored = self._records.store(connection, counted)
            told = audit.SIGN_IN_COUNTED
            self._parts.audit.append(connection, told, now, admin=name, version=stored.version, failures=failures)
        return stored

    def _accept(self, name: str, step: int, now: datetime) -> bool:
        """Use the code of a time step up; return whether it had not been used."""
        with self._parts.database.transaction() as connection:
            admin = self._records.find(connection, name)
            if admin is None or admin.state != "active" or step <= admin.last_step:
                return False
            accepted = replace(admin, failures=0, locked_until=None, last_step=step)
            stored = self._records.store(connection, accepted)
            self._parts.audit.append(connection, audit.SIGNED_IN, now, admin=name, version=stored.version)
        return True

    def _refuse(self, counted: Admin, now: datetime) -> None:
        with self._parts.database.transaction() as connection:
            told = audit.SIGN_IN_REFUSED
            self._parts.audit.append(connection, told, now, admin=counted.name, failures=counted.failures)


def _lock(failures: int, now: datetime) -> datetime | None:
    if failures < TRIES:
        return None
    doubled: int = 1 << min(failures - TRIES, 10)
    return now + min(_FIRST_WAIT * doubled, _LONGEST_WAIT)


def _digits(typed: str) -> str:
    """Return the six digits that were typed, apps group them by a blank; empty when it is no code."""
    code = typed[:20].replace(" ", "")
    return code if _CODE.fullmatch(code) else ""
