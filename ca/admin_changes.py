"""Inviting and disabling administrators: acts of two people, carried out with the approval."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from ca import acts
from ca.admins import Admins
from ca.dual_control import Approved
from ca.guarded import Guarded
from storage.engine import Database


class AdminChanges:
    """The guarded operations on administrators."""

    def __init__(self, database: Database, admins: Admins) -> None:
        self._database = database
        self._admins = admins

    def guarded(self) -> Mapping[type[acts.Act], Guarded]:
        """Return each operation under its act."""
        return {
            acts.AddAdmin: Guarded(self._check_new, self._add),
            acts.ResetAdmin: Guarded(self._check_reset, self._reset),
            acts.DisableAdmin: Guarded(self._check_disable, self._disable),
        }

    def _check_new(self, connection: Connection, act: acts.AddAdmin) -> None:
        self._admins.check_new(connection, act.name)

    def _check_reset(self, connection: Connection, act: acts.ResetAdmin) -> None:
        self._admins.check_invitable(connection, act.name)

    def _check_disable(self, connection: Connection, act: acts.DisableAdmin) -> None:
        self._admins.check_dispensable(connection, act.name)

    def _add(self, approved: Approved) -> None:
        with self._database.transaction() as connection:
            act = approved.redeem(connection, acts.AddAdmin)
            self._admins.check_new(connection, act.name)
            self._admins.invite(connection, act.name, approved.proposal)
            approved.finish(connection, f"{act.name} is invited")

    def _reset(self, approved: Approved) -> None:
        with self._database.transaction() as connection:
            act = approved.redeem(connection, acts.ResetAdmin)
            self._admins.check_invitable(connection, act.name)
            self._admins.invite(connection, act.name, approved.proposal)
            approved.finish(connection, f"{act.name} is invited anew")

    def _disable(self, approved: Approved) -> None:
        with self._database.transaction() as connection:
            act = approved.redeem(connection, acts.DisableAdmin)
            self._admins.disable(connection, act.name)
            approved.finish(connection, f"{act.name} is disabled")
