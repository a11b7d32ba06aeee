"""Finding a permanent key: exactly one of its label, with exactly the attributes it must have (attacks I3, I9)."""

from __future__ import annotations

from typing import Any

from pkcs11 import Attribute, ObjectClass
from pkcs11 import exceptions as ck

from hsm.errors import KeyAttributesWrong, KeyNotFound
from hsm.mechanisms import Attributes


def find_key(session: Any, object_class: ObjectClass, label: str, expected: Attributes) -> Any:
    """Return the handle of the one key with this label.

    Raises:
        KeyNotFound: there is none, or more than one.
        KeyAttributesWrong: it has other attributes than `expected`; the detail names one.
    """
    found = list(session.get_objects({Attribute.CLASS: object_class, Attribute.LABEL: label}))
    if len(found) != 1:
        raise KeyNotFound(f"{label}: {len(found)} keys of this label")
    check_attributes(found[0], label, expected)
    return found[0]


def check_attributes(key: Any, label: str, expected: Attributes) -> None:
    """Read back a key's attributes.

    Raises:
        KeyAttributesWrong: one is not as expected.
    """
    for attribute, value in expected.items():
        try:
            actual = key[attribute]
        except ck.AttributeTypeInvalid:
            actual = None
        if actual != value:
            raise KeyAttributesWrong(f"{label}: {attribute.name} is {actual}, must be {value}")


def check_free(session: Any, label: str) -> None:
    """Check that no object has this label yet.

    Raises:
        KeyNotFound: one has; a second would make look-ups ambiguous.
    """
    if list(session.get_objects({Attribute.LABEL: label})):
        raise KeyNotFound(f"{label}: the label is taken")
