"""After a restore: the record learns again what was published since the backup was made (attack O2).

A restored record is an old one. Until it knows every list that was published, the authority issues nothing
(`ca.crl_issuer`). For each generation whose published list is newer than the record:

- every certificate on it that the record has as good becomes revoked or suspended, from the day the list says; one that
  the record does not know at all, because it was issued after the backup, becomes revoked under its serial number, for
  nobody could resume it;
- the list itself becomes the last one on record, so that the next, which follows at once, has a higher number, begins
  with its entries and has on it whatever else the record knows.

What the record has as suspended and the list has not stays suspended: whether it was resumed since is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy import Connection

from ca import audit, crl, protocol, publication, tables
from ca.acts import Restore
from ca.begun import Begun
from ca.control import Control
from ca.draft import whole_seconds
from ca.generations import Generation
from ca.guarded import Guarded
from ca.parts import Parts
from ca.statuses import Status
from ca.trusted_list.publisher import number_of
from ca.trusted_list.record import Issue, last_issue, record_issue
from core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the record learnt."""

    lists: dict[int, int]  # generation → number of the list that was adopted
    certificates: list[str]  # serial numbers that are revoked or suspended by it, 40 hexadecimal digits
    trusted_list: int | None  # number of the trusted list that was adopted


def allow(control: Control) -> None:
    """Let two people decide on a restore here: in the record that is restored, and in no zone that runs."""
    control.guard({Restore: Guarded(lambda _connection, _act: None)})  # the backup was looked at before


class Reconciliation:
    """Holds the record against the lists in `published`."""

    def __init__(self, parts: Parts, published: Path) -> None:
        self._parts = parts
        self._published = published

    def reconcile(self, begun: Begun[Restore]) -> Reconciled:
        """Have the record learn what was published since; nothing is signed.

        Raises:
            ProposalClosed, ProposalExpired: the restore is done, or its time is over.
            PublishedCrlBroken: a published list is none, or not signed by its issuer; nothing was learnt.
            RecordTampered: a row is not as this authority wrote it.
            Unavailable: the database does not work, or a file cannot be read.
        """
        begun.check_under_way()
        lists, certificates = {}, []
        with self._parts.database.transaction() as connection:
            for generation in self._parts.generations:
                found = self._newer(connection, generation)
                if found is not None:
                    certificates += self._learn(connection, generation, found, begun)
                    lists[generation.number] = self._adopt(connection, generation, found)
            trusted_list = self._adopt_trusted_list(connection)
        return Reconciled(lists, certificates, trusted_list)

    def _newer(self, connection: Connection, generation: Generation) -> x509.CertificateRevocationList | None:
        """Return a generation's published list, if the record does not know it and it is not older than its last one."""
        data = self._file(publication.issuing_crl(generation.number))
        if data is None:
            return None
        found = crl.read(data, generation.issuer)
        last = tables.last_crl(connection, generation.identifier)
        if last is not None and (crl.number_of(found) < last.number or audit.digest(data) == last.digest):
            return None
        return found

    def _learn(
        self,
        connection: Connection,
        generation: Generation,
        found: x509.CertificateRevocationList,
        begun: Begun[Restore],
    ) -> list[str]:
        learnt = [each for each in found if self._is_news(connection, each)]
        by = f"restore, by {begun.by}: revocation list {crl.number_of(found)}"
        for each in learnt:
            self._add(connection, generation, each, by)
        return [tables.serial_text(each.serial_number) for each in learnt]

    def _is_news(self, connection: Connection, each: x509.RevokedCertificate) -> bool:
        current = self._parts.statuses.current(connection, tables.serial_text(each.serial_number))
        if current is None or current.status == "good":
            return True
        return current.status == "suspended" and not crl.is_hold(each)

    def _add(self, connection: Connection, generation: Generation, each: x509.RevokedCertificate, by: str) -> None:
        serial = tables.serial_text(each.serial_number)
        current = self._parts.statuses.current(connection, serial)
        status, reason, at = _status_of(each)
        if current is None and status == "suspended":
            status, reason, at = "revoked", "unspecified", whole_seconds(self._parts.clock.now())
        change = self._parts.statuses.add(
            connection,
            serial,
            status,
            reason,
            at,
            issuer=generation.identifier,
            # Of a certificate that is not on record nothing is known but that its issuer outlives it.
            not_after=generation.issuer.not_after if current is None else current.not_after,
            invalid_since=crl.invalid_since(each),
        )
        self._parts.audit.append(
            connection,
            audit.STATUS,
            self._parts.clock.now(),
            serial=serial,
            change=change.change,
            status=change.status,
            reason=change.reason,
            by=by,
        )

    def _adopt(self, connection: Connection, generation: Generation, found: x509.CertificateRevocationList) -> int:
        data = self._file(publication.issuing_crl(generation.number)) or b""
        adopted = tables.RecordedCrl(
            issuer=generation.identifier,
            number=crl.number_of(found),
            this_update=found.last_update_utc,
            next_update=found.next_update_utc or protocol.NEVER,
            change=0,  # of which changes it knows is not known: the next list looks at all of them
            entries=len(found),
            digest=audit.digest(data),
        )
        tables.adopt_crl(connection, adopted, data)
        self._parts.audit.append(
            connection,
            audit.CRL,
            self._parts.clock.now(),
            issuer=adopted.issuer,
            number=adopted.number,
            change=adopted.change,
            entries=adopted.entries,
            crl=adopted.digest,
        )
        return adopted.number

    def _adopt_trusted_list(self, connection: Connection) -> int | None:
        """Take over the number of a newer trusted list; what it says is then said anew from the record."""
        data, last = self._file(publication.TRUSTED_LIST), last_issue(connection)
        if data is None or last is None or audit.digest(data) == last.digest or number_of(data) <= last.number:
            return None
        now = whole_seconds(self._parts.clock.now())
        record_issue(connection, Issue(number_of(data), now, now, audit.digest(data)), data)
        return number_of(data)

    def _file(self, name: str) -> bytes | None:
        try:
            return (self._published / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"{name}: {error.strerror}") from error


def _status_of(each: x509.RevokedCertificate) -> tuple[Status, str, datetime]:
    return ("suspended" if crl.is_hold(each) else "revoked"), crl.reason_of(each), each.revocation_date_utc
