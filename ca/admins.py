"""Administrators: who they are, and how one comes to be one.

Rules:

1. The first two are made where there are none, by who makes the installation.
2. From then on each new one, and each new password, is an invitation that two decided (`ca.dual_control`).
3. The code of an invitation has two halves: who proposed it has one, who approved it the other. So neither of them can
   enrol in the invited person's name, and be two.
4. Two administrators who can act remain.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from ca import audit
from ca.admin_protocol import (
    AdminExists,
    AdminNameRefused,
    AdminSummary,
    AdminUnknown,
    Enrol,
    Enrolled,
    InvitationRefused,
    PasswordRefused,
    TooFewAdmins,
)
from ca.admin_secrets import AdminSecrets
from ca.control_tables import Admin
from ca.parts import Parts
from storage.versioned import Versioned

FIRST: Final = 2
INVITED_FOR: Final = timedelta(days=7)
SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 1000
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
_LONGEST_NAME: Final = 40


class Admins:
    """The administrators on record."""

    def __init__(self, parts: Parts, records: Versioned[Admin], secrets: AdminSecrets) -> None:
        self._parts = parts
        self._records = records
        self._secrets = secrets

    def found(self, name: str, password: str) -> Enrolled:
        """Make one of the first two administrators.

        Raises:
            AdminExists: there are two already, who decide about more, or this one is there.
            AdminNameRefused, PasswordRefused: this one cannot be made.
        """
        with self._parts.database.transaction() as connection:
            if len(self._records.all(connection)) >= FIRST:
                raise AdminExists("the first two are there; they decide about more")
            self.check_new(connection, name)
            return self._enrol(connection, Admin(name=name, state="active"), password)

    def invite(self, connection: Connection, name: str, invitation: str) -> None:
        """Let somebody enrol under this name, with the halves of an invitation's code; what was valid before ends."""
        before = self._records.find(connection, name)
        until = self._parts.clock.now() + INVITED_FOR
        version = before.version if before else 0
        invited = Admin(name=name, state="invited", invitation=invitation, invited_until=until, version=version)
        self._store(connection, invited, audit.ADMIN_INVITED)

    def enrol(self, request: Enrol) -> Enrolled:
        """Make an invited person an administrator, with a password of their own and a new TOTP secret.

        Raises:
            InvitationRefused: there is no such invitation, it is over, or a half of the code is wrong.
            PasswordRefused: the password is too short or too long.
        """
        with self._parts.database.transaction() as connection:
            admin = self._records.find(connection, request.name)
            if admin is not None and self._is_invited(admin, request):
                accepted = replace(admin, state="active", invitation="", invited_until=None)
                return self._enrol(connection, accepted, request.password)
            known = admin.name if admin else ""
            self._parts.audit.append(connection, audit.ENROLMENT_REFUSED, self._parts.clock.now(), admin=known)
        raise InvitationRefused("no invitation of this name with this code, or it is over")

    def disable(self, connection: Connection, name: str) -> None:
        """Let an administrator do nothing any more.

        Raises:
            DomainError: as `check_dispensable`.
        """
        version = self.check_dispensable(connection, name).version
        self._store(connection, Admin(name=name, state="disabled", version=version), audit.ADMIN_DISABLED)

    def check_new(self, connection: Connection, name: str) -> None:
        """Check that an administrator may be made under this name.

        Raises:
            AdminNameRefused: nobody may be called so.
            AdminExists: there is or was one.
        """
        check_name(name)
        if self._records.find(connection, name) is not None:
            raise AdminExists(name)

    def check_invitable(self, connection: Connection, name: str) -> Admin:
        """Return an administrator who may be invited anew, one who was disabled too.

        Raises:
            AdminUnknown: there is none of this name.
            TooFewAdmins: fewer than two would remain who can act meanwhile.
        """
        admin = self._records.find(connection, name)
        if admin is None:
            raise AdminUnknown(repr(name[:_LONGEST_NAME]))
        others = [each for each in self._records.all(connection) if each.state == "active" and each.name != name]
        if len(others) < FIRST:
            raise TooFewAdmins(f"without {name} only {len(others)} can act; add another first")
        return admin

    def check_dispensable(self, connection: Connection, name: str) -> Admin:
        """Return an administrator who may be disabled.

        Raises:
            AdminUnknown: there is none of this name who could do anything.
            TooFewAdmins: fewer than two would remain who can act.
        """
        admin = self.check_invitable(connection, name)
        if admin.state == "disabled":
            raise AdminUnknown(f"{name} is disabled already")
        return admin

    def summaries(self) -> list[AdminSummary]:
        """Return all administrators, by name."""
        now = self._parts.clock.now()
        with self._parts.database.reading() as connection:
            return [AdminSummary(each.name, each.state, _locked(each, now)) for each in self._records.all(connection)]

    def _is_invited(self, admin: Admin, request: Enrol) -> bool:
        first = self._secrets.is_half(admin.invitation, "first", request.first_half)
        second = self._secrets.is_half(admin.invitation, "second", request.second_half)
        in_time = admin.invited_until is not None and self._parts.clock.now() < admin.invited_until
        return admin.state == "invited" and in_time and first and second

    def _enrol(self, connection: Connection, admin: Admin, password: str) -> Enrolled:
        if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise PasswordRefused(f"between {SHORTEST_PASSWORD} and {_LONGEST_PASSWORD} characters")
        enrolment = self._parts.entropy.token_bytes(16)
        hashed = self._secrets.password_hash(admin.name, enrolment, password)
        enrolled = replace(admin, enrolment=enrolment, password_hash=hashed)
        self._store(connection, enrolled, audit.ADMIN_ENROLLED)
        return Enrolled(admin.name, *self._secrets.totp(enrolled))

    def _store(self, connection: Connection, admin: Admin, event: str) -> None:
        stored = self._records.store(connection, admin)
        self._parts.audit.append(connection, event, self._parts.clock.now(), admin=admin.name, version=stored.version)


def check_name(name: str) -> None:
    """Check that an administrator may be called so.

    Raises:
        AdminNameRefused: nobody may; the detail says how names are.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise AdminNameRefused(f"at most {_LONGEST_NAME} of a-z and 0-9, parts joined by . or -")


def _locked(admin: Admin, now: datetime) -> datetime | None:
    return admin.locked_until if admin.locked_until is not None and now < admin.locked_until else None
