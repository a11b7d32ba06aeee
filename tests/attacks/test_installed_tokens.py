"""The four tokens as `paraph init` leaves them: nothing on them but these keys, each exactly as it must be (I3 to I5).

The keys of signatories are tried in `test_token_attributes.py`, with everything that a holder of the PIN might do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import Mechanism, ObjectClass

from apps.init import TOKENS
from hsm.session import Token
from tests.support.instance import make_instance
from tests.support.key_attributes import (
    HIDDEN,
    MAC,
    PRIVATE,
    PUBLIC,
    UNWRAP_TEMPLATE,
    WRAP,
    attributes,
    hidden,
    must_be,
    read_unwrap_template,
)

pytestmark = pytest.mark.slow
P384 = {"EC_PARAMS": bytes.fromhex("06052b81040022")}  # the authorities' keys in installations of tests
PAIR, SECRET = (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY), (ObjectClass.SECRET_KEY,)
# Zone, label, what it is, and what differs from the tables.
KEYS: list[tuple[str, str, tuple[ObjectClass, ...], dict[str, Any]]] = [
    ("root", "root", PAIR, P384),
    ("ca", "issuing", PAIR, P384),
    ("ca", "list-signer", PAIR, {}),
    ("ca", "checkpoint", PAIR, {}),
    ("ca", "admins", SECRET, MAC),
    ("ca", "audit", SECRET, MAC),
    ("ca", "seal", SECRET, MAC),
    ("sam", "wrap", SECRET, WRAP),
    ("sam", "seal", SECRET, MAC),
    ("sam", "otp", SECRET, MAC),
    ("sam", "sad", SECRET, MAC),
    ("sam", "fingerprint", SECRET, MAC),
    ("sam", "evidence", SECRET, MAC),
    ("sam", "attest", PAIR, {}),
    ("sam", "checkpoint", PAIR, {}),
    ("status", "ocsp", PAIR, {}),
    ("status", "tsu", PAIR, {}),
]
OF_KIND = {ObjectClass.PRIVATE_KEY: PRIVATE, ObjectClass.PUBLIC_KEY: PUBLIC, ObjectClass.SECRET_KEY: {}}


@pytest.fixture(scope="module")
def installed():
    made = make_instance(start=False)
    yield made
    made.remove()


def keys_on(installed, zone: str) -> dict[tuple[str, ObjectClass], Any]:
    from pkcs11 import Attribute

    token = Token(installed.settings.zone_dir(zone), Path(installed.settings.sam.module), TOKENS[zone])
    found = list(token.session().get_objects({}))
    keys = {(key[Attribute.LABEL], key[Attribute.CLASS]): key for key in found}
    assert len(keys) == len(found)
    return keys


@pytest.mark.parametrize("zone", TOKENS)
def test_a_token_holds_these_keys_each_as_it_must_be_and_nothing_else__i3(installed, zone):
    wanted = {
        (label, kind): must_be({**OF_KIND[kind], **differs})
        for owner, label, kinds, differs in KEYS
        if owner == zone
        for kind in kinds
    }
    found = keys_on(installed, zone)
    assert {name: attributes(key) for name, key in found.items()} == wanted
    for (_label, kind), key in found.items():
        assert hidden(key) <= HIDDEN
        assert bool(hidden(key)) is (kind is not ObjectClass.PUBLIC_KEY)


def test_no_key_of_an_authority_or_of_the_service_can_ever_leave_its_token__i4():
    """What the tables say, said once more in one line for each rule."""
    for table in (MAC, WRAP, PRIVATE):
        assert (table["SENSITIVE"], table["EXTRACTABLE"], table["NEVER_EXTRACTABLE"]) == (True, False, True)
        assert (table["MODIFIABLE"], table["WRAP_WITH_TRUSTED"]) == (False, True)
    for table in (MAC, WRAP, PRIVATE, PUBLIC):
        assert not any(table.get(use, False) for use in ("DECRYPT", "ENCRYPT", "DERIVE", "SIGN_RECOVER"))
    assert not any(table["TRUSTED"] for table in (MAC, PUBLIC))


def test_the_installed_wrapping_key_gives_keys_back_as_its_template_says__i3(installed):
    assert read_unwrap_template(keys_on(installed, "sam")["wrap", ObjectClass.SECRET_KEY]) == UNWRAP_TEMPLATE


@pytest.mark.parametrize("zone", TOKENS)
def test_a_shipped_store_knows_no_raw_rsa_no_cipher_and_no_weak_hash__i5(installed, zone):
    line = re.search(
        r"(?m)^slots\.mechanisms = (.*)$", (installed.settings.zone_dir(zone) / "softhsm2.conf").read_text()
    )
    assert line is not None
    allowed = set(line[1].replace("CKM_", "").split(","))
    assert {"ECDSA", "SHA256_HMAC", "AES_KEY_WRAP_PAD"} <= allowed
    assert not {Mechanism.RSA_X_509.name, Mechanism.AES_ECB.name, Mechanism.AES_CBC_PAD.name} & allowed
    assert not [each for each in allowed if "MD5" in each or "SHA_1" in each or "SHA1" in each or "DES" in each]
