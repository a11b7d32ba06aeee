"""What every permanent key of the zones must be, written by hand, and what a token says of one (attacks I3, §15.10)."""

from __future__ import annotations

import ctypes
from typing import Any

from pkcs11 import Attribute, AttributeSensitive, AttributeTypeInvalid, KeyType, Mechanism, ObjectClass

from hsm.attributes import MAPPER
from tests.support.tokens import MODULE

_COMMON = {"TOKEN": True, "LOCAL": True, "MODIFIABLE": False, "DESTROYABLE": True}
_SECRET = {
    "CLASS": ObjectClass.SECRET_KEY,
    "PRIVATE": True,
    "SENSITIVE": True,
    "ALWAYS_SENSITIVE": True,
    "EXTRACTABLE": False,
    "NEVER_EXTRACTABLE": True,
    "WRAP_WITH_TRUSTED": True,
    "ENCRYPT": False,
    "DECRYPT": False,
    "VERIFY": False,
    "DERIVE": False,
    "VALUE_LEN": 32,
    **_COMMON,
}
WRAP = {
    **_SECRET,
    "KEY_TYPE": KeyType.AES,
    "KEY_GEN_MECHANISM": Mechanism.AES_KEY_GEN,
    "ALLOWED_MECHANISMS": (Mechanism.AES_KEY_WRAP_PAD,),
    "TRUSTED": True,
    "WRAP": True,
    "UNWRAP": True,
    "SIGN": False,
    "COPYABLE": True,
}
MAC = {
    **_SECRET,
    "KEY_TYPE": KeyType.GENERIC_SECRET,
    "KEY_GEN_MECHANISM": Mechanism.GENERIC_SECRET_KEY_GEN,
    "ALLOWED_MECHANISMS": (Mechanism.SHA256_HMAC,),
    "TRUSTED": False,
    "WRAP": False,
    "UNWRAP": False,
    "SIGN": True,
    "COPYABLE": False,
}
PRIVATE = {
    "CLASS": ObjectClass.PRIVATE_KEY,
    "KEY_TYPE": KeyType.EC,
    "KEY_GEN_MECHANISM": Mechanism.EC_KEY_PAIR_GEN,
    "ALLOWED_MECHANISMS": (Mechanism.ECDSA,),
    "EC_PARAMS": bytes.fromhex("06082a8648ce3d030107"),
    "PRIVATE": True,
    "SENSITIVE": True,
    "ALWAYS_SENSITIVE": True,
    "EXTRACTABLE": False,
    "NEVER_EXTRACTABLE": True,
    "WRAP_WITH_TRUSTED": True,
    "ALWAYS_AUTHENTICATE": False,
    "SIGN": True,
    "SIGN_RECOVER": False,
    "DECRYPT": False,
    "UNWRAP": False,
    "DERIVE": False,
    "COPYABLE": False,
    **_COMMON,
}
PUBLIC = {
    "CLASS": ObjectClass.PUBLIC_KEY,
    "KEY_TYPE": KeyType.EC,
    "KEY_GEN_MECHANISM": Mechanism.EC_KEY_PAIR_GEN,
    "ALLOWED_MECHANISMS": (),
    "EC_PARAMS": bytes.fromhex("06082a8648ce3d030107"),
    "PRIVATE": False,
    "TRUSTED": False,
    "VERIFY": True,
    "VERIFY_RECOVER": False,
    "ENCRYPT": False,
    "WRAP": False,
    "DERIVE": False,
    "COPYABLE": False,
    **_COMMON,
}
_RSA = {"KEY_TYPE": KeyType.RSA, "KEY_GEN_MECHANISM": Mechanism.RSA_PKCS_KEY_PAIR_GEN, "EC_PARAMS": None}
RSA_PRIVATE = {**PRIVATE, **_RSA, "ALLOWED_MECHANISMS": (Mechanism.RSA_PKCS, Mechanism.RSA_PKCS_PSS)}
RSA_PUBLIC = {**PUBLIC, **_RSA, "MODULUS_BITS": 3072, "PUBLIC_EXPONENT": b"\x01\x00\x01"}
# What differs from token to token, and tells nothing of what a key may do.
_NAMES = {"LABEL", "ID", "SUBJECT", "START_DATE", "END_DATE", "CHECK_VALUE", "EC_POINT", "MODULUS"}
# A private exponent may not be told, and the public one stands beside it.
HIDDEN = {"VALUE", "PRIVATE_EXPONENT", "PRIME_1", "PRIME_2", "EXPONENT_1", "EXPONENT_2", "COEFFICIENT"}
UNWRAP_TEMPLATE = {
    Attribute.CLASS: (3).to_bytes(8, "little"),  # CKO_PRIVATE_KEY
    Attribute.TOKEN: b"\0",
    Attribute.PRIVATE: b"\1",
    Attribute.SENSITIVE: b"\1",
    Attribute.EXTRACTABLE: b"\0",
    Attribute.ALLOWED_MECHANISMS: b"".join(
        number.to_bytes(8, "little") for number in (Mechanism.RSA_PKCS, Mechanism.RSA_PKCS_PSS, Mechanism.ECDSA)
    ),
    Attribute.SIGN: b"\1",
    Attribute.SIGN_RECOVER: b"\0",
    Attribute.DECRYPT: b"\0",
    Attribute.UNWRAP: b"\0",
    Attribute.DERIVE: b"\0",
    Attribute.COPYABLE: b"\0",
    Attribute.MODIFIABLE: b"\0",
}


