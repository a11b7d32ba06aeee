"""What is derived for administrators under a key of the token, so that no database holds a secret of theirs.

Each derivation has a label of its own. With a dump of the database nobody can try passwords or codes (attack D13): the
TOTP secret is a MAC over the administrator's name and enrolment, and the password is hashed (Argon2id, RFC 9106) only
after it went through a MAC.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final, Literal

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ca.control_tables import Admin
from core.canonical import Value, encode
from hsm.ports import MacKey

HASHER: Final = PasswordHasher()  # Argon2id with the parameters of RFC 9106 §4, second choice
STEP_SECONDS: Final = 30  # RFC 6238 §4.1
_DRIFT: Final = 1  # steps that a phone's clock may be off (RFC 6238 §5.2)
_HALF_BYTES: Final = 10  # 80 bits: nobody guesses half an invitation
# Of a password nobody has: what an unknown name is judged against.
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$u51+T/P8Yhw6q5K2LGLsDA$4NqyMabKBZKS7xOLvbpUT0YBkvPWsqCE9mrkrQXiVCc"

Half = Literal["first", "second"]


class AdminSecrets:
    """Derives and compares the secrets of administrators under one MAC key of the token."""

    def __init__(self, key: MacKey, issuer: str, hasher: PasswordHasher) -> None:
        self._key = key
        self._issuer = issuer
        self._hasher = hasher

    def password_hash(self, name: str, enrolment: bytes, password: str) -> str:
        """Return what the record keeps of a password."""
        return self._hasher.hash(self._peppered(name, enrolment, password))

    def has_password(self, admin: Admin | None, password: str) -> bool:
        """Return whether this is the password; it takes the same time when there is no such administrator."""
        name, enrolment = (admin.name, admin.enrolment) if admin else ("", b"")
        kept = admin.password_hash if admin and admin.password_hash else _NOBODY
        try:
            return self._hasher.verify(kept, self._peppered(name, enrolment, password))
        except (VerificationError, InvalidHashError):
            return False

    def step_of(self, admin: Admin, code: str, step: int) -> int | None:
        """Return the time step, near the present one, whose code this is; None when it is of none (RFC 6238 §5.2)."""
        generator = pyotp.HOTP(self._totp_secret(admin))
        near = range(step - _DRIFT, step + _DRIFT + 1)
        right = [each for each in near if hmac.compare_digest(generator.at(each).encode(), code.encode())]
        return max(right, default=None)

    def totp(self, admin: Admin) -> tuple[str, str]:
        """Return an administrator's TOTP secret in base32, and the same as an `otpauth` address for an app."""
        secret = self._totp_secret(admin)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=admin.name, issuer_name=self._issuer)

    def half(self, invitation: str, half: Half) -> str:
        """Return one half of an invitation's code: four groups of four letters and digits."""
        mac = self._key.mac(encode("paraph invitation v1", {"invitation": invitation, "half": half}))
        text = base64.b32encode(mac[:_HALF_BYTES]).decode()
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def is_half(self, invitation: str, half: Half, typed: str) -> bool:
        """Return whether what was typed is this half; case, blanks and hyphens do not matter."""
        plain = "".join(each for each in typed.upper() if each.isalnum())
        return hmac.compare_digest(self.half(invitation, half).replace("-", "").encode(), plain.encode())

    def _peppered(self, name: str, enrolment: bytes, password: str) -> bytes:
        fields: dict[str, Value] = {"name": name, "enrolment": enrolment, "password": password}
        return self._key.mac(encode("paraph admin password v1", fields)).hex().encode()

    def _totp_secret(self, admin: Admin) -> str:
        mac = self._key.mac(encode("paraph admin totp v1", {"name": admin.name, "enrolment": admin.enrolment}))
        return base64.b32encode(mac[:20]).decode()  # 160 bits: RFC 4226 §4, R6
