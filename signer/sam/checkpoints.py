"""Signed checkpoints of the evidence, kept outside the database: who can write the log cannot cut what a checkpoint saw.

One line of JSON for each: rows, link, time, and the attestation key's signature over them (attack D8). A line is added
when enough rows or enough time passed since the last. They are not time-stamped yet: no authority of ours stamps so far.
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.canonical import encode
from core.types import Dtbsr
from hsm.ports import SigningKey
from signer.sam.errors import EvidenceBroken
from signer.sam.evidence import Evidence
from storage.engine import Database

_ROWS: Final = 1000
_SPAN: Final = timedelta(hours=1)


class Checkpoints:
    """Writes and checks the file of checkpoints."""

    def __init__(self, path: Path, key: SigningKey, evidence: Evidence, database: Database) -> None:
        self._path = path
        self._key = key
        self._evidence = evidence
        self._database = database
        self._next_row = 0
        self._next_time: datetime | None = None

    def write_if_due(self, now: datetime) -> None:
        """Add a checkpoint when the log grew by a thousand rows, or an hour passed, since this process wrote one."""
        with self._database.reading() as connection:
            rows, link = self._evidence.head(connection)
        if rows == 0 or (self._next_time is not None and now < self._next_time and rows < self._next_row):
            return
        signature = self._key.sign(_digest(rows, link, now), SignatureAlgorithm.ECDSA_SHA256)
        line = {"rows": rows, "link": link.hex(), "at": now.isoformat(), "signature": signature.hex()}
        with self._path.open("a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")
        self._next_row, self._next_time = rows + _ROWS, now + _SPAN

    def verify(self) -> None:
        """Check every checkpoint against the log.

        Raises:
            EvidenceBroken: a signature does not verify, or the log no longer has the row that a checkpoint saw.
        """
        if not self._path.exists():
            return
        public_key = load_der_public_key(self._key.public_key_der)
        if not isinstance(public_key, ec.EllipticCurvePublicKey):
            raise TypeError("the attestation key is an EC key")
        with self._database.reading() as connection:
            for line in self._path.read_text(encoding="ascii").splitlines():
                point = json.loads(line)
                rows, link = point["rows"], bytes.fromhex(point["link"])
                _check_signature(public_key, point)
                if not hmac.compare_digest(self._evidence.link_of(connection, rows) or b"", link):
                    raise EvidenceBroken(rows, "cut or rewritten since a checkpoint")


def _check_signature(public_key: ec.EllipticCurvePublicKey, point: dict[str, str]) -> None:
    body = _body(int(point["rows"]), bytes.fromhex(point["link"]), datetime.fromisoformat(point["at"]))
    try:
        public_key.verify(bytes.fromhex(point["signature"]), body, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise EvidenceBroken(int(point["rows"]), "a checkpoint's signature does not verify") from None


def _body(rows: int, link: bytes, at: datetime) -> bytes:
    return encode("paraph evidence checkpoint v1", {"rows": rows, "link": link, "at": at})


def _digest(rows: int, link: bytes, at: datetime) -> Dtbsr:
    return Dtbsr(HashAlgorithm.SHA256, HashAlgorithm.SHA256.new(_body(rows, link, at)).digest())
