"""The root's own revocation list (ARL): issued once a year, and whenever a CA is revoked. Source: CSS-6.3.9-12, -13.

The root has no database: what it issued last is a file in its folder, written durably before the list is published, and
one process at a time works on it. The rules are those of the issuing CA's lists: numbers only rise, an entry that was
once on a list stays on it, and a published list that the folder does not know stops everything.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import crl
from ca.draft import Issuer, whole_seconds
from ca.protocol import AlreadyRevoked, CertificateUnknown, CrlPublished, ReasonUnknown
from ca.publication import ROOT_CRL, publish
from ca.signing import SignatureUnusable, check_signature
from core.algorithms import HashAlgorithm
from core.clock import Clock
from core.errors import ClockInDoubt, Unavailable
from hsm.ports import SigningKey

REASONS: Final = ("keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation")
_LOCK: Final = ".root-list.lock"


@dataclass(frozen=True, slots=True)
class RevokedAuthority:
    """A CA that the root certified, and why it may certify nobody any more."""

    certificate: x509.Certificate
    reason: str  # one of REASONS


class RootLists:
    """Issues and publishes the root's lists. `folder` is the root's own, `published` the public one."""

    def __init__(self, root: x509.Certificate, key: SigningKey, folder: Path, published: Path, clock: Clock) -> None:
        self._issuer = Issuer.of(root)
        self._key = key
        self._folder = folder
        self._published = published
        self._clock = clock

    def issue(self, revoked: RevokedAuthority | None = None) -> CrlPublished:
        """Issue a new list and publish it, with one more CA on it when one is given.

        Raises:
            ReasonUnknown, CertificateUnknown, AlreadyRevoked: that CA cannot be revoked so.
            ClockInDoubt: the clock is behind the last list.
            RecordBehindPublication, PublishedCrlBroken: the root's folder cannot be trusted.
            Unavailable: token or disk do not work; the old list stays, or the next call publishes what was issued.
        """
        with self._alone():
            last = self._last()
            now = whole_seconds(self._clock.now())
            if now < last.last_update_utc:
                raise ClockInDoubt(f"{now} is before the last list")
            entries = [*last, *([self._entry(revoked, last)] if revoked else [])]
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
            self._put(made.public_bytes(Encoding.DER))
        return CrlPublished(number, now, now + crl.ROOT_LIFE, len(entries))

    def _entry(self, revoked: RevokedAuthority, last: x509.CertificateRevocationList) -> x509.RevokedCertificate:
        if revoked.reason not in REASONS:
            raise ReasonUnknown(f"{revoked.reason[:40]!r}: one of {', '.join(REASONS)}")
        serial = revoked.certificate.serial_number
        try:
            check_signature(revoked.certificate, self._issuer.public_key)
        except SignatureUnusable as error:
            raise CertificateUnknown(f"{serial:x}: not certified by this root") from error
        if last.get_revoked_certificate_by_serial_number(serial) is not None:
            raise AlreadyRevoked(f"{serial:x}")
        reason = x509.CRLReason(x509.ReasonFlags(revoked.reason))
        now = whole_seconds(self._clock.now())
        return (
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(now)
            .add_extension(reason, critical=False)
            .build()
        )

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


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise crl.PublishedCrlBroken(f"{path.name}: {error.strerror}") from error
