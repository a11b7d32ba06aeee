"""Attribute lists as PKCS#11 wants them: nothing added by the binding, arrays of attributes included.

`python-pkcs11` adds attributes of its own to every template (among them DECRYPT for a wrapping key, attack I3) and
cannot write the two attributes whose values are arrays. Through this mapper exactly the tables of `hsm.mechanisms`
reach the token.
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Any

from pkcs11 import Attribute, Mechanism, PKCS11Error
from pkcs11.attributes import AttributeMapper

from hsm.errors import KeyAttributesWrong

if TYPE_CHECKING:
    from collections.abc import Mapping

Template = dict[Attribute, Any]

# CK_ATTRIBUTE carries an address, so values must stay where they are: kept for the life of the process, few and constant.
_BUFFERS: dict[bytes, array[int]] = {}


class ExactMapper(AttributeMapper):
    """Sends what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.register_handler(Attribute.ALLOWED_MECHANISMS, _pack_mechanisms, _unpack_mechanisms)
        self.register_handler(Attribute.UNWRAP_TEMPLATE, self._pack_template, _refuse_to_read)

    def public_key_template(self, **_defaults: Any) -> Template:
        """Return no attributes: ours are complete."""
        return {}

    def private_key_template(self, **_defaults: Any) -> Template:
        """Return no attributes: ours are complete."""
        return {}

    def secret_key_template(self, **_defaults: Any) -> Template:
        """Return no attributes: ours are complete."""
        return {}

    def generic_key_template(self, base_template: Template, **_defaults: Any) -> Template:
        """Return class and type of a key to be unwrapped, without capabilities of the binding's choice."""
        return dict(base_template)

    def _pack_template(self, template: Mapping[Attribute, Any]) -> bytes:
        """Return an array of CK_ATTRIBUTE: type, address of the value, its length."""
        packed = ((key, self.pack_attribute(key, value)) for key, value in template.items())
        return b"".join(struct.pack("@LPL", key, _address(value), len(value)) for key, value in packed)


def _address(value: bytes) -> int:
    buffer = _BUFFERS.setdefault(value, array("B", value))
    return buffer.buffer_info()[0]


def _pack_mechanisms(mechanisms: tuple[Mechanism, ...]) -> bytes:
    return struct.pack(f"@{len(mechanisms)}L", *sorted(mechanisms))


def _unpack_mechanisms(value: bytes) -> tuple[int, ...]:
    return tuple(sorted(number for (number,) in struct.iter_unpack("@L", value)))


def _refuse_to_read(value: bytes) -> Any:
    # The binding leaves the inner addresses unset, and SoftHSM writes to them: reading crashes. It is tried instead
    # (hsm.wrapping), which proves more.
    raise KeyAttributesWrong(f"an attribute template of {len(value)} bytes cannot be read")


MAPPER = ExactMapper()


def compare(key: Any, expected: Mapping[Attribute, Any], name: str) -> None:
    """Read each attribute of a key back from the token and compare it with the frozen table.

    Raises:
        KeyAttributesWrong: one differs, or cannot be read.
        PKCS11Error: the token does not answer.
    """
    for attribute, value in expected.items():
        found = read(key, attribute)
        if found != value:
            raise KeyAttributesWrong(f"{name}: {attribute.name} is {found!r}, not {value!r}")


def read(key: Any, attribute: Attribute) -> Any:
    """Return an attribute's value, None where the token does not tell it.

    Raises:
        PKCS11Error: the token does not answer.
    """
    try:
        return key[attribute]
    except PKCS11Error as error:
        if type(error).__name__ in {"AttributeTypeInvalid", "AttributeSensitive"}:
            return None
        raise
