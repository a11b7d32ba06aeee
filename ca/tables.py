"""The `ca` zone's database: what was issued, and every CRL. Statuses are in `ca.statuses`, the log in `ca.audit`.

A row tells nothing that its signed object does not tell better: summaries are read from the certificate itself, whose
signature is checked first, so a row written or changed by another hand is refused (attack D9). Instants are seconds
since 1970, UTC, as certificates have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from asn1crypto.x509 import TbsCertificate
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from ca.protocol import NEVER, CertificateUnknown, KeyAlreadyCertified
from core.errors import ClockInDoubt, RecordTampered

metadata: Final = MetaData()
RENEWABLE: Final = "ocsp"  # the profile whose certificates may follow each other for one key

certificates: Final = Table(
    "certificates",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),  # 40 hexadecimal digits
    Column("key_digest", LargeBinary, nullable=False),  # SHA-256 of the SubjectPublicKeyInfo
    Column("not_before", Integer, nullable=False),
    Column("credential", Text, nullable=False),  # the SAM's name for it: how a certificate is found after a crash
    Column("profile", Text, nullable=False),
    Column(
        "grounds", LargeBinary, nullable=False
    ),  # why: the SAM's word and a PKCS#10 (MessagePack), or a PKCS#10 (DER)
    Column("tbs", LargeBinary, nullable=False),  # what was about to be signed
    Column("certificate", LargeBinary),  # DER; NULL: the key may have been used, but nothing was handed out
    sqlite_strict=True,
)
Index("certificates_of_credential", certificates.c.credential)
Index(
    "one_certificate_for_a_key",
    certificates.c.key_digest,
    unique=True,
    # A responder's certificate lasts a month and may be renewed for its key; nobody else's.
    sqlite_where=certificates.c.certificate.is_not(None) & (certificates.c.profile != RENEWABLE),
)

crls: Final = Table(
    "crls",
    metadata,
    Column("issuer", Text, primary_key=True),  # SHA-256 of its SubjectPublicKeyInfo, hex
    Column("number", Integer, primary_key=True),
    Column("this_update", Integer, nullable=False),
    Column("next_update", Integer, nullable=False),
    Column("change", Integer, nullable=False),  # the newest change of a status that it knows
    Column("entries", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the CRL
    Column("crl", LargeBinary, nullable=False),  # DER; empty once there is a newer one, which has all its entries
    sqlite_strict=True,
)

_COLUMNS: Final = (
    certificates.c.serial,
    certificates.c.profile,
    certificates.c.credential,
    certificates.c.tbs,
    certificates.c.certificate,
)
# Built once: putting a statement together costs more than running it.
_LAST_CRL: Final = (
    select(*(column for column in crls.c if column is not crls.c.crl))
    .where(crls.c.issuer == bindparam("of"))
    .order_by(crls.c.number.desc())
    .limit(1)
)
_LATEST: Final = select(func.max(certificates.c.not_before))
_INTEND: Final = certificates.insert()
_OF_KEY: Final = select(certificates.c.serial, certificates.c.profile).where(
    certificates.c.key_digest == bindparam("wanted"), certificates.c.certificate.is_not(None)
)
_STEP: Final = timedelta(seconds=2)  # how far the clock may be set back without a doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A certificate that is about to be signed."""

    serial: int
    key_digest: bytes
    not_before: datetime
    credential: str
    profile: str
    grounds: bytes
    tbs: bytes


@dataclass(frozen=True, slots=True)
class RecordedCertificate:
    """A certificate on record."""

    serial: str
    profile: str
    credential: str
    tbs_der: bytes
    certificate_der: bytes | None  # None: perhaps signed, but never handed out


