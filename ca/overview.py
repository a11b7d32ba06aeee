"""The state of the authority at one glance: what lives how long, and what waits for somebody."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from sqlalchemy import Connection

from ca import tables
from ca.control import Control
from ca.parts import Parts
from ca.protocol import AskOverview, CertificateEnd, ListState, Overview
from ca.summaries import Summaries
from ca.trusted_list.record import last_issue

_PARTS: Final = ("ocsp", "tsu", "list-signer")


class Overviews:
    """Answers `AskOverview`."""

    def __init__(self, root: x509.Certificate, parts: Parts, control: Control) -> None:
        self._root = root
        self._parts = parts
        self._control = control
        self._summaries = Summaries(parts)

    def ask(self, _request: AskOverview) -> Overview:
        """Return the state of the authority.

        Raises:
            RecordTampered: a row is not as this authority wrote it.
            Unavailable: the database does not work.
        """
        now = self._parts.clock.now()
        admins = self._control.admins.summaries()
        with self._parts.database.reading() as connection:
            services = [tables.newest_of_profile(connection, profile) for profile in _PARTS]
            issuing = self._parts.successions.issuing(connection)
            crl, trusted = tables.last_crl(connection, issuing.identifier), last_issue(connection)
            return Overview(
                now=now,
                authorities=[_end(self._root), *(_end(each.certificate) for each in self._parts.generations)],
                issuing=issuing.number,
                services=[self._summaries.of(connection, each) for each in services if each is not None],
                crl=None if crl is None else ListState(crl.number, crl.this_update, crl.next_update, crl.entries),
                trusted_list=None
                if trusted is None
                else ListState(trusted.number, trusted.issued_at, trusted.next_update),
                certificates=self._parts.statuses.counts(connection, now),
                unfinished=self._unfinished(connection),
                proposals=len(self._control.dual.summaries(connection, 1000, waiting=True)),
                admins=sum(each.state == "active" for each in admins),
                locked_admins=[each.name for each in admins if each.locked_until is not None],
            )

    def _unfinished(self, connection: Connection) -> int:
        found = tables.unfinished(connection)
        return sum(self._parts.statuses.current(connection, each.serial) is None for each in found)


def _end(certificate: x509.Certificate) -> CertificateEnd:
    return CertificateEnd(
        subject=certificate.subject.rfc4514_string(),
        serial=tables.serial_text(certificate.serial_number),
        not_after=certificate.not_valid_after_utc,
    )
