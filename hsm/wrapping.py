"""The wrapping key, and the vault it makes: signatories' keys that exist in the token only while they are used.

A signatory's key pair is made in the token as session objects, wrapped (RFC 5649), and destroyed. To sign it is
unwrapped to a session object that can sign and nothing else, and destroyed on every way out of the block; should the
token refuse even that, the session is ended, and every object of it with it.

The wrapping key's own limits are in `hsm.mechanisms`. Its unwrap template cannot be read back through the binding, so
each new session tries it: a throw-away key must come back as it should, and must not come back as extractable.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pkcs11 import (
    Attribute,
    FunctionFailed,
    GeneralError,
    ObjectClass,
    PKCS11Error,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
)
from pkcs11 import KeyType as Ckk

from core.algorithms import KeyType
from hsm import public_keys
from hsm.attributes import MAPPER, compare
from hsm.errors import KeyAttributesWrong, UnwrapRefused, WrongWrappingKey
from hsm.keys import find, new_names
from hsm.lent_key import LentKey
from hsm.mechanisms import (
    UNWRAPPED_KEY,
    WRAP_MECHANISM,
    WRAPPING_KEY_DRAFT,
    WRAPPING_KEY_FOUND,
    WRAPPING_KEY_KEPT,
    ckk,
    ec_params,
    signatory_key_made,
    signatory_public_key_made,
)
from hsm.ports import WrappedKey
from hsm.session import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hsm.mechanisms import Table
    from hsm.session import Token

# What a token says of a blob that it does not accept.
_REFUSALS = (WrappedKeyInvalid, WrappedKeyLenRange, GeneralError, FunctionFailed)


def generate_wrapping_key(token: Token, label: str) -> None:
    """Make the token's wrapping key, trusted by its security officer, whose PIN is needed this once.

    The officer may set TRUSTED but make no private object, the user the reverse. So the officer makes the key as an
    object of a session, in the token's memory only, and the user copies it onto the token as private and fixed.

    Raises:
        LabelTaken: the token has such a key.
        PinWrong: the officer's PIN or the user's is missing or wrong.
        HsmError: the token cannot do it.
    """
    with token.writing() as session:
        names = new_names(session, label, ObjectClass.SECRET_KEY)
    make_trusted(token, {**names, Attribute.VALUE_LEN: 32, **WRAPPING_KEY_DRAFT}, WRAPPING_KEY_KEPT)


def make_trusted(token: Token, draft: Table, kept: Table) -> None:
    """Let the officer make an AES key as `draft` says, and the user keep a copy of it with the changes of `kept`.

    Raises:
        PinWrong: the officer's PIN or the user's is missing or wrong.
        HsmError: the token cannot do it.
    """
    with token.ceremony() as (place, officer_pin, user_pin):
        nobody = place.open(rw=True, attribute_mapper=MAPPER)
        officer = place.open(rw=True, so_pin=officer_pin)
        made = nobody.generate_key(Ckk.AES, 256, template=draft)
        officer.close()  # which logs the officer out
        user = place.open(rw=True, user_pin=user_pin)
        made.copy(kept)
        made.destroy()
        user.close()


class TokenVault:
    """Makes signatories' keys, keeps none, and lends one for the length of a block (a `hsm.ports.KeyVault`)."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label
        self._generation = -1
        self._wrapping_key: Any = None
        self._wrapping_key_id = ""

    @property
    def wrapping_key_id(self) -> str:
        """The wrapping key's label and 64 bits of its random identifier, in hexadecimal."""
        self._loaded()
        return self._wrapping_key_id

    def generate(self, key_type: KeyType) -> WrappedKey:
        """Return a new key pair, made in the token as session objects, wrapped, and destroyed there.

        Raises:
            HsmUnavailable: the token does not answer.
        """
        wrapping_key = self._loaded()
        try:
            public, private = _generate(self._token.session(), key_type)
            with self._destroying(public, private):
                wrapped = wrapping_key.wrap_key(private, mechanism=WRAP_MECHANISM)
                public_key_der = public_keys.spki_der(public, key_type)
        except PKCS11Error as error:
            raise self._token.lost(error) from error
        return WrappedKey(key_type, public_key_der, wrapped, self._wrapping_key_id)

    @contextmanager
    def unwrapped(self, key: WrappedKey) -> Iterator[LentKey]:
        """Lend the private key: `with vault.unwrapped(key) as signing_key:` destroys the handle on every way out.

        Raises:
            WrongWrappingKey: it was wrapped under another key than the one this token has.
            UnwrapRefused: the token does not accept the blob, or it is not a key of the type said.
            HsmUnavailable: the token does not answer.
        """
        wrapping_key = self._loaded()
        if key.wrapping_key_id != self._wrapping_key_id:
            raise WrongWrappingKey(f"{key.wrapping_key_id}, not {self._wrapping_key_id}")
        handle = self._unwrap(wrapping_key, key)
        with self._destroying(handle):
            self._check(handle, key)
            lent = LentKey(self._token, handle, key)
            try:
                yield lent
            finally:
                lent.end()

    def _unwrap(self, wrapping_key: Any, key: WrappedKey) -> Any:
        try:
            return _unwrap(wrapping_key, key.key_type, key.wrapped)
        except PKCS11Error as error:
            # SoftHSM says GeneralError both of a bad blob and of a store that is gone.
            self._token.check()
            if not self._token.holds(self._generation) or not isinstance(error, _REFUSALS):
                raise self._token.lost(error) from error
            raise UnwrapRefused(describe(error)) from error

    def _check(self, handle: Any, key: WrappedKey) -> None:
        """Check that the blob held a key of the curve or with the modulus of the record (attack D10)."""
        try:
            if key.key_type.is_rsa:
                modulus = handle[Attribute.MODULUS]
                right = len(modulus) * 8 == key.key_type.bits and modulus in key.public_key_der
            else:
                right = handle[Attribute.EC_PARAMS] == ec_params(key.key_type)
        except PKCS11Error as error:
            raise self._token.lost(error) from error
        if not right:
            raise UnwrapRefused("not the key of the record's public key")

    @contextmanager
    def _destroying(self, *handles: Any) -> Iterator[None]:
        generation = self._token.generation()
        try:
            yield
        finally:
            for handle in handles:
                self._destroy(handle, generation)

    def _destroy(self, handle: Any, generation: int) -> None:
        if not self._token.holds(generation):
            return  # the session is gone, and its objects with it; the number may by now be another's
        try:
            handle.destroy()
        except PKCS11Error as error:
            self._token.lost(error)  # ends the session, which destroys what the token would not

    def _loaded(self) -> Any:
        generation = self._token.generation()
        if generation != self._generation:
            try:
                self._load(self._token.session())
            except PKCS11Error as error:
                raise self._token.lost(error) from error
            self._generation = generation
        return self._wrapping_key

    def _load(self, session: Any) -> None:
        handle = find(session, self._label, ObjectClass.SECRET_KEY)
        compare(handle, WRAPPING_KEY_FOUND, self._label)
        _try_unwrap_template(session, handle, self._label)
        key_id = f"{self._label}:{handle[Attribute.ID][:8].hex()}"
        if self._wrapping_key_id not in ("", key_id):
            raise KeyAttributesWrong(f"{self._label}: another key than before")
        self._wrapping_key, self._wrapping_key_id = handle, key_id


