"""Certificate revocation lists: built, numbered, recorded, then published. Source: RFC 5280 §5; EN 319 411-1 §6.3.9.

Rules:

- the number comes from the database under its lock and only rises, over processes and crashes;
- an entry that was once on the list stays on it: the next list begins with the entries of the last one, whose
  signature is checked first, so that no row of a table takes a revocation back (attack D9);
- a published list with a higher number than the record knows means that the record is an old copy: nothing is issued
  until that is settled (attack O2);
- files are written under the same lock from the newest record, so that an older list never replaces a newer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import extensions, tables
from ca.draft import HASHES, Issuer, whole_seconds
from ca.protocol import CrlPublished
from ca.publication import ISSUING_CRL, publish
from ca.signing import SignatureUnusable
from core.algorithms import HashAlgorithm
from core.clock import Clock
from core.errors import ClockInDoubt, Unavailable
from hsm.ports import SigningKey
from hsm.x509_keys import x509_key
from storage.engine import Database

LIFE: Final = timedelta(hours=48)  # until nextUpdate
RENEWED_AFTER: Final = timedelta(hours=12)  # at least every 24 h (CSS-6.3.9-05)
ROOT_LIFE: Final = timedelta(days=365)  # of an ARL (CSS-6.3.9-12)


class RecordBehindPublication(Unavailable):
    """The database knows less than what was published: it is an old copy. Nothing is issued until that is settled."""


class PublishedCrlBroken(Unavailable):
    """The list on record or in public is none, or not signed by this authority."""


def build(
    issuer: Issuer,
    key: SigningKey,
    *,
    number: int,
    this_update: datetime,
    life: timedelta,
    entries: Sequence[x509.RevokedCertificate] = (),
    rsa_hash: HashAlgorithm = HashAlgorithm.SHA256,
) -> x509.CertificateRevocationList:
    """Return a complete, signed CRL, its signature checked.

    Raises:
        SignatureUnusable: the key is not the issuer's, or its signature is faulty.
        HsmUnavailable: the token does not answer.
    """
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.name,
        last_update=this_update,
        next_update=this_update + life,
        revoked_certificates=list(entries),  # given at once: adding them one by one copies the list each time
    )
    for extension in extensions.of_crl(issuer.public_key, number, issuer.not_before):
        builder = builder.add_extension(extension.value, extension.critical)
    crl = builder.sign(x509_key(key), HASHES[issuer.hash(rsa_hash)])
    if not crl.is_signature_valid(issuer.public_key):
        raise SignatureUnusable("CRL")
    return crl


def read(der: bytes, issuer: Issuer) -> x509.CertificateRevocationList:
    """Return the CRL of this issuer in `der`, its signature checked.

    Raises:
        PublishedCrlBroken: it is none.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        if crl.issuer != issuer.name or not crl.is_signature_valid(issuer.public_key):
            raise PublishedCrlBroken("not signed by this authority")
    except (ValueError, TypeError) as error:
        raise PublishedCrlBroken(str(error)) from error
    return crl


def number_of(crl: x509.CertificateRevocationList) -> int:
    """Return the CRL number."""
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


class CrlIssuer:
    """Issues and publishes the CRL of the issuing CA."""

    def __init__(self, issuer: Issuer, key: SigningKey, database: Database, directory: Path, clock: Clock) -> None:
        self._issuer = issuer
        self._key = key
        self._database = database
        self._path = directory / ISSUING_CRL
        self._clock = clock

    def publish(self) -> CrlPublished:
        """Issue a new CRL and publish it.

        Raises:
            ClockInDoubt: the clock is behind the last CRL.
            RecordBehindPublication, PublishedCrlBroken: the record cannot be trusted.
            Unavailable: token, database or disk do not work; the old CRL stays.
        """
        self._issue(unless_fresh=False)
        return self._publish_newest()

    def publish_if_due(self) -> None:
        """Issue and publish a CRL when there is none or it is twelve hours old; repair the public file.

        Raises:
            DomainError: as `publish`.
        """
        self._issue(unless_fresh=True)
        self._publish_newest()

    def check_record(self) -> None:
        """Check that the record knows at least what was published.

        Raises:
            RecordBehindPublication: it does not.
            PublishedCrlBroken: what was published cannot be read.
        """
        with self._database.reading() as connection:
            last = tables.last_crl(connection)
        self._check_not_behind(last)

    def _issue(self, *, unless_fresh: bool) -> None:
        with self._database.transaction() as connection:
            last = tables.last_crl(connection)
            self._check_not_behind(last)
            now = whole_seconds(self._clock.now())
            if last is not None and now < last.this_update:
                raise ClockInDoubt(f"{now} is before the last CRL")
            if unless_fresh and last is not None and now - last.this_update < RENEWED_AFTER:
                return
            tables.record_crl(connection, self._next(last, now))

    def _next(self, last: tables.RecordedCrl | None, now: datetime) -> tables.RecordedCrl:
        number = last.number + 1 if last else 1
        entries = list(read(last.crl_der, self._issuer)) if last else []
        crl = build(self._issuer, self._key, number=number, this_update=now, life=LIFE, entries=entries)
        return tables.RecordedCrl(number, now, crl.public_bytes(Encoding.DER))

    def _publish_newest(self) -> CrlPublished:
        with self._database.transaction() as connection:  # its lock: two processes never write the file at once
            last = tables.last_crl(connection)
            if last is None:
                raise RecordBehindPublication("no CRL on record")
            self._check_not_behind(last)
            if self._published() != last.crl_der:
                self._write(last.crl_der)
        crl = read(last.crl_der, self._issuer)
        return CrlPublished(last.number, last.this_update, last.this_update + LIFE, len(crl))

    def _write(self, crl_der: bytes) -> None:
        try:
            publish(self._path.parent, self._path.name, crl_der)
        except OSError as error:
            raise Unavailable(f"the CRL could not be written: {error}") from error

    def _published(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _check_not_behind(self, last: tables.RecordedCrl | None) -> None:
        published = self._published()
        if published is None or (last is not None and published == last.crl_der):
            return
        number = number_of(read(published, self._issuer))
        if last is None or number >= last.number:  # the same number with other content: two histories
            raise RecordBehindPublication(f"CRL {number} is published, {last and last.number} is the last on record")
