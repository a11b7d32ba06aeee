"""Somebody with a zone's PIN and tools of his own tries to get keys out, or to have them used for something else.

Attacks I3 to I6, I9 and D10. The token here allows every mechanism of SoftHSM, so that what refuses is the key and not
the shipped list of mechanisms; that list is tried at the end. Each refusal has its reason and a twin that succeeds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import (
    Attribute,
    AttributeReadOnly,
    AttributeSensitive,
    KeyNotWrappable,
    KeyType,
    KeyUnextractable,
    Mechanism,
    MechanismInvalid,
    ObjectClass,
    PKCS11Error,
    TemplateInconsistent,
    _pkcs11,
)

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.algorithms import KeyType as OurKeyType
from core.errors import MalformedDigest
from core.types import DocumentDigest, Dtbsr
from hsm import mechanisms, wrapping
from hsm.errors import (
    AlgorithmMismatch,
    HsmError,
    KeyAttributesWrong,
    KeyNotUnique,
    UnwrapRefused,
    WrongWrappingKey,
)
from hsm.keys import TokenMacKey, TokenSigningKey, generate_key_pair, generate_mac_key
from hsm.ports import WrappedKey
from hsm.public_keys import verify
from hsm.wrapping import TokenVault
from tests.support.key_attributes import (
    HIDDEN,
    MAC,
    PRIVATE,
    PUBLIC,
    RSA_PRIVATE,
    RSA_PUBLIC,
    UNWRAP_TEMPLATE,
    WRAP,
    attributes,
    hidden,
    must_be,
    read_unwrap_template,
)
from tests.support.tokens import MAC_LABELS, TEMPLATE, make_token, sam_token

NOT_PERMITTED = "0x68"  # CKR_KEY_FUNCTION_NOT_PERMITTED, which the binding does not name
PROHIBITED = "0x1b"  # CKR_ACTION_PROHIBITED, likewise
P256 = OurKeyType.EC_P256
DTBSR = Dtbsr(HashAlgorithm.SHA256, bytes(range(32)))
ES256 = SignatureAlgorithm.ECDSA_SHA256

# --- what the tokens below hold -------------------------------------------------------------------------------------

KEYS = {
    ("sam", "wrap", ObjectClass.SECRET_KEY): WRAP,
    **{("sam", label, ObjectClass.SECRET_KEY): MAC for label in MAC_LABELS},
    ("sam", "attest", ObjectClass.PRIVATE_KEY): PRIVATE,
    ("sam", "attest", ObjectClass.PUBLIC_KEY): PUBLIC,
    ("sam", "checkpoint", ObjectClass.PRIVATE_KEY): PRIVATE,
    ("sam", "checkpoint", ObjectClass.PUBLIC_KEY): PUBLIC,
    ("ca", "issuing", ObjectClass.PRIVATE_KEY): {**RSA_PRIVATE, "PUBLIC_EXPONENT": b"\x01\x00\x01"},
    ("ca", "issuing", ObjectClass.PUBLIC_KEY): RSA_PUBLIC,
}


# --- the workplace -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store that allows every mechanism."""
    home = tmp_path_factory.mktemp("t")
    text = re.sub(r"(?m)^slots\.mechanisms = .*$", "slots.mechanisms = ALL", TEMPLATE.read_text(encoding="utf-8"))
    (home / "all.conf").write_text(text, encoding="utf-8")
    return home


def _all(store: Path) -> dict[str, Path]:
    return {"store": store / "tokens", "template": store / "all.conf"}


@pytest.fixture(scope="module")
def sam(store):
    return sam_token(store / "sam", **_all(store))


@pytest.fixture(scope="module")
def ca(store):
    token = make_token(store / "ca", "paraph-ca", **_all(store))
    generate_key_pair(token, "issuing", OurKeyType.RSA_3072)
    return token


@pytest.fixture
def vault(sam):
    return TokenVault(sam, "wrap")


def objects(token, **attributes: Any) -> list[Any]:
    return list(token.session().get_objects({Attribute[name]: value for name, value in attributes.items()}))


def wrapping_key(token) -> Any:
    (key,) = objects(token, LABEL="wrap")
    return key