def _generate(session: Any, key_type: KeyType) -> tuple[Any, Any]:
    pair: tuple[Any, Any] = session.generate_keypair(
        ckk(key_type),
        key_type.bits if key_type.is_rsa else None,
        public_template=signatory_public_key_made(key_type),
        private_template=signatory_key_made(key_type),
    )
    return pair


def _unwrap(wrapping_key: Any, key_type: KeyType, wrapped: bytes, **changes: Any) -> Any:
    template = {**UNWRAPPED_KEY, **{Attribute[name]: value for name, value in changes.items()}}
    return wrapping_key.unwrap_key(
        template[Attribute.CLASS], ckk(key_type), wrapped, mechanism=WRAP_MECHANISM, template=template
    )


def _try_unwrap_template(session: Any, wrapping_key: Any, name: str) -> None:
    """Check that the token makes of a blob what the template says, and nothing that differs from it in one attribute.

    Raises:
        KeyAttributesWrong: the wrapping key has no template, or another.
        PKCS11Error: the token does not answer.
    """
    public, private = _generate(session, KeyType.EC_P256)
    wrapped = wrapping_key.wrap_key(private, mechanism=WRAP_MECHANISM)
    for key in (public, private):
        key.destroy()
    for attribute, value in UNWRAPPED_KEY.items():
        if isinstance(value, bool):
            _expect_refusal(wrapping_key, wrapped, attribute.name, not value, name)
    _unwrap(wrapping_key, KeyType.EC_P256, wrapped).destroy()  # so the refusals had no other reason


def _expect_refusal(wrapping_key: Any, wrapped: bytes, attribute: str, value: object, name: str) -> None:
    try:
        key = _unwrap(wrapping_key, KeyType.EC_P256, wrapped, **{attribute: value})
    except PKCS11Error:
        return
    key.destroy()
    raise KeyAttributesWrong(f"{name}: it unwraps with {attribute} {value}")
