"""Signatories' keys: made in the token, wrapped under its wrapping key, kept in the database (design §2.5).

The wrapping key can wrap and unwrap and nothing else, and what it unwraps is sensitive, not extractable and gone with the
session, whatever a caller asks. Two wishes of PKCS#11 cannot be had with SoftHSM: WRAP_WITH_TRUSTED, because only the
security officer may mark a key as trusted and cannot see private objects; and a wrapping key derived for each citizen
would have to carry the unwrap template itself. The seal of the record binds a wrapped key to its owner instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as ck

from core.algorithms import KeyType as OurKeyType
from core.algorithms import SignatureAlgorithm
from core.types import Dtbsr
from hsm import signing
from hsm.errors import UnwrapRefused, WrongWrappingKey
from hsm.keys import new_key_pair
from hsm.mechanisms import (
    CURVES,
    P11_TYPES,
    SIGNATORY_PRIVATE,
    SIGNATORY_UNWRAPPED,
    UNWRAP_TEMPLATE,
    UNWRAPPED,
    WRAPPING_KEY,
    WRAPPING_KEY_READ,
)
from hsm.objects import check_free, find_key
from hsm.ports import WrappedKey
from hsm.public_keys import public_key_der
from hsm.session import Token

_MECHANISM = Mechanism.AES_KEY_WRAP_PAD  # RFC 5649
_ID_BITS = 64
_REFUSED = (
    ck.ArgumentsBad,
    ck.AttributeValueInvalid,
    ck.EncryptedDataInvalid,
    ck.EncryptedDataLenRange,
    ck.FunctionFailed,
    ck.GeneralError,
    ck.KeyTypeInconsistent,
    ck.TemplateInconsistent,
    ck.WrappedKeyInvalid,
    ck.WrappedKeyLenRange,
)


def generate_wrapping_key(token: Token, label: str) -> None:
    """Make the wrapping key.

    Raises:
        KeyNotFound: the label is taken.
    """

    def generate(session: Any) -> None:
        check_free(session, label)
        name = session.generate_random(_ID_BITS)
        template = {**WRAPPING_KEY, UNWRAP_TEMPLATE: UNWRAPPED}
        session.generate_key(KeyType.AES, 256, id=name, label=label, store=True, template=template)

    token.use(generate)


class TokenVault:
    """Makes signatories' keys and lends them (a `hsm.ports.KeyVault`)."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label

    def generate(self, key_type: OurKeyType) -> WrappedKey:
        """Return a new key pair, made as session objects, wrapped, and destroyed in the token."""

        def generate(session: Any) -> WrappedKey:
            wrapping, wrapping_id = self._wrapping_key(session)
            public, private = new_key_pair(session, key_type, SIGNATORY_PRIVATE, store=False)
            try:
                wrapped = wrapping.wrap_key(private, mechanism=_MECHANISM)
                return WrappedKey(key_type, public_key_der(public, key_type), wrapped, wrapping_id)
            finally:
                private.destroy()
                public.destroy()

        return self._token.use(generate)

    @contextmanager
    def unwrapped(self, key: WrappedKey) -> Iterator[LentKey]:
        """Lend the private key for a block; the handle is destroyed on every way out.

        Raises:
            WrongWrappingKey: it was wrapped under another key than the one this token has.
            UnwrapRefused: the token does not accept it, or it is not a key of the type said.
            HsmUnavailable: the token does not answer.
        """
        handle = self._token.use(lambda session: self._unwrap(session, key))
        try:
            yield LentKey(self._token, handle, key)
        finally:
            with suppress(ck.PKCS11Error):  # a token that was lost has destroyed its session objects itself
                handle.destroy()

    def _unwrap(self, session: Any, key: WrappedKey) -> Any:
        wrapping, wrapping_id = self._wrapping_key(session)
        if key.wrapping_key_id != wrapping_id:
            raise WrongWrappingKey(f"{key.wrapping_key_id}, here is {wrapping_id}")
        try:
            handle = wrapping.unwrap_key(
                ObjectClass.PRIVATE_KEY,
                P11_TYPES[key.key_type],
                key.wrapped,
                mechanism=_MECHANISM,
                store=False,
                template=SIGNATORY_UNWRAPPED,
            )
        except _REFUSED as error:
            raise UnwrapRefused(type(error).__name__) from error
        if not key.key_type.is_rsa and handle[Attribute.EC_PARAMS] != CURVES[key.key_type]:
            handle.destroy()
            raise UnwrapRefused("another curve")
        return handle

    def _wrapping_key(self, session: Any) -> tuple[Any, str]:
        if self._label not in self._token.cache:
            found = find_key(session, ObjectClass.SECRET_KEY, self._label, WRAPPING_KEY_READ)
            self._token.cache[self._label] = found, f"{self._label}:{found[Attribute.ID].hex()}"
        cached: tuple[Any, str] = self._token.cache[self._label]
        return cached


class LentKey:
    """A signatory's key for the length of a block (a `hsm.ports.SigningKey`)."""

    def __init__(self, token: Token, handle: Any, key: WrappedKey) -> None:
        self._token = token
        self._handle = handle
        self._key = key

    @property
    def key_type(self) -> OurKeyType:
        """What kind of key it is."""
        return self._key.key_type

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self._key.public_key_der

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest.

        Raises:
            AlgorithmMismatch: key, digest and algorithm do not belong together.
            HsmUnavailable: the token does not answer.
        """
        return self._token.use(lambda _session: signing.sign(self._handle, self.key_type, dtbsr, algorithm))
