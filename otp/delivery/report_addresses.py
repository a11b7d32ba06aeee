"""The addresses at which a gateway reports what became of a message: one for each sending, and not to be guessed.

An address names gateway, message and time of sending under a MAC, so that a report is believed only from whoever was
given that address; knowing one helps with no other (attack Y3). The message's name in it says nothing of transaction,
person or code.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core import base64url
from core.canonical import Value, encode
from core.errors import DomainError
from core.secret import Secret

SECRET_BYTES: Final = 32
_NAME_BYTES: Final = 15
_PARTS: Final = 4
_LONGEST: Final = 200
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


class ReportForged(DomainError):
    """A report at an address that we did not give to any gateway."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What an address says of the message it is for."""

    gateway: str
    message: str
    sent_at: datetime


class ReportAddresses:
    """Makes addresses under `base_url`, and knows them again."""

    def __init__(self, secret: Secret, base_url: str) -> None:
        self._secret = secret
        self._base_url = base_url.rstrip("/")

    def of(self, gateway: str, reference: str, sent_at: datetime) -> str:
        """Return the address for one sending of a message."""
        message = base64url.encode(self._mac("paraph sms message v1", {"reference": reference})[:_NAME_BYTES])
        sent = int(sent_at.timestamp())
        return f"{self._base_url}/{gateway}/{message}/{sent}/{self._proof(gateway, message, sent)}"

    def read(self, path: str) -> SentMessage:
        """Return what the last four parts of a path say; a proxy may have put others before them.

        Raises:
            ReportForged: no address of ours.
        """
        parts = path[-_LONGEST:].split("/")[-_PARTS:]
        if len(parts) != _PARTS or not path.isascii():
            raise ReportForged("form")
        gateway, message, sent, proof = parts
        if not _SECONDS.fullmatch(sent):
            raise ReportForged("time")
        if not hmac.compare_digest(proof.encode(), self._proof(gateway, message, int(sent)).encode()):
            raise ReportForged("proof")
        return SentMessage(gateway, message, datetime.fromtimestamp(int(sent), UTC))

    def _proof(self, gateway: str, message: str, sent: int) -> str:
        fields: dict[str, Value] = {"gateway": gateway, "message": message, "sent": sent}
        return base64url.encode(self._mac("paraph sms report v1", fields))

    def _mac(self, domain: str, fields: dict[str, Value]) -> bytes:
        return hmac.digest(self._secret.reveal(), encode(domain, fields), "sha256")
