"""A token's public key object as SubjectPublicKeyInfo."""

from __future__ import annotations

from typing import Any

from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute

from core.algorithms import KeyType

_CURVES = {KeyType.EC_P256: ec.SECP256R1(), KeyType.EC_P384: ec.SECP384R1()}


def public_key_der(key: Any, key_type: KeyType) -> bytes:
    """Return the SubjectPublicKeyInfo, DER, of a public key handle."""
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if key_type.is_rsa:
        exponent = int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big")
        public_key = rsa.RSAPublicNumbers(exponent, int.from_bytes(key[Attribute.MODULUS], "big")).public_key()
    else:
        point = OctetString.load(key[Attribute.EC_POINT]).native
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[key_type], point)
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
