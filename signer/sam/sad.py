"""Signature activation data: what a met factor gives, and all that a signing request needs besides what it wants signed.

A SAD is `sad_` and base64url of a 32-byte MAC followed by the canonical claims. The MAC is checked before a byte of the
claims is read (attack T15); the key is used for nothing else (I10). Source: EN 419 241-1 SRA_SAP.2.3.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from core import base64url
from core.canonical import decode, encode
from core.errors import Malformed
from hsm.ports import MacKey
from signer.sam.errors import SadInvalid

_PREFIX: Final = "sad_"
_DOMAIN: Final = "paraph sad v1"
_MAC: Final = 32
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class SadClaims:
    """What a SAD says: which transaction, exactly which content, whose, through whom, by which factors, until when."""

    transaction: str
    binding_digest: bytes  # SHA-256 of the transaction's canonical bytes
    signatory: str
    credential: str
    client: str
    factors: list[str]
    issued_at: datetime
    expires_at: datetime


class SadCodec:
    """Makes SADs and opens them."""

    def __init__(self, key: MacKey) -> None:
        self._key = key

    def make(self, claims: SadClaims) -> str:
        """Return the SAD for these claims."""
        body = encode(_DOMAIN, asdict(claims))
        return _PREFIX + base64url.encode(self._key.mac(body) + body)

    def open(self, sad: str) -> SadClaims:
        """Return the claims of a SAD that this SAM made.

        Raises:
            SadInvalid: wrong form or wrong MAC.
        """
        if len(sad) > _LONGEST or not sad.startswith(_PREFIX):
            raise SadInvalid("form")
        try:
            data = base64url.decode(sad.removeprefix(_PREFIX))
        except Malformed as error:
            raise SadInvalid("form") from error
        mac, body = data[:_MAC], data[_MAC:]
        if not hmac.compare_digest(self._key.mac(body), mac):
            raise SadInvalid("MAC")
        fields: dict[str, Any] = decode(_DOMAIN, body)
        return SadClaims(**fields)