def tool(key: Any) -> Any:
    """The key for a holder who asks the token for everything, where the binding offers what the attributes say."""
    uses = (getattr(_pkcs11, f"{use}Mixin") for use in ("Encrypt", "Decrypt", "Sign", "Derive"))
    everything = type("Tool", (_pkcs11.SecretKey, *uses, _pkcs11.Object), {})  # type: ignore[attr-defined]  # not in the stubs
    return everything(key.wrapper)


def ordinary_key(token, **attributes: Any) -> Any:
    """An AES key of this session with everything allowed, as the binding makes them."""
    uses = ("ENCRYPT", "DECRYPT", "SIGN", "VERIFY", "WRAP", "UNWRAP", "DERIVE")
    template = {Attribute.TOKEN: False, Attribute.PRIVATE: True} | {Attribute[use]: True for use in uses}
    template |= {Attribute[name]: value for name, value in attributes.items()}
    return token.session().generate_key(KeyType.AES, 256, template=template)


# --- I3: attributes, read back -------------------------------------------------------------------------------------


def test_no_token_holds_anything_but_these_keys(sam, ca):
    found = {
        (zone, key[Attribute.LABEL], key[Attribute.CLASS])
        for zone, token in (("sam", sam), ("ca", ca))
        for key in objects(token)
    }
    assert found == set(KEYS)


@pytest.mark.parametrize(("zone", "label", "kind"), list(KEYS))
def test_every_attribute_of_every_permanent_key_is_as_it_must_be__i3(sam, ca, zone, label, kind):
    (key,) = objects({"sam": sam, "ca": ca}[zone], LABEL=label, CLASS=kind)
    assert attributes(key) == must_be(KEYS[zone, label, kind])
    assert hidden(key) <= HIDDEN
    assert bool(hidden(key)) is (kind is not ObjectClass.PUBLIC_KEY)


def test_the_wrapping_keys_unwrap_template_is_as_it_must_be__i3(sam):
    assert read_unwrap_template(wrapping_key(sam)) == UNWRAP_TEMPLATE


# --- I3: the wrapping key wraps and unwraps, and nothing else ------------------------------------------------------

_USES = {
    "encrypt ECB": lambda key, blob: key.encrypt(blob, mechanism=Mechanism.AES_ECB),
    "decrypt ECB": lambda key, blob: key.decrypt(blob, mechanism=Mechanism.AES_ECB),
    "decrypt CBC": lambda key, blob: key.decrypt(blob, mechanism=Mechanism.AES_CBC, mechanism_param=bytes(16)),
    "encrypt CBC": lambda key, blob: key.encrypt(blob, mechanism=Mechanism.AES_CBC, mechanism_param=bytes(16)),
    "sign": lambda key, blob: key.sign(blob, mechanism=Mechanism.AES_CMAC),
    "derive": lambda key, blob: key.derive_key(
        KeyType.AES,
        256,
        mechanism=Mechanism.AES_ECB_ENCRYPT_DATA,
        mechanism_param=bytes(32),
        template={Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    ),
}


@pytest.mark.parametrize("use", list(_USES))
def test_the_wrapping_key_has_no_other_use__i3(sam, vault, use):
    blob = vault.generate(P256).wrapped
    with pytest.raises(PKCS11Error, match=NOT_PERMITTED):
        _USES[use](tool(wrapping_key(sam)), blob)
    assert _USES[use](tool(ordinary_key(sam)), blob)


@pytest.mark.parametrize("mechanism", [Mechanism.AES_KEY_WRAP, Mechanism.AES_CBC_PAD])
def test_the_wrapping_key_knows_one_mechanism__i3(sam, vault, mechanism):
    secret = ordinary_key(sam, EXTRACTABLE=True)
    with pytest.raises(MechanismInvalid):
        wrapping_key(sam).wrap_key(secret, mechanism=mechanism)
    assert wrapping_key(sam).wrap_key(secret, mechanism=Mechanism.AES_KEY_WRAP_PAD)


@pytest.mark.parametrize("name", ["DECRYPT", "ENCRYPT", "SIGN", "DERIVE", "EXTRACTABLE"])
def test_nothing_of_the_wrapping_key_can_be_changed_or_copied_otherwise__i3(sam, name):
    with sam.writing() as session:
        (key,) = session.get_objects({Attribute.LABEL: "wrap"})
        with pytest.raises(PKCS11Error, match=PROHIBITED):
            key[Attribute[name]] = True
        for changes in ({Attribute[name]: True}, {Attribute.TOKEN: False}, {Attribute.MODIFIABLE: True}):
            with pytest.raises(AttributeReadOnly):
                key.copy(changes)
        loose = session.generate_key(KeyType.AES, 256, template={Attribute.DECRYPT: False, Attribute.ENCRYPT: False})
        loose[Attribute.DECRYPT] = True  # what a key made with defaults allows
        assert loose.copy({Attribute.ENCRYPT: True})[Attribute.ENCRYPT]
    assert TokenVault(sam, "wrap").generate(P256)


@pytest.mark.parametrize("label", ["attest", *MAC_LABELS])
def test_other_permanent_keys_can_be_neither_changed_nor_copied_nor_wrapped__i3(sam, label):
    with sam.writing() as session:
        (wrap,) = session.get_objects({Attribute.LABEL: "wrap"})
        for key in session.get_objects({Attribute.LABEL: label, Attribute.SIGN: True}):
            with pytest.raises(PKCS11Error, match=PROHIBITED):
                key[Attribute.DERIVE] = True
            with pytest.raises(PKCS11Error, match=PROHIBITED):
                key.copy({})
            with pytest.raises(KeyUnextractable):
                wrap.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP_PAD)
        assert wrap.wrap_key(ordinary_key(sam, EXTRACTABLE=True), mechanism=Mechanism.AES_KEY_WRAP_PAD)


