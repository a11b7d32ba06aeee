"""The `ca` zone's database: what was issued, and every CRL.

A row tells nothing that its signed object does not tell better: summaries are read from the certificate itself, whose
signature is checked first, so a row written or changed by another hand is refused (attack D9). Instants are seconds
since 1970, UTC, as certificates have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, MetaData, Table, Text, func, select
from sqlalchemy.exc import IntegrityError

from ca.protocol import CertificateUnknown, KeyAlreadyCertified
from core.errors import ClockInDoubt

metadata: Final = MetaData()

certificates: Final = Table(
    "certificates",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),  # 40 hexadecimal digits
    Column("key_digest", LargeBinary, nullable=False),  # SHA-256 of the SubjectPublicKeyInfo
    Column("not_before", Integer, nullable=False),
    Column("credential", Text, nullable=False),  # the SAM's name for it: how a certificate is found after a crash
    Column("profile", Text, nullable=False),
    Column("attestation", LargeBinary, nullable=False),  # why it was issued: the SAM's signed word, MessagePack
    Column("tbs", LargeBinary, nullable=False),  # what was about to be signed
    Column("certificate", LargeBinary),  # DER; NULL: the key may have been used, but nothing was handed out
    sqlite_strict=True,
)
Index(
    "one_certificate_for_a_key",
    certificates.c.key_digest,
    unique=True,
    sqlite_where=certificates.c.certificate.is_not(None),
)

crls: Final = Table(
    "crls",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("this_update", Integer, nullable=False),
    Column("crl", LargeBinary, nullable=False),  # DER
    sqlite_strict=True,
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
    attestation: bytes
    tbs: bytes


@dataclass(frozen=True, slots=True)
class RecordedCertificate:
    """A certificate on record."""

    serial: str
    profile: str
    certificate_der: bytes


@dataclass(frozen=True, slots=True)
class RecordedCrl:
    """A CRL on record."""

    number: int
    this_update: datetime
    crl_der: bytes


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
    latest = connection.scalar(select(func.max(certificates.c.not_before)))
    if latest is not None and intent.not_before + _STEP < _instant(latest):
        raise ClockInDoubt(f"{intent.not_before} is before the last certificate")
    same_key = certificates.c.key_digest == intent.key_digest
    if connection.scalar(select(certificates.c.row).where(same_key, certificates.c.certificate.is_not(None))):
        raise KeyAlreadyCertified(intent.key_digest.hex())
    connection.execute(
        certificates.insert().values(
            serial=serial_text(intent.serial),
            key_digest=intent.key_digest,
            not_before=_seconds(intent.not_before),
            credential=intent.credential,
            profile=intent.profile,
            attestation=intent.attestation,
            tbs=intent.tbs,
        )
    )


def record(connection: Connection, serial: int, certificate_der: bytes) -> None:
    """Put the signed certificate on record; from then on it may be handed out.

    Raises:
        KeyAlreadyCertified: another process was faster with the same key; this certificate is dropped.
    """
    row = certificates.c.serial == serial_text(serial)
    try:
        connection.execute(certificates.update().where(row).values(certificate=certificate_der))
    except IntegrityError as error:
        raise KeyAlreadyCertified(serial_text(serial)) from error


def certificate(connection: Connection, serial: int) -> RecordedCertificate:
    """Return the certificate with this serial number.

    Raises:
        CertificateUnknown: none was handed out.
    """
    columns = (certificates.c.serial, certificates.c.profile, certificates.c.certificate)
    handed_out = certificates.c.certificate.is_not(None)
    row = connection.execute(select(*columns).where(certificates.c.serial == serial_text(serial), handed_out)).first()
    if row is None:
        raise CertificateUnknown(serial_text(serial))
    return RecordedCertificate(row.serial, row.profile, row.certificate)


def newest_certificates(connection: Connection, limit: int, after: int | None) -> list[RecordedCertificate]:
    """Return at most `limit` certificates, newest first, beginning behind the one with serial number `after`."""
    columns = (certificates.c.serial, certificates.c.profile, certificates.c.certificate)
    wanted = select(*columns).where(certificates.c.certificate.is_not(None))
    if after is not None:
        last = select(certificates.c.row).where(certificates.c.serial == serial_text(after)).scalar_subquery()
        wanted = wanted.where(certificates.c.row < last)
    rows = connection.execute(wanted.order_by(certificates.c.row.desc()).limit(limit))
    return [RecordedCertificate(row.serial, row.profile, row.certificate) for row in rows]


def last_crl(connection: Connection) -> RecordedCrl | None:
    """Return the CRL with the highest number."""
    row = connection.execute(select(crls).order_by(crls.c.number.desc()).limit(1)).first()
    return None if row is None else RecordedCrl(row.number, _instant(row.this_update), row.crl)


def record_crl(connection: Connection, crl: RecordedCrl) -> None:
    """Put a CRL on record."""
    values = {"number": crl.number, "this_update": _seconds(crl.this_update), "crl": crl.crl_der}
    connection.execute(crls.insert().values(values))


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
