"""A token key as a private key of the cryptography library, so that its X.509, CRL and OCSP builders sign through PKCS#11.

Only what the builders use works: the public key and `sign()`. All that would need the private value is refused.
"""

from __future__ import annotations

from typing import Any, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.types import Dtbsr
from hsm.errors import AlgorithmMismatch
from hsm.ports import SigningKey


def x509_key(key: SigningKey) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """Return a key object for cryptography's builders; give them the hash of the key's algorithm."""
    return _TokenRsaKey(key) if key.key_type.is_rsa else _TokenEcKey(key)


def _dtbsr(data: bytes, algorithm: Any) -> Dtbsr:
    if isinstance(algorithm, Prehashed):
        return Dtbsr(HashAlgorithm[algorithm._algorithm.name.upper()], data)  # noqa: SLF001  # it has no accessor
    ours = HashAlgorithm[algorithm.name.upper()]
    return Dtbsr(ours, ours.new(data).digest())


class _InToken:
    """What every key in a token refuses."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def private_numbers(self) -> NoReturn:
        raise AlgorithmMismatch("the private key does not leave the token")

    def private_bytes(self, *_args: object, **_named: object) -> NoReturn:
        raise AlgorithmMismatch("the private key does not leave the token")

    def exchange(self, *_args: object, **_named: object) -> NoReturn:
        raise AlgorithmMismatch("a signing key does nothing else")

    def decrypt(self, *_args: object, **_named: object) -> NoReturn:
        raise AlgorithmMismatch("a signing key does nothing else")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memo: object) -> Any:
        return self


class _TokenEcKey(_InToken, ec.EllipticCurvePrivateKey):
    def public_key(self) -> ec.EllipticCurvePublicKey:
        public_key = load_der_public_key(self._key.public_key_der)
        assert isinstance(public_key, ec.EllipticCurvePublicKey)  # x509_key() chose by the key's type
        return public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.public_key().curve

    @property
    def key_size(self) -> int:
        return self._key.key_type.bits

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        dtbsr = _dtbsr(data, signature_algorithm.algorithm)
        return self._key.sign(dtbsr, SignatureAlgorithm[f"ECDSA_{dtbsr.algorithm.name}"])


class _TokenRsaKey(_InToken, rsa.RSAPrivateKey):
    def public_key(self) -> rsa.RSAPublicKey:
        public_key = load_der_public_key(self._key.public_key_der)
        assert isinstance(public_key, rsa.RSAPublicKey)  # x509_key() chose by the key's type
        return public_key

    @property
    def key_size(self) -> int:
        return self._key.key_type.bits

    def sign(
        self,
        data: Any,
        padding_: padding.AsymmetricPadding,
        algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo,
    ) -> bytes:
        dtbsr = _dtbsr(data, algorithm)
        scheme = "PSS" if isinstance(padding_, padding.PSS) else "PKCS1"
        return self._key.sign(dtbsr, SignatureAlgorithm[f"RSA_{scheme}_{dtbsr.algorithm.name}"])
