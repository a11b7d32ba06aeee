"""Permanent keys of a token: key pairs that sign and secret keys that authenticate; made, found, checked, used.

A key is found by its label, which must be the only one of its kind, and each time a session was opened anew its
attributes are read back, its signature or check value is tried, and it must still be the key it was before.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pkcs11 import Attribute, ObjectClass, PKCS11Error
from pkcs11 import KeyType as Ckk

from core.algorithms import KeyType
from core.types import Dtbsr
from hsm import public_keys, signing
from hsm.attributes import compare
from hsm.errors import KeyAttributesWrong, KeyNotFound, KeyNotUnique, LabelTaken
from hsm.mechanisms import (
    MAC_KEY_FOUND,
    MAC_KEY_MADE,
    MAC_MECHANISM,
    ckk,
    private_key_found,
    private_key_made,
    public_key_found,
    public_key_made,
)

if TYPE_CHECKING:
    from core.algorithms import SignatureAlgorithm
    from hsm.session import Token

_PROBE = b"paraph: the key behind this label, tried when it is loaded"
_CHECKED = (
    b"paraph: check value of a key"  # no canonical encoding begins like it (core.canonical), so no record has this MAC
)


def generate_key_pair(token: Token, label: str, key_type: KeyType) -> bytes:
    """Make a permanent key pair and return its public key, SubjectPublicKeyInfo in DER.

    Raises:
        LabelTaken: the token has such a key pair.
        HsmUnavailable: the token does not answer.
    """
    with token.writing() as session:
        names = new_names(session, label, ObjectClass.PRIVATE_KEY)
        session.generate_keypair(
            ckk(key_type),
            key_type.bits if key_type.is_rsa else None,
            public_template={**names, **public_key_made(key_type)},
            private_template={**names, **private_key_made(key_type)},
        )
    return TokenSigningKey(token, label).public_key_der


def destroy_key_pair(token: Token, label: str) -> None:
    """Destroy a permanent key pair; nothing is done where there is none. Sessions that hold its handle lose it too.

    Raises:
        HsmUnavailable: the token does not answer.
    """
    with token.writing() as session:
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
            for key in list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label})):
                key.destroy()


def key_labels(token: Token) -> set[str]:
    """Return the labels of the token's permanent private keys.

    Raises:
        HsmUnavailable: the token does not answer.
    """
    session = token.session()
    try:
        return {str(key[Attribute.LABEL]) for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})}
    except PKCS11Error as error:
        raise token.lost(error) from error


def generate_mac_key(token: Token, label: str) -> None:
    """Make a permanent HMAC key of 256 bits.

    Raises:
        LabelTaken: the token has such a key.
        HsmUnavailable: the token does not answer.
    """
    with token.writing() as session:
        names = new_names(session, label, ObjectClass.SECRET_KEY)
        session.generate_key(Ckk.GENERIC_SECRET, 256, template={**names, **_length(32), **MAC_KEY_MADE})


def _length(count: int) -> dict[Attribute, int]:
    return {Attribute.VALUE_LEN: count}


def new_names(session: Any, label: str, kind: ObjectClass) -> dict[Attribute, Any]:
    """Return label and a random identifier for a new key.

    Raises:
        LabelTaken: there is one with this label.
        PKCS11Error: the token does not answer.
    """
    if list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label})):
        raise LabelTaken(label)
    return {Attribute.LABEL: label, Attribute.ID: session.generate_random(128)}


def find(session: Any, label: str, kind: ObjectClass) -> Any:
    """Return the one object of a class with this label, whose identifier no other of the class has.

    Raises:
        KeyNotFound: there is none.
        KeyNotUnique: there is a second with the label or with the identifier.
        PKCS11Error: the token does not answer.
    """
    found = list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label}))
    if not found:
        raise KeyNotFound(f"no {kind.name} {label!r}")
    key = found[0]
    same_id = list(session.get_objects({Attribute.CLASS: kind, Attribute.ID: key[Attribute.ID]}))
    if len(found) > 1 or len(same_id) > 1:
        raise KeyNotUnique(f"{len(found)} {kind.name} {label!r}, {len(same_id)} with its identifier")
    return key


class TokenSigningKey:
    """A permanent private key (a `hsm.ports.SigningKey`), loaded when first used."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label
        self._generation = -1
        self._handle: Any = None
        self._key_type = KeyType.EC_P256
        self._public_key_der = b""

    @property
    def key_type(self) -> KeyType:
        """What kind of key it is."""
        self._loaded()
        return self._key_type

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        self._loaded()
        return self._public_key_der

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

        Raises:
            AlgorithmMismatch: the algorithm does not belong to the key, or the digest not to the algorithm.
            HsmUnavailable: the token does not answer.
        """
        handle = self._loaded()
        try:
            return signing.sign(handle, self._key_type, dtbsr, algorithm)
        except PKCS11Error as error:
            raise self._token.lost(error) from error

    def _loaded(self) -> Any:
        generation = self._token.generation()
        if generation != self._generation:
            try:
                self._load(self._token.session())
            except PKCS11Error as error:
                raise self._token.lost(error) from error
            self._generation = generation
        return self._handle

    def _load(self, session: Any) -> None:
        private = find(session, self._label, ObjectClass.PRIVATE_KEY)
        public = find(session, self._label, ObjectClass.PUBLIC_KEY)
        key_type = _type_of(public)
        compare(private, private_key_found(key_type), self._label)
        compare(public, public_key_found(key_type), self._label)
        public_key_der = public_keys.spki_der(public, key_type)
        _prove(private, key_type, public_key_der)
        if self._public_key_der not in (b"", public_key_der):
            raise KeyAttributesWrong(f"{self._label}: another key than before")
        self._handle, self._key_type, self._public_key_der = private, key_type, public_key_der


def _prove(private: Any, key_type: KeyType, public_key_der: bytes) -> None:
    """Check that the two halves belong together: a public key is no secret, and may have been put there by another."""
    algorithm = key_type.algorithms[0]
    dtbsr = Dtbsr(algorithm.hash, algorithm.hash.new(_PROBE).digest())
    public_keys.verify(public_key_der, signing.sign(private, key_type, dtbsr, algorithm), dtbsr, algorithm)


def _type_of(public: Any) -> KeyType:
    for key_type in KeyType:
        if public[Attribute.KEY_TYPE] == ckk(key_type) and _size_matches(public, key_type):
            return key_type
    raise KeyAttributesWrong("neither a curve nor a length that is used here")


def _size_matches(public: Any, key_type: KeyType) -> bool:
    attribute = Attribute.MODULUS_BITS if key_type.is_rsa else Attribute.EC_PARAMS
    return bool(public[attribute] == public_key_made(key_type)[attribute])


class TokenMacKey:
    """A permanent HMAC-SHA-256 key (a `hsm.ports.MacKey`), loaded when first used."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label
        self._generation = -1
        self._handle: Any = None
        self._key_id = ""

    @property
    def key_id(self) -> str:
        """The label and 64 bits of the MAC over a constant, in hexadecimal: tells the key from its successor."""
        self._loaded()
        return self._key_id

    def mac(self, data: bytes) -> bytes:
        """Return the 32-byte HMAC-SHA-256 of `data`.

        Raises:
            HsmUnavailable: the token does not answer.
        """
        handle = self._loaded()
        try:
            return _mac(handle, data)
        except PKCS11Error as error:
            raise self._token.lost(error) from error

    def _loaded(self) -> Any:
        generation = self._token.generation()
        if generation != self._generation:
            try:
                self._load(self._token.session())
            except PKCS11Error as error:
                raise self._token.lost(error) from error
            self._generation = generation
        return self._handle

    def _load(self, session: Any) -> None:
        handle = find(session, self._label, ObjectClass.SECRET_KEY)
        compare(handle, MAC_KEY_FOUND, self._label)
        key_id = f"{self._label}:{_mac(handle, _CHECKED)[:8].hex()}"
        if self._key_id not in ("", key_id):
            raise KeyAttributesWrong(f"{self._label}: another key than before")
        self._handle, self._key_id = handle, key_id


def _mac(handle: Any, data: bytes) -> bytes:
    value: bytes = handle.sign(data, mechanism=MAC_MECHANISM, buffer_size=hashlib.sha256().digest_size)
    return value
