"""The HSM's ports on keys in memory, for tests that must run in milliseconds. It counts every use of a key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.types import Dtbsr
from hsm.errors import AlgorithmMismatch, HsmUnavailable, UnwrapRefused, WrongWrappingKey
from hsm.ports import WrappedKey

_HASHES = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


def _generate(key_type: KeyType) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if key_type is KeyType.EC_P256:
        return ec.generate_private_key(ec.SECP256R1())
    if key_type is KeyType.EC_P384:
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(65537, key_type.bits)


class SoftwareSigningKey:
    """A signing key in memory."""

    def __init__(self, key_type: KeyType, private_key=None, count=None) -> None:
        self.key_type = key_type
        self.private_key = private_key or _generate(key_type)
        self._count = count if count is not None else []

    @property
    def public_key_der(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        if algorithm not in self.key_type.algorithms or dtbsr.algorithm is not algorithm.hash:
            raise AlgorithmMismatch(algorithm.name)
        self._count.append(dtbsr.value)
        hashing = Prehashed(_HASHES[dtbsr.algorithm])
        if isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            return self.private_key.sign(dtbsr.value, ec.ECDSA(hashing))
        if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return self.private_key.sign(dtbsr.value, scheme, hashing)
        return self.private_key.sign(dtbsr.value, padding.PKCS1v15(), hashing)


class SoftwareMacKey:
    """An HMAC key in memory."""

    def __init__(self, label: str) -> None:
        self.key_id = f"{label}:software"
        self._key = hashlib.sha256(label.encode()).digest()

    def mac(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")


class SoftwareVault:
    """A vault in memory. `uses` has every digest that met a key; `broken` makes it fail as a lost token would."""

    def __init__(self, key_id: str = "wrap:software") -> None:
        self.key_id = key_id
        self.uses: list[bytes] = []
        self.broken = False
        self.faulty = False

    def generate(self, key_type: KeyType) -> WrappedKey:
        self._check()
        key = SoftwareSigningKey(key_type)
        clear = key.private_key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return WrappedKey(key_type, key.public_key_der, clear, self.key_id)

    @contextmanager
    def unwrapped(self, key: WrappedKey) -> Iterator[SoftwareSigningKey]:
        self._check()
        if key.wrapping_key_id != self.key_id:
            raise WrongWrappingKey(key.wrapping_key_id)
        try:
            private_key = serialization.load_der_private_key(key.wrapped, None)
        except (ValueError, TypeError) as error:
            raise UnwrapRefused(str(error)) from error
        lent = SoftwareSigningKey(key.key_type, private_key, self.uses)
        if self.faulty:
            honest = lent.sign
            lent.sign = lambda dtbsr, algorithm: honest(Dtbsr(dtbsr.algorithm, bytes(32)), algorithm)  # type: ignore[method-assign]
        yield lent

    def _check(self) -> None:
        if self.broken:
            raise HsmUnavailable("no token")