# --- I3: a wrapping key that is not as it must be is not used ------------------------------------------------------


def make_wrapping_key(token, draft: dict[Attribute, Any], kept: dict[Attribute, Any]) -> None:
    """The ceremony of `hsm.wrapping`, with what the attacker or a careless operator would have the officer make."""
    names = {Attribute.LABEL: "wrap", Attribute.ID: b"wrap", Attribute.VALUE_LEN: 32}
    kept = {**mechanisms.WRAPPING_KEY_KEPT, **kept}
    last = {Attribute.MODIFIABLE: kept.pop(Attribute.MODIFIABLE)}  # nothing can follow it
    wrapping.make_trusted(token, {**names, **mechanisms.WRAPPING_KEY_DRAFT, **draft}, kept | last)


_LOOSE_TEMPLATE = {key: value for key, value in mechanisms.UNWRAPPED_KEY.items() if key is not Attribute.EXTRACTABLE}


@pytest.mark.parametrize(
    ("draft", "kept", "reason"),
    [
        ({}, {}, None),
        ({Attribute.DECRYPT: True}, {}, "DECRYPT is True"),
        ({Attribute.DERIVE: True}, {}, "DERIVE is True"),
        ({Attribute.EXTRACTABLE: True}, {}, "EXTRACTABLE is True"),
        ({Attribute.SENSITIVE: False}, {Attribute.SENSITIVE: True}, "ALWAYS_SENSITIVE is False"),
        ({Attribute.EXTRACTABLE: True}, {Attribute.EXTRACTABLE: False}, "NEVER_EXTRACTABLE is False"),
        ({}, {Attribute.MODIFIABLE: True}, "MODIFIABLE is True"),
        ({}, {Attribute.PRIVATE: False}, "PRIVATE is False"),
        ({Attribute.TRUSTED: False}, {}, "TRUSTED is False"),
        (
            {Attribute.ALLOWED_MECHANISMS: (Mechanism.AES_KEY_WRAP, Mechanism.AES_KEY_WRAP_PAD)},
            {},
            "ALLOWED_MECHANISMS",
        ),
        ({Attribute.UNWRAP_TEMPLATE: _LOOSE_TEMPLATE}, {}, "unwraps with EXTRACTABLE True"),
        ({Attribute.UNWRAP_TEMPLATE: {Attribute.EXTRACTABLE: False}}, {}, "unwraps with"),
    ],
)
def test_a_wrapping_key_with_one_attribute_wrong_is_not_used__i3(store, tmp_path, draft, kept, reason):
    token = make_token(tmp_path / "t", "t", template=store / "all.conf")
    make_wrapping_key(token, draft, kept)
    if reason is None:
        assert TokenVault(token, "wrap").generate(P256)
        return
    with pytest.raises(KeyAttributesWrong, match=reason):
        TokenVault(token, "wrap").generate(P256)


