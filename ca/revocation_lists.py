"""The revocation lists of every generation of the issuing CA, and which generations may certify at the moment.

There is one record for all of them: when it knows less than any of their published lists, none signs anything.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from ca.acts import CloseAuthority
from ca.admin_protocol import OtherAct
from ca.crl_issuer import CrlIssuer
from ca.dual_control import Approved
from ca.generations import Generation
from ca.parts import Parts
from ca.root_status import RootStatus
from core.errors import DomainError

log = logging.getLogger(__name__)


class RevocationLists:
    """One issuer of lists for each generation."""

    def __init__(self, parts: Parts, directory: Path, root: RootStatus) -> None:
        self._parts = parts
        self._directory = directory
        self._root = root
        self._issuers: dict[str, CrlIssuer] = {}

    def of(self, generation: Generation) -> CrlIssuer:
        """Return the issuer of a generation's lists."""
        if generation.identifier not in self._issuers:
            self._issuers[generation.identifier] = CrlIssuer(self._parts, generation, self._directory)
        return self._issuers[generation.identifier]

    def issuing(self) -> Generation:
        """Return the generation that issues, which may do so at the moment.

        Raises:
            AuthorityClosed, AuthorityRevoked: it may not.
            RecordBehindPublication, PublishedCrlBroken, RecordTampered: the record cannot be trusted.
        """
        with self._parts.database.reading() as connection:
            generation = self._parts.successions.issuing(connection)
            self._check_certifies(connection, generation)
        return generation

    def open(self) -> list[Generation]:
        """Return the generations that still sign: those whose last list is not issued yet."""
        with self._parts.database.reading() as connection:
            return [each for each in self._parts.generations if self.of(each).closed_since(connection) is None]

    def ended_at(self, connection: Connection, generation: Generation) -> datetime | None:
        """Return when a generation ended, by the root's revocation or by its last list; None while it has not.

        Raises:
            PublishedCrlBroken: the root's list cannot be read.
        """
        revoked = self._root.entry(generation.certificate)
        return revoked.revocation_date_utc if revoked else self.of(generation).closed_since(connection)

    def check_certifies(self, generation: Generation) -> None:
        """Check that a generation may sign certificates.

        Raises:
            AuthorityClosed, AuthorityRevoked: it may not.
            RecordBehindPublication, PublishedCrlBroken: the record cannot be trusted.
        """
        with self._parts.database.reading() as connection:
            self._check_certifies(connection, generation)

    def check_lists(self, generation: Generation | None = None) -> None:
        """Check that a generation, or else the one that issues, still issues lists; one that the root revoked does.

        Raises:
            AuthorityClosed: it does not.
            RecordBehindPublication, PublishedCrlBroken: the record cannot be trusted.
        """
        with self._parts.database.reading() as connection:
            self._check_record(connection)
            self.of(generation or self._parts.successions.issuing(connection)).check_open(connection)

    def check_record(self) -> None:
        """Check that the record knows at least what was published.

        Raises:
            RecordBehindPublication, PublishedCrlBroken, RecordTampered: it does not.
        """
        with self._parts.database.reading() as connection:
            self._check_record(connection)

    def check_closable(self, connection: Connection, act: CloseAuthority) -> None:
        """Check that the next list of a generation can be its last one.

        Raises:
            GenerationUnknown, StillInForce, AuthorityClosed: it cannot.
        """
        self.of(self._parts.generations.numbered(act.generation)).check_closable(connection)

    def publish_last(self, approved: Approved) -> None:
        """Issue and publish the last list of the generation that two administrators decided on.

        Raises:
            DomainError: as `CrlIssuer.publish_last`.
        """
        act = approved.act
        if not isinstance(act, CloseAuthority):
            raise OtherAct(f"{approved.proposal} is about {act.title}")
        self.of(self._parts.generations.numbered(act.generation)).publish_last(approved)

    def publish_if_due(self) -> None:
        """See that a fresh list of every generation is published; what keeps one back does not keep back the others.

        Raises:
            DomainError: as `CrlIssuer.publish`, of the first one that failed.
        """
        failed: list[DomainError] = []
        for generation in self._parts.generations:
            try:
                self.of(generation).publish_if_due()
            except DomainError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def publish_or_wait(self) -> None:
        """Issue what is due after changes of status; what cannot be issued now is the next round's."""
        try:
            self.publish_if_due()
        except DomainError as error:  # the statuses hold all the same
            log.warning("no list after changes", extra={"error": type(error).__name__, "detail": error.detail})

    def _check_certifies(self, connection: Connection, generation: Generation) -> None:
        self._check_record(connection)
        self.of(generation).check_open(connection)
        self._root.check_not_revoked(generation.certificate)

    def _check_record(self, connection: Connection) -> None:
        self._parts.successions.issuing(connection)
        for generation in self._parts.generations:
            self.of(generation).check_record(connection)
