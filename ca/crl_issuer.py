"""Issuing and publishing the revocation lists of the issuing CA: each generation has its own, under its own number.

Rules:

- the number comes from the database under its lock and only rises, over processes and crashes;
- a published list with a higher number than the record knows means that the record is an old copy: nothing is issued
  until that is settled (attack O2);
- files are written under the same lock from the newest record, so that an older list never replaces a newer one;
- after the last list, which says so by its nextUpdate, that generation signs nothing any more (CSS-6.3.9-06).
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from ca import audit, crl, protocol, tables
from ca.acts import CloseAuthority
from ca.admin_protocol import OtherAct
from ca.draft import whole_seconds
from ca.dual_control import Approved
from ca.generations import Generation
from ca.parts import Parts
from ca.protocol import AuthorityClosed, CrlPublished, StillInForce
from ca.publication import Identity, identity, issuing_crl, publish
from ca.revocation import validity
from ca.tables import RecordedCrl
from core.errors import ClockInDoubt, DomainError, Unavailable

log = logging.getLogger(__name__)


class CrlIssuer:
    """Issues and publishes the CRL of one generation."""

    def __init__(self, parts: Parts, generation: Generation, directory: Path) -> None:
        self._parts = parts
        self._generation = generation
        self._path: Final = directory / issuing_crl(generation.number)
        self._seen: tuple[Identity, int, bytes] | None = None  # the published file as last read: number and digest

    def publish(self) -> CrlPublished:
        """Issue a new CRL and publish it.

        Raises:
            AuthorityClosed: the last one was issued before.
            ClockInDoubt: the clock is behind the last CRL.
            RecordBehindPublication, PublishedCrlBroken: the record cannot be trusted.
            Unavailable: token, database or disk do not work; the old CRL stays.
        """
        self._issue(unless_fresh=False)
        return self._publish_newest()

    def publish_or_wait(self) -> int | None:
        """Issue and publish a CRL after a change of status; return its number, None when the next round must try again."""
        try:
            return self.publish().number
        except DomainError as error:  # the status holds all the same
            log.warning("no list after a change", extra={"error": type(error).__name__, "detail": error.detail})
            return None

    def publish_last(self, approved: Approved) -> None:
        """Issue and publish the last CRL, which two administrators decided.

        Raises:
            StillInForce: it cannot be the last one.
            DomainError: as `publish`, and as `Approved.redeem`.
        """
        self._issue(unless_fresh=False, closing=approved)
        self._publish_newest()

    def publish_if_due(self) -> None:
        """Issue and publish a CRL when there is none, it is twelve hours old or a change is not on it; repair the file.

        Raises:
            DomainError: as `publish`.
        """
        self._issue(unless_fresh=True)
        self._publish_newest()

    def check_record(self, connection: Connection) -> None:
        """Check that the record knows at least what was published.

        Raises:
            RecordBehindPublication: it does not.
            PublishedCrlBroken: what was published cannot be read.
        """
        self._check_not_behind(connection)

    def check_open(self, connection: Connection) -> None:
        """Check that this generation may sign: the last list is not issued yet.

        Raises:
            AuthorityClosed: it is.
        """
        _check_open(tables.last_crl(connection, self._generation.identifier))

    def closed_since(self, connection: Connection) -> datetime | None:
        """Return when the last list was issued; None while it is not."""
        last = tables.last_crl(connection, self._generation.identifier)
        return last.this_update if last is not None and last.is_last else None

    def check_closable(self, connection: Connection) -> None:
        """Check that the next list can be the last one.

        Raises:
            StillInForce: a certificate is neither expired nor revoked.
            AuthorityClosed: the last one is issued.
        """
        _check_open(self._check_not_behind(connection))
        self._check_nothing_in_force(connection, whole_seconds(self._parts.clock.now()))

    def _issue(self, *, unless_fresh: bool, closing: Approved | None = None) -> None:
        with self._parts.database.transaction() as connection:
            last = self._check_not_behind(connection)
            now = whole_seconds(self._parts.clock.now())
            if last is not None and now < last.this_update:
                raise ClockInDoubt(f"{now} is before the last CRL")
            if unless_fresh and not self._is_due(connection, last, now):
                return
            _check_open(last)
            if closing is None:
                self._record_next(connection, last, now, now + crl.LIFE)
                return
            if closing.redeem(connection, CloseAuthority).generation != self._generation.number:
                raise OtherAct(f"{closing.proposal} is about another generation")
            self._check_nothing_in_force(connection, now)
            number = self._record_next(connection, last, now, protocol.NEVER)
            closing.finish(connection, f"revocation list {number} is the last")

    def _is_due(self, connection: Connection, last: RecordedCrl | None, now: datetime) -> bool:
        if last is None or last.is_last:
            return last is None
        return now - last.this_update >= crl.RENEWED_AFTER or self._parts.statuses.has_listed_after(
            connection, self._generation.identifier, last.change
        )

    def _check_nothing_in_force(self, connection: Connection, now: datetime) -> None:
        if count := self._parts.statuses.in_force(connection, self._generation.identifier, now):
            raise StillInForce(f"{count} certificates are neither expired nor revoked")
        for recorded in tables.unfinished(connection):
            if self._parts.generations.of_issuer(tables.issuer_name(recorded)) != self._generation:
                continue
            revoked = self._parts.statuses.current(connection, recorded.serial)
            if revoked is None and validity(recorded)[1] >= now:
                raise StillInForce(f"{recorded.serial} was perhaps signed and never handed out; revoke it first")

    def _record_next(
        self, connection: Connection, last: RecordedCrl | None, now: datetime, next_update: datetime
    ) -> int:
        changes = self._parts.statuses.after(connection, last.change if last else 0)
        own = [change for change in changes if change.issuer == self._generation.identifier]
        before = crl.read(tables.crl_der(connection, last), self._generation.issuer) if last else ()
        number, entries = last.number + 1 if last else 1, crl.merged(before, own)
        made = crl.build(
            self._generation.issuer,
            self._generation.key,
            number=number,
            this_update=now,
            next_update=next_update,
            entries=entries,
        )
        der = made.public_bytes(Encoding.DER)
        change = changes[-1].change if changes else last.change if last else 0
        new = RecordedCrl(
            self._generation.identifier, number, now, next_update, change, len(entries), audit.digest(der)
        )
        tables.record_crl(connection, new, der)
        self._parts.audit.append(
            connection,
            audit.CRL,
            now,
            issuer=new.issuer,
            number=number,
            change=change,
            entries=new.entries,
            crl=new.digest,
        )
        return number

    def _publish_newest(self) -> CrlPublished:
        with self._parts.database.transaction() as connection:  # its lock: two processes never write the file at once
            last = self._check_not_behind(connection)
            if last is None:
                raise crl.RecordBehindPublication("no CRL on record")
            published = self._published()
            if published is None or published[1] != last.digest:
                self._write(last, tables.crl_der(connection, last))
        return CrlPublished(last.number, last.this_update, last.next_update, last.entries, self._generation.number)

    def _write(self, recorded: RecordedCrl, der: bytes) -> None:
        try:
            publish(self._path.parent, self._path.name, der)
            self._seen = identity(self._path.stat()), recorded.number, recorded.digest
        except OSError as error:
            raise Unavailable(f"the CRL could not be written: {error}") from error

    def _published(self) -> tuple[int, bytes] | None:
        """Return number and digest of the published list; None when there is none. Read again only when it changed."""
        try:
            with self._path.open("rb") as file:
                found = identity(os.fstat(file.fileno()))
                if self._seen is None or self._seen[0] != found:
                    der = file.read()
                    self._seen = found, crl.number_of(crl.read(der, self._generation.issuer)), audit.digest(der)
        except FileNotFoundError:
            return None
        return self._seen[1:]

    def _check_not_behind(self, connection: Connection) -> RecordedCrl | None:
        last, published = tables.last_crl(connection, self._generation.identifier), self._published()
        if last is not None and last.change > self._parts.statuses.newest(connection):
            raise crl.RecordBehindPublication(f"CRL {last.number} knows of changes that the record does not")
        if published is None or (last is not None and published[1] == last.digest):
            return last
        if last is None or published[0] >= last.number:  # the same number with other content: two histories
            raise crl.RecordBehindPublication(
                f"CRL {published[0]} is published, {last and last.number} is the last on record"
            )
        return last


def _check_open(last: RecordedCrl | None) -> None:
    if last is not None and last.is_last:
        raise AuthorityClosed(f"CRL {last.number} was the last one")
