"""The root's own revocation list (ARL): issued once a year, and whenever a CA is revoked. Source: CSS-6.3.9-12, -13.

The root has no database: what it issued last is a file in its folder, written durably before the list is published, and
one process at a time works on it. The rules are those of the issuing CA's lists: numbers only rise, an entry that was
once on a list stays on it, and a published list that the folder does not know stops everything. Each use takes two
people, and is in the issuing CA's audit log.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from ca import audit, crl, tables
from ca.acts import UseRoot
from ca.begun import Begun
from ca.draft import Issuer, whole_seconds
from ca.parts import Parts
from ca.protocol import AlreadyRevoked, CertificateUnknown, CrlPublished, ReasonUnknown
from ca.publication import ROOT_CRL, publish
from ca.root_status import RootStatus
from core.algorithms import HashAlgorithm
from core.errors import ClockInDoubt, Unavailable
from hsm.ports import SigningKey

REASONS: Final = ("keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation")
_LOCK: Final = ".root-list.lock"


def check(parts: Parts, status: RootStatus, _connection: Connection, act: UseRoot) -> None:
    """Check that a use of the root key for its list could be carried out.

    Raises:
        CertificateUnknown, ReasonUnknown, AlreadyRevoked: that CA cannot be revoked so.
        PublishedCrlBroken: the root's list cannot be read.
    """
    if act.purpose == "issue-root-list":
        return
    if act.reason not in REASONS:
        raise ReasonUnknown(f"{act.reason[:40]!r}: one of {', '.join(REASONS)}")
    if status.entry(_authority(parts, act.subject)) is not None:
        raise AlreadyRevoked(act.subject)


class RootLists:
    """Issues and publishes the root's lists. `folder` is the root's own, `published` the public one."""

    def __init__(self, root: x509.Certificate, key: SigningKey, folder: Path, published: Path, parts: Parts) -> None:
        self._issuer = Issuer.of(root)
        self._key = key
        self._folder = folder
        self._published = published
        self._parts = parts

    def issue(self, begun: Begun[UseRoot]) -> CrlPublished:
        """Issue a new list and publish it, with one more CA on it when that was decided.

        Raises:
            ReasonUnknown, CertificateUnknown, AlreadyRevoked: that CA cannot be revoked so.
            ProposalClosed, ProposalExpired: what was decided is done, or its time is over; the root key was not used.
            ClockInDoubt: the clock is behind the last list.
            RecordBehindPublication, PublishedCrlBroken: the root's folder cannot be trusted.
            Unavailable: token or disk do not work; the old list stays, or the next call publishes what was issued.
        """
        with self._alone():
            begun.check_under_way()
            last = self._last()
            now = whole_seconds(self._parts.clock.now())
            if now < last.last_update_utc:
                raise ClockInDoubt(f"{now} is before the last list")
            entries = self._entries(begun, last, now)
            number = crl.number_of(last) + 1
            made = crl.build(
                self._issuer,
                self._key,
                number=number,
                this_update=now,
                next_update=now + crl.ROOT_LIFE,
                entries=entries,
                rsa_hash=HashAlgorithm.SHA512,
            )
            der = made.public_bytes(Encoding.DER)
            self._put(der)
            self._finish(begun, number, der, now)
        return CrlPublished(number, now, now + crl.ROOT_LIFE, len(entries))

    def _entries(
        self, begun: Begun[UseRoot], last: x509.CertificateRevocationList, now: datetime
    ) -> list[x509.RevokedCertificate]:
        act = begun.act
        if act.purpose == "issue-root-list":
            return list(last)
        if act.reason not in REASONS:
            raise ReasonUnknown(f"{act.reason[:40]!r}: one of {', '.join(REASONS)}")
        serial = _authority(self._parts, act.subject).serial_number
        if last.get_revoked_certificate_by_serial_number(serial) is not None:
            if begun.again:  # by the attempt that was cut short
                return list(last)
            raise AlreadyRevoked(act.subject)
        reason = x509.CRLReason(x509.ReasonFlags(act.reason))
        builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        return [*last, builder.add_extension(reason, critical=False).build()]

    def _finish(self, begun: Begun[UseRoot], number: int, der: bytes, now: datetime) -> None:
        with self._parts.database.transaction() as connection:
            self._parts.audit.append(
                connection, audit.ROOT_LIST, now, number=number, list=audit.digest(der), by=begun.by
            )
            begun.finish(connection, f"root's list {number}")

    def _last(self) -> x509.CertificateRevocationList:
        """Return the last list on record, which a crash may have kept from being published."""
        published = crl.read(_content(self._published / ROOT_CRL), self._issuer)
        own = self._folder / ROOT_CRL
        if not own.exists():  # nothing since the ceremony, whose list is the first
            if crl.number_of(published) != 1:
                raise crl.RecordBehindPublication(f"list {crl.number_of(published)} is published, none is on record")
            return published
        last = crl.read(_content(own), self._issuer)
        if last == published:
            return last
        if crl.number_of(published) >= crl.number_of(last):
            numbers = f"{crl.number_of(published)} is published, {crl.number_of(last)} is the last on record"
            raise crl.RecordBehindPublication(numbers)
        return last

    def _put(self, der: bytes) -> None:
        try:
            publish(self._folder, ROOT_CRL, der)  # on record first: its number is used from here on
            publish(self._published, ROOT_CRL, der)
        except OSError as error:
            raise Unavailable(f"the root's list could not be written: {error}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _authority(parts: Parts, serial: str) -> x509.Certificate:
    for each in parts.generations:
        if tables.serial_text(each.certificate.serial_number) == tables.serial_text(tables.serial_of(serial)):
            return each.certificate
    raise CertificateUnknown(f"{serial[:60]}: no generation of the issuing CA")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise crl.PublishedCrlBroken(f"{path.name}: {error.strerror}") from error