@dataclass(frozen=True, slots=True)
class RecordedCrl:
    """A CRL on record, but for its bytes."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    change: int
    entries: int
    digest: bytes

    @property
    def is_last(self) -> bool:
        """Whether no other will follow it (EN 319 411-1 CSS-6.3.9-06)."""
        return self.next_update == NEVER


def serial_text(serial: int) -> str:
    """Return a serial number as records and messages write it: 40 lower-case hexadecimal digits."""
    return f"{serial:040x}"


def serial_of(text: str) -> int:
    """Return the serial number that a person typed in hexadecimal, with or without colons and leading zeros.

    Raises:
        CertificateUnknown: it is no such number.
    """
    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise CertificateUnknown(repr(text[:60])) from None


def intend(connection: Connection, intent: Intent) -> None:
    """Put on record what is about to be signed.

    Raises:
        KeyAlreadyCertified: there is a certificate for this key.
        ClockInDoubt: the clock is behind the last certificate.
    """
    latest = connection.scalar(_LATEST)
    if latest is not None and intent.not_before + _STEP < _instant(latest):
        raise ClockInDoubt(f"{intent.not_before} is before the last certificate")
    _check_key(connection, intent.key_digest, intent.profile)
    values = {
        "serial": serial_text(intent.serial),
        "key_digest": intent.key_digest,
        "not_before": _seconds(intent.not_before),
        "credential": intent.credential,
        "profile": intent.profile,
        "grounds": intent.grounds,
        "tbs": intent.tbs,
        "certificate": None,
    }
    connection.execute(_INTEND, values)


def record(connection: Connection, serial: int, certificate_der: bytes) -> None:
    """Put the signed certificate on record; from then on it may be handed out.

    Raises:
        KeyAlreadyCertified: another process was faster with the same key; this certificate is dropped.
    """
    row = certificates.c.serial == serial_text(serial)
    key, profile = connection.execute(select(certificates.c.key_digest, certificates.c.profile).where(row)).one()
    _check_key(connection, key, profile)
    try:
        connection.execute(certificates.update().where(row).values(certificate=certificate_der))
    except IntegrityError as error:
        raise KeyAlreadyCertified(serial_text(serial)) from error


def certificate(connection: Connection, serial: int) -> RecordedCertificate:
    """Return the certificate with this serial number, one that was perhaps signed and never handed out too.

    Raises:
        CertificateUnknown: there is none.
    """
    row = connection.execute(select(*_COLUMNS).where(certificates.c.serial == serial_text(serial))).first()
    if row is None:
        raise CertificateUnknown(serial_text(serial))
    return RecordedCertificate(*row)


def certificates_of_key(connection: Connection, key_digest: bytes) -> list[tuple[str, str]]:
    """Return serial number and profile of every certificate handed out for a key."""
    return [(row.serial, row.profile) for row in connection.execute(_OF_KEY, {"wanted": key_digest})]


def newest_certificates(
    connection: Connection, limit: int, after: int | None, *, unfinished: bool = False, credential: str = ""
) -> list[RecordedCertificate]:
    """Return at most `limit` certificates, newest first, beginning behind the one with serial number `after`.

    With `credential`, only what was issued for that one.
    """
    handed_out = certificates.c.certificate.is_(None) if unfinished else certificates.c.certificate.is_not(None)
    wanted = select(*_COLUMNS).where(handed_out)
    if credential:
        wanted = wanted.where(certificates.c.credential == credential)
    if after is not None:
        last = select(certificates.c.row).where(certificates.c.serial == serial_text(after)).scalar_subquery()
        wanted = wanted.where(certificates.c.row < last)
    rows = connection.execute(wanted.order_by(certificates.c.row.desc()).limit(limit))
    return [RecordedCertificate(*row) for row in rows]


def issuer_name(recorded: RecordedCertificate) -> bytes:
    """Return the issuer's name in a certificate, DER, or in what was to be signed.

    Raises:
        RecordTampered: it cannot be read.
    """
    try:
        name: bytes = TbsCertificate.load(recorded.tbs_der)["issuer"].dump()
    except ValueError as error:
        raise RecordTampered(recorded.serial) from error
    return name


def newest_of_profile(connection: Connection, profile: str) -> RecordedCertificate | None:
    """Return the newest certificate of a profile that was handed out."""
    handed_out = (certificates.c.profile == profile) & certificates.c.certificate.is_not(None)
    row = connection.execute(select(*_COLUMNS).where(handed_out).order_by(certificates.c.row.desc()).limit(1)).first()
    return None if row is None else RecordedCertificate(*row)


def unfinished(connection: Connection) -> list[RecordedCertificate]:
    """Return the certificates that were perhaps signed and never handed out, oldest first."""
    wanted = select(*_COLUMNS).where(certificates.c.certificate.is_(None)).order_by(certificates.c.row)
    return [RecordedCertificate(*row) for row in connection.execute(wanted)]


def last_crl(connection: Connection, issuer: str) -> RecordedCrl | None:
    """Return an issuer's CRL with the highest number."""
    row = connection.execute(_LAST_CRL, {"of": issuer}).first()
    if row is None:
        return None
    this_update, next_update = _instant(row.this_update), _instant(row.next_update)
    return RecordedCrl(row.issuer, row.number, this_update, next_update, row.change, row.entries, row.digest)


def crl_der(connection: Connection, crl: RecordedCrl) -> bytes:
    """Return the bytes of a CRL; empty when there is a newer one."""
    wanted = select(crls.c.crl).where(crls.c.issuer == crl.issuer, crls.c.number == crl.number)
    return connection.scalar(wanted) or b""


def record_crl(connection: Connection, crl: RecordedCrl, der: bytes) -> None:
    """Put a CRL on record, and let go of the bytes of those before it."""
    connection.execute(
        crls.insert().values(
            issuer=crl.issuer,
            number=crl.number,
            this_update=_seconds(crl.this_update),
            next_update=_seconds(crl.next_update),
            change=crl.change,
            entries=crl.entries,
            digest=crl.digest,
            crl=der,
        )
    )
    older = (crls.c.issuer == crl.issuer) & (crls.c.number < crl.number) & (func.length(crls.c.crl) > 0)
    connection.execute(crls.update().where(older).values(crl=b""))


def adopt_crl(connection: Connection, crl: RecordedCrl, der: bytes) -> None:
    """Put on record a CRL that was published by a later history of this record, in the place of one with its number."""
    same = (crls.c.issuer == crl.issuer) & (crls.c.number == crl.number)
    connection.execute(crls.delete().where(same))
    record_crl(connection, crl, der)


def _check_key(connection: Connection, key_digest: bytes, profile: str) -> None:
    used = certificates_of_key(connection, key_digest)
    if any(each != RENEWABLE or profile != RENEWABLE for _serial, each in used):
        raise KeyAlreadyCertified(key_digest.hex())


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