def test_keys_made_with_the_bindings_defaults_are_not_used__i3(store, tmp_path):
    token = make_token(tmp_path / "t", "t", template=store / "all.conf")
    with token.writing() as session:
        plain = session.token.open(rw=True)
        plain.generate_key(KeyType.AES, 256, label="wrap", id=b"w", store=True)
        plain.generate_key(
            KeyType.GENERIC_SECRET, 256, label="seal", id=b"s", store=True, template={Attribute.SIGN: True}
        )
        curve = {Attribute.EC_PARAMS: mechanisms.ec_params(P256)}
        plain.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(
            label="attest", id=b"a", store=True
        )
        plain.close()
    for use in (
        lambda: TokenVault(token, "wrap").generate(P256),
        lambda: TokenMacKey(token, "seal").mac(b""),
        lambda: TokenSigningKey(token, "attest").sign(DTBSR, ES256),
    ):
        with pytest.raises(KeyAttributesWrong):
            use()


def test_an_imported_key_is_not_used__i3(store, tmp_path, sam):
    token = make_token(tmp_path / "t", "t", template=store / "all.conf")
    with token.writing() as session:
        session.create_object({**mechanisms.MAC_KEY_MADE, Attribute.LABEL: "seal", Attribute.VALUE: bytes(32)})
    with pytest.raises(KeyAttributesWrong, match="LOCAL is False"):
        TokenMacKey(token, "seal").mac(b"")
    assert TokenMacKey(sam, "seal").mac(b"")


# --- I3: what is unwrapped ---------------------------------------------------------------------------------------------

_WISHES = {
    "EXTRACTABLE": True,
    "SENSITIVE": False,
    "PRIVATE": False,
    "DECRYPT": True,
    "UNWRAP": True,
    "DERIVE": True,
    "SIGN_RECOVER": True,
    "COPYABLE": True,
    "MODIFIABLE": True,
    "ALLOWED_MECHANISMS": (Mechanism.RSA_X_509,),
}


@pytest.mark.parametrize("wish", list(_WISHES))
def test_a_signatorys_key_unwraps_as_nothing_else__i3(sam, vault, wish):
    key = vault.generate(P256)
    template = {**mechanisms.UNWRAPPED_KEY, Attribute[wish]: _WISHES[wish]}

    def unwrap(template: dict[Attribute, Any]) -> Any:
        return wrapping_key(sam).unwrap_key(
            ObjectClass.PRIVATE_KEY,
            KeyType.EC,
            key.wrapped,
            mechanism=Mechanism.AES_KEY_WRAP_PAD,
            template=template,
        )

    with pytest.raises(TemplateInconsistent):
        unwrap(template)
    if wish != "PRIVATE":  # silence is no consent: what the template says must be said, or be true anyway
        with pytest.raises(TemplateInconsistent):
            unwrap({name: value for name, value in template.items() if name is not Attribute[wish]})
    honest = unwrap(dict(mechanisms.UNWRAPPED_KEY))
    with pytest.raises(AttributeSensitive):
        honest[Attribute.VALUE]
    honest.destroy()


def test_a_permanent_copy_of_a_signatorys_key_cannot_be_unwrapped__i3(sam, vault):
    key = vault.generate(P256)
    with sam.writing() as session:
        (wrap,) = session.get_objects({Attribute.LABEL: "wrap"})
        for stored, refused in ((True, True), (False, False)):
            template = {**mechanisms.UNWRAPPED_KEY, Attribute.TOKEN: stored}
            arguments = (ObjectClass.PRIVATE_KEY, KeyType.EC, key.wrapped)
            if refused:
                with pytest.raises(TemplateInconsistent):
                    wrap.unwrap_key(*arguments, mechanism=Mechanism.AES_KEY_WRAP_PAD, template=template)
            else:
                wrap.unwrap_key(*arguments, mechanism=Mechanism.AES_KEY_WRAP_PAD, template=template).destroy()


