"""Acts that one administrator alone may not do: each a typed description with one canonical form.

What is proposed, shown, approved and carried out is the same struct; its canonical bytes are what the proposal's sealed
row holds and what both people's digest is of. A new act is a new struct here, and a guarded operation that redeems it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal, TypeAlias

import msgspec

from core.algorithms import HashAlgorithm
from core.canonical import decode, encode
from core.errors import Malformed, NotCanonical

_DOMAIN: Final = "paraph act v1"
_TAG: Final = "act"


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field=_TAG):
    """The base of every act. Fields are text, whole numbers, booleans, instants, bytes, None, or lists of these."""

    title: ClassVar[str] = ""  # what the act is, for people


class UseRoot(Act, frozen=True, tag="use-root"):
    """Use the root key for the root's list: to issue it anew, or to put an issuing CA on it."""

    title: ClassVar[str] = "Use of the root key"
    purpose: Literal["revoke-authority", "issue-root-list"]
    subject: str = ""  # serial number of the issuing CA's certificate that is revoked, 40 hexadecimal digits
    reason: str = ""  # of a revocation


class RotateIssuingKey(Act, frozen=True, tag="rotate-issuing-key"):
    """Make a new issuing key, have the root certify it, and have it take over."""

    title: ClassVar[str] = "Rotation of the issuing key"
    generation: int  # of the new issuing CA
    name: str  # its common name
    key: Literal["rsa-4096", "ec-p384"]
    days: int  # of its certificate's validity


class RevokeMany(Act, frozen=True, tag="revoke-many"):
    """Revoke many certificates for one reason."""

    title: ClassVar[str] = "Revocation of many certificates"
    serials: list[str]  # 40 hexadecimal digits each
    reason: str
    invalid_since: datetime | None = None


class CloseAuthority(Act, frozen=True, tag="close-authority"):
    """Issue the last revocation list of a generation of the issuing CA, after which that signs nothing any more."""

    title: ClassVar[str] = "End of an issuing CA"
    generation: int = 1


class Restore(Act, frozen=True, tag="restore"):
    """Put the state of a backup in the place of the present one."""

    title: ClassVar[str] = "Restore from a backup"
    backup: str  # SHA-256 of the backup file, hex
    made_at: datetime


class AddAdmin(Act, frozen=True, tag="add-admin"):
    """Invite one more administrator."""

    title: ClassVar[str] = "New administrator"
    name: str


class ResetAdmin(Act, frozen=True, tag="reset-admin"):
    """Invite an administrator anew: with another password and another TOTP secret."""

    title: ClassVar[str] = "New password and TOTP secret for an administrator"
    name: str


class DisableAdmin(Act, frozen=True, tag="disable-admin"):
    """Let an administrator do nothing any more."""

    title: ClassVar[str] = "End of an administrator"
    name: str


AnyAct: TypeAlias = (
    UseRoot | RotateIssuingKey | RevokeMany | CloseAuthority | Restore | AddAdmin | ResetAdmin | DisableAdmin
)


def canonical(act: AnyAct) -> bytes:
    """Return the one encoding of an act.

    Raises:
        NotCanonical: a field has a value that cannot be encoded.
    """
    fields: dict[str, Any] = msgspec.structs.asdict(act)
    return encode(_DOMAIN, {_TAG: act.__struct_config__.tag, **fields})


def read(data: bytes) -> AnyAct:
    """Return the act in its canonical bytes.

    Raises:
        Malformed: no act, or not in its canonical form.
    """
    try:
        act: AnyAct = msgspec.convert(decode(_DOMAIN, data), AnyAct, builtin_types=(bytes, datetime))
    except (msgspec.ValidationError, NotCanonical) as error:
        raise Malformed(f"no act: {error}") from error
    return act


def digest(act: AnyAct) -> str:
    """Return the SHA-256 of an act's canonical bytes, hex: what two people compare."""
    return HashAlgorithm.SHA256.new(canonical(act)).hexdigest()
