"""Revoking, suspending and resuming. Source: RFC 5280 §5.3; EN 319 411-1 §6.2.4, §6.3.9.

Rules:

- a status holds from the moment of the act, by the authority's clock, and never from an earlier one; that a key is
  thought to have been in wrong hands before is said by the invalidity date beside it (RFC 5280 §5.3.2);
- revocation is final (REV-6.3.9-04): it is neither undone nor done again for another reason;
- a suspension ends by resuming or by revocation;
- what was perhaps signed and never handed out can be revoked, and nothing else can be done with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from sqlalchemy import Connection

from ca import audit, tables
from ca.draft import whole_seconds
from ca.generations import Generation
from ca.parts import Parts
from ca.protocol import (
    REVOCATION_REASONS,
    AlreadyRevoked,
    AlreadySuspended,
    CertificateEnded,
    CertificateUnknown,
    InvalidSinceRefused,
    NotSuspended,
    ReasonUnknown,
)
from ca.statuses import Change, Status
from core.errors import RecordTampered

_LONGEST_ACTOR: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A status that somebody wants a certificate to have from now on."""

    serial: str  # as a person writes it, hex
    status: Status
    by: str
    reason: str = ""
    invalid_since: datetime | None = None


class Revocations:
    """Changes the status of certificates."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def change(self, wish: Wish) -> Change:
        """Give a certificate another status from now on.

        Raises:
            ReasonUnknown: no reason for which certificates are revoked.
            CertificateUnknown: there is none, or it was never handed out and can only be revoked.
            AlreadyRevoked, AlreadySuspended, NotSuspended, CertificateEnded: it cannot have this status any more, or has.
            InvalidSinceRefused: before the certificate was issued, or in the future.
            ClockInDoubt: the clock is behind the last act.
        """
        with self._parts.database.transaction() as connection:
            return self.change_in(connection, wish)

    def change_in(self, connection: Connection, wish: Wish) -> Change:
        """Do the same in the caller's transaction.

        Raises:
            DomainError: as `change`; nothing was written.
        """
        now = whole_seconds(self._parts.clock.now())
        recorded, not_after = self._checked(connection, wish, now)
        change = self._parts.statuses.add(
            connection,
            recorded.serial,
            wish.status,
            wish.reason,
            now,
            issuer=self.generation(connection, recorded).identifier,
            not_after=not_after,
            invalid_since=wish.invalid_since,
        )
        self._audit(connection, change, wish.by)
        return change

    def check(self, connection: Connection, wish: Wish) -> None:
        """Check that `change_in` would do it now.

        Raises:
            DomainError: as `change`.
        """
        self._checked(connection, wish, whole_seconds(self._parts.clock.now()))

    def rehearse(self, wish: Wish) -> datetime:
        """Return the present moment if `change` would do it now.

        Raises:
            DomainError: as `change`.
        """
        now = whole_seconds(self._parts.clock.now())
        with self._parts.database.reading() as connection:
            self._checked(connection, wish, now)
        return now

    def current(self, connection: Connection, recorded: tables.RecordedCertificate) -> Change | None:
        """Return a certificate's status; None when it was perhaps signed, never handed out, and not revoked since.

        Raises:
            RecordTampered: the record's parts contradict each other.
        """
        change = self._parts.statuses.current(connection, recorded.serial)
        if change is None and recorded.certificate_der is not None:
            raise RecordTampered(f"{recorded.serial}: no status")
        return change

    def generation(self, connection: Connection, recorded: tables.RecordedCertificate) -> Generation:
        """Return the generation whose certificate it is: by its sealed status, or by what was to be signed.

        Raises:
            RecordTampered: there is none.
        """
        change = self._parts.statuses.current(connection, recorded.serial)
        if change is not None:
            return self._parts.generations.identified(change.issuer)
        return self._parts.generations.of_issuer(tables.issuer_name(recorded))

    def _checked(
        self, connection: Connection, wish: Wish, now: datetime
    ) -> tuple[tables.RecordedCertificate, datetime]:
        check_reason(wish)
        recorded = tables.certificate(connection, tables.serial_of(wish.serial))
        not_before, not_after = validity(recorded)
        _check_change(self.current(connection, recorded), wish.status, recorded.serial)
        if now > not_after:
            raise CertificateEnded(f"{not_after:%Y-%m-%d %H:%M:%S} UTC")
        if wish.invalid_since is not None and not not_before <= wish.invalid_since <= now:
            raise InvalidSinceRefused(f"{wish.invalid_since}: not between {not_before} and {now}")
        return recorded, not_after

    def _audit(self, connection: Connection, change: Change, by: str) -> None:
        self._parts.audit.append(
            connection,
            audit.STATUS,
            change.at,
            serial=change.serial,
            change=change.change,
            status=change.status,
            reason=change.reason,
            by=by[:_LONGEST_ACTOR],
        )


def check_reason(wish: Wish) -> None:
    """Check that certificates are revoked for such a reason.

    Raises:
        ReasonUnknown: they are not.
    """
    if wish.status == "revoked" and wish.reason not in REVOCATION_REASONS:
        raise ReasonUnknown(f"{wish.reason[:40]!r}: one of {', '.join(REVOCATION_REASONS)}")


def validity(recorded: tables.RecordedCertificate) -> tuple[datetime, datetime]:
    """Return the first and last instant of a certificate's validity, of an unfinished one from what was to be signed.

    Raises:
        RecordTampered: it cannot be read.
    """
    try:
        if recorded.certificate_der is not None:
            certificate = x509.load_der_x509_certificate(recorded.certificate_der)
            return certificate.not_valid_before_utc, certificate.not_valid_after_utc
        period = TbsCertificate.load(recorded.tbs_der)["validity"]
        return period["not_before"].native, period["not_after"].native
    except ValueError as error:
        raise RecordTampered(recorded.serial) from error


def _check_change(before: Change | None, status: Status, serial: str) -> None:
    if before is None and status != "revoked":
        raise CertificateUnknown(f"{serial}: never handed out; it can only be revoked")
    if before is not None and before.status == "revoked":
        raise AlreadyRevoked(f"since {before.at:%Y-%m-%d %H:%M:%S} UTC, {before.reason}")
    if status == "suspended" and before is not None and before.status == "suspended":
        raise AlreadySuspended(f"since {before.at:%Y-%m-%d %H:%M:%S} UTC")
    if status == "good" and before is not None and before.status == "good":
        raise NotSuspended(serial)