def test_a_signatorys_key_does_not_unwrap_as_a_secret_of_another_use__i3(sam, vault):
    key = vault.generate(P256)
    for kind in (KeyType.GENERIC_SECRET, KeyType.AES):
        template = {**mechanisms.UNWRAPPED_KEY, Attribute.CLASS: ObjectClass.SECRET_KEY}
        with pytest.raises(TemplateInconsistent):
            wrapping_key(sam).unwrap_key(
                ObjectClass.SECRET_KEY, kind, key.wrapped, mechanism=Mechanism.AES_KEY_WRAP_PAD, template=template
            )
    with vault.unwrapped(key) as lent:
        assert lent.sign(DTBSR, ES256)


def test_without_the_template_the_clear_key_comes_out__i3(sam):
    """The attack that the template stops, to show that the tests above try something that works."""
    careless = ordinary_key(sam)
    loose = {**mechanisms.signatory_key_made(P256), Attribute.WRAP_WITH_TRUSTED: False}
    _, private = sam.session().generate_keypair(
        KeyType.EC, public_template=mechanisms.signatory_public_key_made(P256), private_template=loose
    )
    blob = careless.wrap_key(private, mechanism=Mechanism.AES_KEY_WRAP_PAD)
    template = {**mechanisms.UNWRAPPED_KEY, Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False}
    clear = careless.unwrap_key(
        ObjectClass.PRIVATE_KEY, KeyType.EC, blob, mechanism=Mechanism.AES_KEY_WRAP_PAD, template=template
    )
    assert len(clear[Attribute.VALUE]) == 32


def test_a_lent_key_tells_nothing_and_learns_nothing__i3(sam, vault):
    with vault.unwrapped(vault.generate(P256)) as lent:
        handle = lent._handle
        with pytest.raises(AttributeSensitive):
            handle[Attribute.VALUE]
        for name in ("DERIVE", "DECRYPT", "EXTRACTABLE"):
            with pytest.raises(PKCS11Error, match=PROHIBITED):
                handle[Attribute[name]] = True
        with pytest.raises(PKCS11Error, match=PROHIBITED):
            handle.copy({Attribute.DERIVE: True})
        with pytest.raises(KeyUnextractable):
            wrapping_key(sam).wrap_key(handle, mechanism=Mechanism.AES_KEY_WRAP_PAD)
        assert lent.sign(DTBSR, ES256)


# --- I4: a fresh key under a key of known value --------------------------------------------------------------------


@pytest.fixture
def fresh(sam):
    """A signatory's key between its making and its wrapping."""
    public, private = wrapping._generate(sam.session(), P256)
    yield private
    for key in (public, private):
        key.destroy()


def test_a_fresh_key_is_wrapped_by_the_trusted_key_only__i4(sam, fresh):
    known = sam.session().create_object(
        {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.VALUE: b"known to the attacker, 32 bytes.",
            Attribute.WRAP: True,
            Attribute.TOKEN: False,
        }
    )
    with pytest.raises(KeyNotWrappable):
        known.wrap_key(fresh, mechanism=Mechanism.AES_KEY_WRAP_PAD)
    assert known.wrap_key(ordinary_key(sam, EXTRACTABLE=True), mechanism=Mechanism.AES_KEY_WRAP_PAD)
    assert wrapping_key(sam).wrap_key(fresh, mechanism=Mechanism.AES_KEY_WRAP_PAD)


def test_the_user_makes_no_key_trusted__i4(sam):
    with pytest.raises(AttributeReadOnly):
        ordinary_key(sam, TRUSTED=True)
    key = ordinary_key(sam)
    with pytest.raises(AttributeReadOnly):
        key[Attribute.TRUSTED] = True
    with pytest.raises(AttributeReadOnly):
        key.copy({Attribute.TRUSTED: True})
    assert not key[Attribute.TRUSTED]


