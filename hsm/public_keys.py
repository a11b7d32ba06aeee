"""The public half of a token's key pair, as SubjectPublicKeyInfo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto.core import OctetString
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from hsm.errors import HsmError, KeyAttributesWrong

if TYPE_CHECKING:
    from core.types import Dtbsr

CURVES = {KeyType.EC_P256: ec.SECP256R1(), KeyType.EC_P384: ec.SECP384R1()}
HASHES = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


def spki_der(handle: Any, key_type: KeyType) -> bytes:
    """Return a public key object as SubjectPublicKeyInfo, DER.

    Raises:
        KeyAttributesWrong: it holds no point of the curve, or no modulus of the length.
        PKCS11Error: the token does not answer.
    """
    try:
        public = _rsa(handle, key_type) if key_type.is_rsa else _ec(handle, key_type)
    except ValueError as error:
        raise KeyAttributesWrong(f"not a {key_type.value} public key: {error}") from error
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _ec(handle: Any, key_type: KeyType) -> ec.EllipticCurvePublicKey:
    point = bytes(OctetString.load(handle[Attribute.EC_POINT], strict=True).native)
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[key_type], point)


def _rsa(handle: Any, key_type: KeyType) -> rsa.RSAPublicKey:
    modulus = int.from_bytes(handle[Attribute.MODULUS], "big")
    if modulus.bit_length() != key_type.bits:
        raise ValueError(f"{modulus.bit_length()} bits")
    return rsa.RSAPublicNumbers(int.from_bytes(handle[Attribute.PUBLIC_EXPONENT], "big"), modulus).public_key()


def verify(public_key_der: bytes, signature: bytes, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> None:
    """Check a signature over a digest.

    Raises:
        HsmError: it is not this key's signature over this digest.
    """
    public = load_der_public_key(public_key_der)
    hashed = Prehashed(HASHES[dtbsr.algorithm])
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, dtbsr.value, ec.ECDSA(hashed))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, dtbsr.value, _padding(algorithm), hashed)
        else:
            raise HsmError("neither RSA nor EC")
    except InvalidSignature:
        raise HsmError("the key's signature does not verify under its public key") from None


def _padding(algorithm: SignatureAlgorithm) -> padding.PSS | padding.PKCS1v15:
    if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
        hashed = HASHES[algorithm.hash]
        return padding.PSS(padding.MGF1(hashed), hashed.digest_size)
    return padding.PKCS1v15()
