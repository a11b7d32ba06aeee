"""The authority's audit log: a chained log under the token's key "audit", and the record held against it.

A row is written in the transaction that does what it tells: that a certificate is about to be signed, that it was, each
change of a status, each revocation list (EN 319 401 §7.10; EN 319 411-1 §6.4.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from ca import tables
from ca.control_tables import admins, proposals
from ca.protocol import AuditBroken
from ca.statuses import statuses
from ca.succession import successions
from ca.tables import metadata
from core.algorithms import HashAlgorithm
from core.canonical import Value
from hsm.ports import MacKey
from storage.chain import Chain, chain_table

log: Final = chain_table("audit", metadata)

ABOUT_TO_SIGN: Final = "certificate about to be signed"  # serial, profile, credential, key, tbs
ISSUED: Final = "certificate issued"  # serial, certificate
STATUS: Final = "status changed"  # serial, change, status, reason, by
CRL: Final = "revocation list issued"  # issuer, number, change, entries, crl
BACKED_UP: Final = "backup made and proved"  # backup, digest, made_at
ROOT_LIST: Final = "root's list issued"  # number, list, by
CERTIFIES: Final = "root about to certify an issuing CA"  # generation, tbs, by
SUCCESSION: Final = "issuing CA took over"  # generation, issuer, by
# Of administrators and proposals: their name and the version of their record, then what else is told.
SIGN_IN_COUNTED: Final = "admin sign-in counted"
SIGN_IN_REFUSED: Final = "admin sign-in refused"  # no version
SIGNED_IN: Final = "admin signed in"
ADMIN_INVITED: Final = "admin invited"
ADMIN_ENROLLED: Final = "admin enrolled"
ENROLMENT_REFUSED: Final = "admin enrolment refused"  # no version
ADMIN_DISABLED: Final = "admin disabled"
PROPOSED: Final = "act proposed"  # by, act
APPROVED: Final = "act approved"  # by
REJECTED: Final = "act rejected"  # by, why
BEGUN: Final = "act begun"  # by
DONE: Final = "act done"  # by, outcome
ACT_REFUSED: Final = "act refused"  # by, wanted, about, error; no version


def digest(data: bytes) -> bytes:
    """Return what a row says of an object: its SHA-256."""
    return HashAlgorithm.SHA256.new(data).digest()


@dataclass(slots=True)
class _Told:
    """What the log says there is; each with the number of its row."""

    certificates: dict[Value, tuple[int, Value]] = field(default_factory=dict)  # serial → row, digest
    changes: dict[int, int] = field(default_factory=dict)
    crls: dict[Value, tuple[int, Value, Value]] = field(default_factory=dict)  # issuer → row, number, digest
    succession: tuple[int, Value, Value] = (0, 0, "")  # row, generation, issuer
    control: dict[tuple[str, Value], tuple[int, Value]] = field(default_factory=dict)  # table, name → row, version


class Audit(Chain):
    """Appends to the log and verifies it."""

    def __init__(self, key: MacKey) -> None:
        super().__init__(log, "audit", key.mac, AuditBroken)

    def verify_with_record(self, connection: Connection) -> tuple[int, bytes]:
        """Return the number of rows and the last link, after checking every row, and that the record says the same.

        Raises:
            AuditBroken: the first row that is altered, missing or out of order, or that the record contradicts.
        """
        told = _told(self.rows(connection))
        rows, head = self.head(connection)
        _check_certificates(connection, told, rows)
        _check_changes(connection, told, rows)
        _check_lists(connection, told, rows)
        _check_succession(connection, told, rows)
        _check_control(connection, told, rows)
        return rows, head


def _told(rows: Iterator[tuple[int, dict[str, Value]]]) -> _Told:
    told = _Told()
    for number, row in rows:
        if row["event"] == ISSUED:
            told.certificates[row["serial"]] = (number, row["certificate"])
        elif row["event"] == STATUS and isinstance(row["change"], int):
            told.changes[row["change"]] = number
        elif row["event"] == CRL:
            told.crls[row["issuer"]] = (number, row["number"], row["crl"])
        elif row["event"] == SUCCESSION:
            told.succession = (number, row["generation"], row["issuer"])
        elif "version" in row:
            table = proposals if "proposal" in row else admins
            told.control[table.name, row["proposal" if table is proposals else "admin"]] = (number, row["version"])
    return told


def _check_certificates(connection: Connection, told: _Told, rows: int) -> None:
    columns = tables.certificates.c
    for serial, der in connection.execute(
        select(columns.serial, columns.certificate).where(columns.certificate.is_not(None)).order_by(columns.row)
    ):
        row, digest_told = told.certificates.pop(serial, (rows + 1, None))
        if digest(der) != digest_told:
            raise AuditBroken(row, f"the record has another certificate than the log, or one more: {serial!s}")
    for row, _digest in told.certificates.values():
        raise AuditBroken(row, "the record lacks a certificate that was issued")


def _check_changes(connection: Connection, told: _Told, rows: int) -> None:
    on_record = set(connection.scalars(select(statuses.c.change)))
    if extra := on_record - told.changes.keys():
        raise AuditBroken(rows + 1, f"the record has a change {min(extra)} that the log does not know")
    for change, row in told.changes.items():
        if change not in on_record:
            raise AuditBroken(row, f"the record lacks change {change}")


def _check_lists(connection: Connection, told: _Told, rows: int) -> None:
    for issuer in set(connection.scalars(select(tables.crls.c.issuer))) | told.crls.keys():
        row, *expected = told.crls.get(issuer, (rows + 1, None, None))
        last = tables.last_crl(connection, str(issuer))
        if last is None or [last.number, last.digest] != expected:
            raise AuditBroken(row, "the record has another revocation list")


def _check_succession(connection: Connection, told: _Told, rows: int) -> None:
    columns = successions.c
    last = connection.execute(select(columns.generation, columns.issuer).order_by(columns.generation.desc())).first()
    if (tuple(last) if last else (0, "")) != told.succession[1:]:
        raise AuditBroken(told.succession[0] or rows + 1, "the record says that another CA issues")


def _check_control(connection: Connection, told: _Told, rows: int) -> None:
    for table in (admins, proposals):
        (key,) = table.primary_key.columns
        for name, version in connection.execute(select(key, table.c.version)):
            row, version_told = told.control.pop((table.name, name), (rows + 1, 0))
            if version != version_told:
                raise AuditBroken(row, f"the record has another version of {name!s} in {table.name}")
    for (table_name, name), (row, _version) in told.control.items():
        raise AuditBroken(row, f"the record lacks {name!s} in {table_name}")
