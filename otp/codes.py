"""The one-time code: eight digits that open exactly one transaction.

The HOTP secret is derived under an HSM key from the transaction's canonical bytes, so a code for one set of documents
opens no other and no database holds a secret (design §2.3). Eight digits, because six cannot stay below one forgery in
a million signatory-years however they are throttled (attacks §3.2).
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final

import pyotp

from core.canonical import encode
from core.factors import CodeMalformed
from hsm.ports import MacKey

DIGITS: Final = 8
_TYPED = re.compile(rf"[0-9]{{{DIGITS}}}")
_SEPARATORS = str.maketrans("", "", " -\u00a0")  # how phones and people group digits


def one_time_code(key: MacKey, binding: bytes, counter: int) -> str:
    """Return the code for a transaction: `binding` is its canonical bytes, `counter` rises when a new code is needed.

    Source: RFC 4226 §5.3, with a window of zero.
    """
    secret = key.mac(encode("paraph otp secret v1", {"binding": binding}))
    return pyotp.HOTP(base64.b32encode(secret).decode(), digits=DIGITS).at(counter)


def read_code(typed: str) -> str:
    """Return the eight digits that were typed; spaces and hyphens between them are ignored.

    Raises:
        CodeMalformed: anything but eight ASCII digits remains (other scripts' digits are not digits here).
    """
    code = typed[:64].translate(_SEPARATORS)
    if not _TYPED.fullmatch(code):
        raise CodeMalformed(f"{len(code)} characters")
    return code


def same_code(one: str, other: str) -> bool:
    """Return whether two codes are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