def test_a_fresh_key_cannot_be_given_another_use_or_another_keeper__i4(sam, fresh):
    for name, value in (("DERIVE", True), ("DECRYPT", True), ("WRAP_WITH_TRUSTED", False)):
        with pytest.raises(PKCS11Error, match=PROHIBITED):
            fresh[Attribute[name]] = value
        with pytest.raises(PKCS11Error, match=PROHIBITED):
            fresh.copy({Attribute[name]: value})
    with pytest.raises(AttributeSensitive):
        fresh[Attribute.VALUE]
    assert fresh.sign(DTBSR.value, mechanism=Mechanism.ECDSA)


def test_no_key_is_left_behind_when_one_was_made_and_lent(sam, vault):
    before = len(objects(sam))
    with vault.unwrapped(vault.generate(P256)) as lent:
        assert len(objects(sam)) == before + 1
        lent.sign(DTBSR, ES256)
    with pytest.raises(RuntimeError, match="stop"), vault.unwrapped(vault.generate(P256)):
        raise RuntimeError("stop")
    assert len(objects(sam)) == before


# --- I5, I6: what a key signs --------------------------------------------------------------------------------------


class Counting:
    """A handle that counts how often the token was asked to sign."""

    def __init__(self, handle: Any) -> None:
        self.handle, self.count = handle, 0

    def sign(self, *arguments: Any, **named: Any) -> Any:
        self.count += 1
        return self.handle.sign(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handle, name)


def forged(algorithm: HashAlgorithm, value: bytes) -> Dtbsr:
    """A Dtbsr that its own check never saw."""
    dtbsr = object.__new__(Dtbsr)
    object.__setattr__(dtbsr, "algorithm", algorithm)
    object.__setattr__(dtbsr, "value", value)
    return dtbsr


_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420") + bytes(32)


@pytest.mark.parametrize("value", [bytes(n) for n in (0, 20, 31, 33, 48, 64, 200)] + [_DIGEST_INFO])
@pytest.mark.parametrize("key_type", [P256, OurKeyType.RSA_3072])
def test_only_a_digest_of_the_right_length_is_signed__i5(vault, signatory_keys, key_type, value):
    with pytest.raises(MalformedDigest):
        Dtbsr(HashAlgorithm.SHA256, value)
    key = signatory_keys[key_type]
    with vault.unwrapped(key) as lent:
        lent._handle = counting = Counting(lent._handle)
        for algorithm in key_type.algorithms:
            with pytest.raises(AlgorithmMismatch):
                lent.sign(forged(HashAlgorithm.SHA256, value), algorithm)
        assert counting.count == 0
        verify(key.public_key_der, lent.sign(DTBSR, key_type.algorithms[0]), DTBSR, key_type.algorithms[0])
        assert counting.count == 1


@pytest.fixture(scope="module")
def signatory_keys(sam):
    vault = TokenVault(sam, "wrap")
    return {key_type: vault.generate(key_type) for key_type in (P256, OurKeyType.EC_P384, OurKeyType.RSA_3072)}


def test_a_digest_of_a_document_is_no_dtbsr__i5(vault, signatory_keys):
    document = DocumentDigest(HashAlgorithm.SHA256, DTBSR.value)
    with vault.unwrapped(signatory_keys[P256]) as lent:
        lent._handle = counting = Counting(lent._handle)
        with pytest.raises(AlgorithmMismatch, match="DocumentDigest is not"):
            lent.sign(document, ES256)
        assert counting.count == 0


_FITTING = {
    (P256, ES256, HashAlgorithm.SHA256),
    (OurKeyType.EC_P384, SignatureAlgorithm.ECDSA_SHA384, HashAlgorithm.SHA384),
    (OurKeyType.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256, HashAlgorithm.SHA256),
    (OurKeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA256, HashAlgorithm.SHA256),
    (OurKeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA384, HashAlgorithm.SHA384),
    (OurKeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA512, HashAlgorithm.SHA512),
}


