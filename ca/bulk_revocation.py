"""Revoking many certificates: decided by two administrators, then carried out in parts while others are served.

The act holds every serial number, so a part needs no login: it can only do what was decided. A part that was
interrupted is done by asking again, because a certificate is revoked once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from ca import acts, tables
from ca.admin_protocol import (
    ActRefused,
    BeginRevocations,
    EndRevocations,
    PartRevoked,
    ProposalOnRecord,
    RevocationsBegun,
    RevokePart,
)
from ca.dual_control import DualControl
from ca.guarded import Guarded
from ca.parts import Parts
from ca.protocol import AlreadyRevoked, CertificateEnded
from ca.revocation import Revocations, Wish
from ca.revocation_lists import RevocationLists

MOST: Final = 10_000  # certificates of one act
_PART: Final = 100


class BulkRevocations:
    """Carries out the act `revoke-many`."""

    def __init__(self, parts: Parts, lists: RevocationLists, dual: DualControl) -> None:
        self._parts = parts
        self._lists = lists
        self._dual = dual
        self._revocations = Revocations(parts)

    def guarded(self) -> Mapping[type[acts.Act], Guarded]:
        """Return the operation under its act."""
        return {acts.RevokeMany: Guarded(self._check)}

    def begin(self, request: BeginRevocations) -> RevocationsBegun:
        """Begin what was approved, or go on with it; return what is to be revoked.

        Raises:
            DomainError: as `Approved.redeem`, or `DualControl.go_on`; AuthorityClosed.
        """
        self._lists.check_lists()
        with self._parts.database.transaction() as connection:
            if self._dual.find(connection, request.proposal).state == "begun":
                act = self._dual.go_on(connection, request.proposal, acts.RevokeMany)
            else:
                act = self._dual.approved(connection, request.proposal).redeem(connection, acts.RevokeMany)
        return RevocationsBegun(act.serials)

    def revoke(self, request: RevokePart) -> PartRevoked:
        """Revoke some of the certificates that the act names. The list that says so is issued at the end.

        Raises:
            ActRefused: more than a part, or certificates that were not decided.
            DomainError: as `DualControl.go_on`; nothing of this part was revoked.
        """
        if len(request.serials) > _PART:
            raise ActRefused(f"at most {_PART} at once")
        with self._parts.database.transaction() as connection:
            act = self._dual.go_on(connection, request.proposal, acts.RevokeMany)
            if foreign := set(request.serials) - set(act.serials):
                raise ActRefused(f"not among what was approved: {min(foreign)}")
            by = self._dual.decided_by(connection, request.proposal)
            left = [each for each in request.serials if not self._revoke(connection, each, act, by)]
        return PartRevoked(len(request.serials) - len(left), left)

    def end(self, request: EndRevocations) -> ProposalOnRecord:
        """Finish the act once nothing of it is left, and issue a list that has all of it.

        Raises:
            ActRefused: something is left.
            DomainError: as `DualControl.go_on`.
        """
        with self._parts.database.transaction() as connection:
            act = self._dual.go_on(connection, request.proposal, acts.RevokeMany)
            left = sum(not self._is_over(connection, each) for each in act.serials)
            if left:
                raise ActRefused(f"{left} of {len(act.serials)} are not revoked yet")
            self._dual.finish(connection, request.proposal, f"{len(act.serials)} certificates are revoked or over")
            done = self._dual.summary(self._dual.find(connection, request.proposal))
        self._lists.publish_or_wait()
        return ProposalOnRecord(done)

    def _check(self, connection: Connection, act: acts.RevokeMany) -> None:
        if not 0 < len(act.serials) <= MOST or len(set(act.serials)) != len(act.serials):
            raise ActRefused(f"between 1 and {MOST} serial numbers, each once")
        for serial in act.serials:
            if tables.serial_text(tables.serial_of(serial)) != serial:
                raise ActRefused(f"not 40 hexadecimal digits: {serial[:60]!r}")
            self._revocations.check(connection, self._wish(serial, act, by=""))

    def _revoke(self, connection: Connection, serial: str, act: acts.RevokeMany, by: str) -> bool:
        try:
            self._revocations.change_in(connection, self._wish(serial, act, by))
        except (AlreadyRevoked, CertificateEnded):
            return False
        return True

    def _is_over(self, connection: Connection, serial: str) -> bool:
        try:
            self._revocations.check(connection, Wish(serial=serial, status="revoked", by="", reason="unspecified"))
        except (AlreadyRevoked, CertificateEnded):
            return True
        return False

    def _wish(self, serial: str, act: acts.RevokeMany, by: str) -> Wish:
        return Wish(serial=serial, status="revoked", by=by, reason=act.reason, invalid_since=act.invalid_since)
