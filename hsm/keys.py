"""Permanent keys of a token: signing keys that are never extractable, and MAC keys."""

from __future__ import annotations

from typing import Any

from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from core.algorithms import KeyType as OurKeyType
from core.algorithms import SignatureAlgorithm
from core.types import Dtbsr
from hsm import signing
from hsm.errors import KeyNotFound
from hsm.mechanisms import CURVES, MAC_KEY, MAC_KEY_READ, P11_TYPES, SIGNING_KEY, SIGNING_KEY_READ, Attributes
from hsm.objects import check_free, find_key
from hsm.public_keys import public_key_der
from hsm.session import Token

_ID_BITS = 64
_CHECKED = b"paraph key check v1"


def new_key_pair(session: Any, key_type: OurKeyType, private: Attributes, **named: Any) -> tuple[Any, Any]:
    """Return the public and private handle of a key pair made in the token."""
    public: Attributes = {Attribute.VERIFY: True, Attribute.ENCRYPT: False, Attribute.WRAP: False}
    templates = {"public_template": public, "private_template": private}
    if key_type.is_rsa:
        pair = session.generate_keypair(KeyType.RSA, key_type.bits, **templates, **named)
    else:
        curve = session.create_domain_parameters(
            P11_TYPES[key_type], {Attribute.EC_PARAMS: CURVES[key_type]}, local=True
        )
        pair = curve.generate_keypair(**templates, **named)
    return pair[0], pair[1]


def generate_key_pair(token: Token, label: str, key_type: OurKeyType) -> bytes:
    """Make a permanent signing key pair; return its SubjectPublicKeyInfo, DER.

    Raises:
        KeyNotFound: the label is taken.
    """

    def generate(session: Any) -> bytes:
        check_free(session, label)
        name = session.generate_random(_ID_BITS)
        public, _ = new_key_pair(session, key_type, SIGNING_KEY, id=name, label=label, store=True)
        return public_key_der(public, key_type)

    return token.use(generate)


def generate_mac_key(token: Token, label: str) -> None:
    """Make a permanent HMAC-SHA-256 key.

    Raises:
        KeyNotFound: the label is taken.
    """

    def generate(session: Any) -> None:
        check_free(session, label)
        name = session.generate_random(_ID_BITS)
        session.generate_key(KeyType.GENERIC_SECRET, 256, id=name, label=label, store=True, template=MAC_KEY)

    token.use(generate)


class TokenSigningKey:
    """A permanent signing key (a `hsm.ports.SigningKey`)."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label

    @property
    def key_type(self) -> OurKeyType:
        """What kind of key it is."""
        return self._token.use(self._public)[0]

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self._token.use(self._public)[1]

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over a digest: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

        Raises:
            AlgorithmMismatch: the algorithm does not belong to the key, or the digest not to the algorithm.
            HsmUnavailable: the token does not answer.
        """
        key_type = self.key_type
        return self._token.use(lambda session: signing.sign(self._private(session), key_type, dtbsr, algorithm))

    def _private(self, session: Any) -> Any:
        return _cached(self._token, session, self._label, ObjectClass.PRIVATE_KEY, SIGNING_KEY_READ)

    def _public(self, session: Any) -> tuple[OurKeyType, bytes]:
        place = (self._label, "spki")
        if place not in self._token.cache:
            public = find_key(session, ObjectClass.PUBLIC_KEY, self._label, {})
            key_type = _type_of(public, self._label)
            self._token.cache[place] = key_type, public_key_der(public, key_type)
        found: tuple[OurKeyType, bytes] = self._token.cache[place]
        return found


class TokenMacKey:
    """A permanent HMAC key (a `hsm.ports.MacKey`)."""

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label

    @property
    def key_id(self) -> str:
        """The label with a check value: four bytes of a MAC over a constant, in hex."""
        return f"{self._label}:{self.mac(_CHECKED)[:4].hex()}"

    def mac(self, data: bytes) -> bytes:
        """Return the 32-byte HMAC-SHA-256 of `data`.

        Raises:
            HsmUnavailable: the token does not answer.
        """

        def compute(session: Any) -> bytes:
            key = _cached(self._token, session, self._label, ObjectClass.SECRET_KEY, MAC_KEY_READ)
            result: bytes = key.sign(data, mechanism=Mechanism.SHA256_HMAC)
            return result

        return self._token.use(compute)


def _cached(token: Token, session: Any, label: str, object_class: ObjectClass, expected: Attributes) -> Any:
    place = (label, object_class)
    if place not in token.cache:
        token.cache[place] = find_key(session, object_class, label, expected)
    return token.cache[place]


def _type_of(public: Any, label: str) -> OurKeyType:
    if public.key_type is KeyType.RSA:
        bits = int.from_bytes(public[Attribute.MODULUS], "big").bit_length()
        known = {each.bits: each for each in OurKeyType if each.is_rsa}
        if bits in known:
            return known[bits]
    for key_type, curve in CURVES.items():
        if public.key_type is KeyType.EC and public[Attribute.EC_PARAMS] == curve:
            return key_type
    raise KeyNotFound(f"{label}: a key of a kind that is not used here")
