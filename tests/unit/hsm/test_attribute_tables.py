"""The frozen attribute tables and how they are packed, without a token."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from pkcs11 import Attribute, AttributeSensitive, AttributeTypeInvalid, GeneralError, Mechanism, ObjectClass
from pkcs11 import KeyType as Ckk

from core.algorithms import KeyType
from hsm import mechanisms
from hsm.attributes import MAPPER, compare, read
from hsm.errors import KeyAttributesWrong

_MADE = {
    "wrap": {**mechanisms.WRAPPING_KEY_DRAFT, **mechanisms.WRAPPING_KEY_KEPT},
    "mac": mechanisms.MAC_KEY_MADE,
    "unwrapped": mechanisms.UNWRAPPED_KEY,
    **{f"private {each.value}": mechanisms.private_key_made(each) for each in KeyType},
}
_USES = ("ENCRYPT", "DECRYPT", "SIGN", "SIGN_RECOVER", "VERIFY", "WRAP", "UNWRAP", "DERIVE")


@pytest.mark.parametrize("kind", list(_MADE))
def test_every_key_does_one_thing_and_never_leaves__i3(kind):
    table = _MADE[kind]
    uses = {use for use in _USES if table.get(Attribute[use])}
    assert uses == ({"WRAP", "UNWRAP"} if kind == "wrap" else {"SIGN"})
    assert table[Attribute.SENSITIVE] is True
    assert table[Attribute.EXTRACTABLE] is False
    assert table[Attribute.MODIFIABLE] is False
    assert table[Attribute.PRIVATE] is True
    assert table[Attribute.ALLOWED_MECHANISMS]


@pytest.mark.parametrize("key_type", list(KeyType))
def test_a_signatorys_key_can_be_wrapped_by_a_trusted_key_only__i4(key_type):
    table = mechanisms.signatory_key_made(key_type)
    assert table[Attribute.EXTRACTABLE] is True
    assert table[Attribute.WRAP_WITH_TRUSTED] is True
    assert table[Attribute.SENSITIVE] is True
    assert table[Attribute.TOKEN] is False


def test_modifiable_stands_last_because_softhsm_lets_nothing_follow_it():
    for table in (mechanisms.UNWRAPPED_KEY, mechanisms.WRAPPING_KEY_KEPT):
        assert list(table)[-1] is Attribute.MODIFIABLE


def test_what_is_read_back_covers_what_was_asked_for():
    for key_type in KeyType:
        assert set(mechanisms.private_key_made(key_type)) < set(mechanisms.private_key_found(key_type))
        assert set(mechanisms.public_key_made(key_type)) < set(mechanisms.public_key_found(key_type))
    asked = set(mechanisms.WRAPPING_KEY_DRAFT) - {Attribute.UNWRAP_TEMPLATE}  # tried, since it cannot be read
    assert asked < set(mechanisms.WRAPPING_KEY_FOUND)


def test_the_shipped_store_allows_every_mechanism_of_the_tables_and_no_more():
    text = Path("softhsm.conf").read_text(encoding="utf-8")
    (listed,) = re.findall(r"(?m)^slots\.mechanisms = (.*)$", text)
    needed = {*mechanisms.UNWRAPPED_MECHANISMS, mechanisms.MAC_MECHANISM, mechanisms.WRAP_MECHANISM}
    needed |= {Mechanism.AES_KEY_GEN, Mechanism.GENERIC_SECRET_KEY_GEN}
    needed |= {Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.EC_KEY_PAIR_GEN}
    assert {name.removeprefix("CKM_") for name in listed.split(",")} == {each.name for each in needed}


def test_the_binding_adds_no_attribute_of_its_own():
    named = {"capabilities": 0xFFFFFFFF, "id_": b"", "label": "x", "store": True}
    for template in (MAPPER.public_key_template, MAPPER.private_key_template, MAPPER.secret_key_template):
        assert template(**named) == {}
    base = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: Ckk.EC}
    assert MAPPER.generic_key_template(base, **named) == base


def test_a_list_of_mechanisms_packs_and_unpacks():
    packed = MAPPER.pack_attribute(Attribute.ALLOWED_MECHANISMS, (Mechanism.RSA_PKCS_PSS, Mechanism.RSA_PKCS))
    assert MAPPER.unpack_attributes(Attribute.ALLOWED_MECHANISMS, packed) == mechanisms.RSA_MECHANISMS


def test_a_nested_template_is_type_address_and_length_of_each_and_addresses_stay():
    first = MAPPER.pack_attribute(Attribute.UNWRAP_TEMPLATE, mechanisms.UNWRAPPED_KEY)
    assert first == MAPPER.pack_attribute(Attribute.UNWRAP_TEMPLATE, mechanisms.UNWRAPPED_KEY)
    entries = list(struct.iter_unpack("@LPL", first))
    assert [kind for kind, _, _ in entries] == list(mechanisms.UNWRAPPED_KEY)
    assert [length for _, _, length in entries] == [
        len(MAPPER.pack_attribute(key, value)) for key, value in mechanisms.UNWRAPPED_KEY.items()
    ]


def test_a_nested_template_is_not_read_through_the_binding():
    with pytest.raises(KeyAttributesWrong):
        MAPPER.unpack_attributes(Attribute.UNWRAP_TEMPLATE, bytes(24))


class Key(dict):
    """A key that fails to tell some attributes."""

    def __missing__(self, attribute):
        raise {
            Attribute.VALUE: AttributeSensitive,
            Attribute.TRUSTED: AttributeTypeInvalid,
        }.get(attribute, GeneralError)


def test_an_attribute_that_differs_or_is_not_told_makes_the_key_wrong():
    compare(Key({Attribute.SIGN: True}), {Attribute.SIGN: True}, "key")
    with pytest.raises(KeyAttributesWrong, match="key: SIGN is True, not False"):
        compare(Key({Attribute.SIGN: True}), {Attribute.SIGN: False}, "key")
    with pytest.raises(KeyAttributesWrong, match="TRUSTED is None"):
        compare(Key(), {Attribute.TRUSTED: True}, "key")
    assert read(Key(), Attribute.VALUE) is None


def test_a_token_that_does_not_answer_is_not_taken_for_a_wrong_key():
    with pytest.raises(GeneralError):
        compare(Key(), {Attribute.SIGN: True}, "key")