def must_be(table: dict[str, Any]) -> dict[str, Any]:
    """Return what `attributes()` must find: a value of None in a table means that the key has no such attribute."""
    return {name: value for name, value in table.items() if value is not None}


def attributes(key: Any) -> dict[str, Any]:
    """Return every attribute that the token tells of a key, but those that tell nothing of what it may do."""
    return {name: value for name, value in _read(key)[0].items() if name not in _NAMES}


def hidden(key: Any) -> set[str]:
    """Return the names of the attributes that the token keeps to itself."""
    return _read(key)[1]


def _read(key: Any) -> tuple[dict[str, Any], set[str]]:
    readable, kept = {}, set()
    unreadable = {Attribute.UNWRAP_TEMPLATE, Attribute.START_DATE, Attribute.END_DATE}  # by the binding
    for attribute in set(MAPPER.attribute_types) - unreadable:
        try:
            readable[attribute.name] = key[attribute]
        except AttributeSensitive:
            kept.add(attribute.name)
        except AttributeTypeInvalid:
            continue
    return readable, kept


class CkAttribute(ctypes.Structure):
    _fields_ = (("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("length", ctypes.c_ulong))


def read_unwrap_template(key: Any) -> dict[Attribute, bytes]:
    """Ask the token for the nested template, which the binding cannot: count, lengths, then values."""
    module = ctypes.CDLL(str(MODULE))

    def ask(outer: CkAttribute) -> None:
        session, handle = ctypes.c_ulong(key.session.handle), ctypes.c_ulong(key.handle)
        assert module.C_GetAttributeValue(session, handle, ctypes.byref(outer), ctypes.c_ulong(1)) == 0

    outer = CkAttribute(int(Attribute.UNWRAP_TEMPLATE), None, 0)
    ask(outer)
    inner = (CkAttribute * (outer.length // ctypes.sizeof(CkAttribute)))()
    outer.value = ctypes.cast(inner, ctypes.c_void_p)
    ask(outer)
    buffers = [ctypes.create_string_buffer(each.length) for each in inner]
    for each, buffer in zip(inner, buffers, strict=True):
        each.value = ctypes.cast(buffer, ctypes.c_void_p)
    ask(outer)
    return {Attribute(each.type): buffer.raw for each, buffer in zip(inner, buffers, strict=True)}