@pytest.mark.parametrize("hashed", list(HashAlgorithm))
@pytest.mark.parametrize("key_type", [P256, OurKeyType.EC_P384, OurKeyType.RSA_3072])
def test_of_all_keys_algorithms_and_hashes_only_the_fitting_sign__i6(vault, signatory_keys, key_type, hashed):
    key, dtbsr = signatory_keys[key_type], Dtbsr(hashed, hashed.new(b"data").digest())
    with vault.unwrapped(key) as lent:
        lent._handle = counting = Counting(lent._handle)
        for algorithm in SignatureAlgorithm:
            before = counting.count
            if (key_type, algorithm, hashed) in _FITTING:
                verify(key.public_key_der, lent.sign(dtbsr, algorithm), dtbsr, algorithm)
                continue
            with pytest.raises(AlgorithmMismatch):
                lent.sign(dtbsr, algorithm)
            assert counting.count == before


@pytest.mark.parametrize("mechanism", [Mechanism.RSA_X_509, Mechanism.SHA1_RSA_PKCS, Mechanism.MD5_RSA_PKCS])
def test_a_key_knows_no_raw_and_no_weak_mechanism__i5(ca, vault, signatory_keys, mechanism):
    (issuing,) = objects(ca, LABEL="issuing", CLASS=ObjectClass.PRIVATE_KEY)
    with pytest.raises(MechanismInvalid):
        issuing.sign(bytes(384), mechanism=mechanism)
    with vault.unwrapped(signatory_keys[OurKeyType.RSA_3072]) as lent:
        with pytest.raises(MechanismInvalid):
            lent._handle.sign(bytes(384), mechanism=mechanism)
        assert lent.sign(DTBSR, SignatureAlgorithm.RSA_PSS_SHA256)


# --- I9: twins -----------------------------------------------------------------------------------------------------


def _uses(token) -> dict[str, Any]:
    return {
        "wrap": lambda: TokenVault(token, "wrap").generate(P256),
        "seal": lambda: TokenMacKey(token, "seal").mac(b""),
        "attest": lambda: TokenSigningKey(token, "attest").sign(DTBSR, ES256),
    }


@pytest.mark.parametrize("same", ["LABEL", "ID"])
@pytest.mark.parametrize("label", ["wrap", "seal", "attest"])
def test_a_planted_twin_stops_the_key_until_it_is_gone__i9(sam, label, same):
    with sam.writing() as session:
        original = next(iter(list(session.get_objects({Attribute.LABEL: label, Attribute.LOCAL: True}))))
        names = {Attribute.LABEL: "other", Attribute.ID: b"other", Attribute[same]: original[Attribute[same]]}
        if label == "attest":
            public, twin = session.generate_keypair(
                KeyType.EC,
                public_template={**mechanisms.public_key_made(P256), Attribute.TOKEN: False},
                private_template={**mechanisms.private_key_made(P256), **names},
            )
            public.destroy()
        else:
            twin = session.generate_key(KeyType.GENERIC_SECRET, 256, template={**mechanisms.MAC_KEY_MADE, **names})
        with pytest.raises(KeyNotUnique):
            _uses(sam)[label]()
        twin.destroy()
        assert _uses(sam)[label]()


def test_an_exact_copy_of_the_wrapping_key_stops_the_vault_until_it_is_gone__i9(sam):
    with sam.writing() as session:
        (original,) = session.get_objects({Attribute.LABEL: "wrap"})
        twin = original.copy({})
        with pytest.raises(KeyNotUnique):
            TokenVault(sam, "wrap").generate(P256)
        twin.destroy()
        assert TokenVault(sam, "wrap").generate(P256)


def test_another_public_key_beside_a_private_one_is_noticed__i9(store, tmp_path):
    token = make_token(tmp_path / "t", "t", template=store / "all.conf")
    generate_key_pair(token, "attest", P256)
    assert TokenSigningKey(token, "attest").sign(DTBSR, ES256)
    with token.writing() as session:
        (public,) = session.get_objects({Attribute.LABEL: "attest", Attribute.CLASS: ObjectClass.PUBLIC_KEY})
        names = {name: public[name] for name in (Attribute.LABEL, Attribute.ID)}
        public.destroy()
        _, private = session.generate_keypair(
            KeyType.EC,
            public_template={**mechanisms.public_key_made(P256), **names},
            private_template={**mechanisms.private_key_made(P256), Attribute.TOKEN: False},
        )
        private.destroy()
    with pytest.raises(HsmError, match="does not verify under its public key"):
        TokenSigningKey(token, "attest").sign(DTBSR, ES256)


