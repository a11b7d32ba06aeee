"""Which public keys may be certified. Source: ETSI TS 119 312 v2.1.1."""

from __future__ import annotations

from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ca.protocol import KeyRefused
from core.algorithms import HashAlgorithm, KeyType

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_LEAST_RSA_BITS: Final = 3000  # new certificates with shorter ones end with 2026
_CURVES: Final = {"secp256r1": KeyType.EC_P256, "secp384r1": KeyType.EC_P384}
_RSA: Final = {3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}


def load(der: bytes) -> PublicKey:
    """Return the public key of a SubjectPublicKeyInfo.

    Raises:
        KeyRefused: it may not be certified, or has a second encoding beside this one (which would pass for a new key).
    """
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # also a point that is not on its curve
        raise KeyRefused(str(error)) from error
    public_key = narrowed(key)
    if encoded(public_key) != der:
        raise KeyRefused("not the one DER encoding of this key")
    return public_key


def narrowed(key: PublicKeyTypes) -> PublicKey:
    """Return a key that may be certified, with a narrower type.

    Raises:
        KeyRefused: it may not.
    """
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise KeyRefused("neither RSA nor an elliptic curve key on P-256 or P-384")
    return key


def key_type(key: PublicKey) -> KeyType:
    """Return the type of a key that `load` or `narrowed` let pass."""
    return _RSA[key.key_size] if isinstance(key, rsa.RSAPublicKey) else _CURVES[key.curve.name]


def encoded(key: PublicKey) -> bytes:
    """Return the SubjectPublicKeyInfo, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def identifier(key: PublicKey) -> str:
    """Return the SHA-256 of the SubjectPublicKeyInfo, hex: by which records and the feed name an authority."""
    return HashAlgorithm.SHA256.new(encoded(key)).hexdigest()


def verifies(key: PublicKey, signature: bytes, data: bytes, hashing: hashes.HashAlgorithm) -> bool:
    """Return whether `signature` is this key's over `data`: RSA as PKCS#1 v1.5, ECDSA as DER."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashing)
        else:
            key.verify(signature, data, ec.ECDSA(hashing))
    except InvalidSignature:
        return False
    return True


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    if key.key_size < _LEAST_RSA_BITS:
        raise KeyRefused(f"RSA with {key.key_size} bits: TS 119 312 wants {_LEAST_RSA_BITS} or more")
    if key.key_size not in _RSA:
        raise KeyRefused(f"RSA with {key.key_size} bits: 3072 or 4096 are used")
    if key.public_numbers().e != 65537:
        raise KeyRefused("public exponent is not 65537")