def test_a_key_that_was_exchanged_under_its_label_is_noticed__i9(store, tmp_path):
    token = make_token(tmp_path / "t", "t", template=store / "all.conf")
    generate_mac_key(token, "seal")
    key = TokenMacKey(token, "seal")
    first = key.key_id
    with token.writing() as session:
        (old,) = session.get_objects({Attribute.LABEL: "seal"})
        old.destroy()
    generate_mac_key(token, "seal")
    token.close()  # as if the process had lost its session meanwhile
    with pytest.raises(KeyAttributesWrong, match="another key than before"):
        key.mac(b"")
    assert TokenMacKey(token, "seal").key_id != first


# --- D10: blobs ----------------------------------------------------------------------------------------------------


def test_blobs_of_another_kind_are_refused__d10(sam, vault, signatory_keys):
    own = signatory_keys[P256]
    secret = ordinary_key(sam, EXTRACTABLE=True)
    rsa, p384 = signatory_keys[OurKeyType.RSA_3072], signatory_keys[OurKeyType.EC_P384]
    blobs = {
        "a wrapped AES key": wrapping_key(sam).wrap_key(secret, mechanism=Mechanism.AES_KEY_WRAP_PAD),
        "a public key": own.public_key_der,
        "an RSA key": rsa.wrapped,
        "a key of another curve": p384.wrapped,
        "nothing": b"",
        "zeros": bytes(len(own.wrapped)),
        "cut": own.wrapped[:-8],
        "one bit": bytes([own.wrapped[0] ^ 1]) + own.wrapped[1:],
    }
    for wrapped in blobs.values():
        record = WrappedKey(P256, own.public_key_der, wrapped, own.wrapping_key_id)
        with pytest.raises(UnwrapRefused), vault.unwrapped(record):
            pass
    with vault.unwrapped(own) as lent:
        verify(own.public_key_der, lent.sign(DTBSR, ES256), DTBSR, ES256)


def test_a_key_under_another_wrapping_key_is_refused__d10(store, tmp_path, vault, signatory_keys):
    elsewhere = TokenVault(sam_token(tmp_path / "t", template=store / "all.conf"), "wrap").generate(P256)
    with pytest.raises(WrongWrappingKey), vault.unwrapped(elsewhere):
        pass
    own = signatory_keys[P256]
    renamed = WrappedKey(P256, elsewhere.public_key_der, elsewhere.wrapped, own.wrapping_key_id)
    with pytest.raises(UnwrapRefused), vault.unwrapped(renamed):
        pass
    with vault.unwrapped(own) as lent:
        assert lent.sign(DTBSR, ES256)


def test_another_rsa_key_of_the_same_length_is_refused__d10(vault, signatory_keys):
    own, other = signatory_keys[OurKeyType.RSA_3072], vault.generate(OurKeyType.RSA_3072)
    swapped = WrappedKey(own.key_type, own.public_key_der, other.wrapped, own.wrapping_key_id)
    with pytest.raises(UnwrapRefused, match="not the key of the record"), vault.unwrapped(swapped):
        pass
    with vault.unwrapped(own) as lent:
        assert lent.sign(DTBSR, SignatureAlgorithm.RSA_PSS_SHA256)


# --- behind the keys: the store as it is shipped -------------------------------------------------------------------


def test_the_shipped_store_knows_no_cipher_and_no_derivation__i3(tmp_path):
    token = make_token(tmp_path / "t", "t")
    offered = {Mechanism(number).name for number in token.session().token.slot.get_mechanisms()}
    assert offered == {
        "RSA_PKCS_KEY_PAIR_GEN",
        "EC_KEY_PAIR_GEN",
        "AES_KEY_GEN",
        "GENERIC_SECRET_KEY_GEN",
        "RSA_PKCS",
        "RSA_PKCS_PSS",
        "ECDSA",
        "SHA256_HMAC",
        "AES_KEY_WRAP_PAD",
    }
    key = tool(ordinary_key(token))
    for use in ("encrypt ECB", "decrypt ECB", "decrypt CBC", "sign", "derive"):
        with pytest.raises(MechanismInvalid):
            _USES[use](key, bytes(80))
