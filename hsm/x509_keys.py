"""A token's key as one of cryptography's private keys, so that its X.509, CRL, OCSP and CSR builders sign with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.types import Dtbsr
from hsm.errors import AlgorithmMismatch, HsmError

if TYPE_CHECKING:
    from hsm.ports import SigningKey


def x509_key(key: SigningKey) -> EcTokenKey | RsaTokenKey:
    """Return the key as cryptography knows private keys; it signs, and does nothing else."""
    return RsaTokenKey(key) if key.key_type.is_rsa else EcTokenKey(key)


class EcTokenKey(ec.EllipticCurvePrivateKey):
    """An EC key of a token."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Return the signature over `data`, DER.

        Raises:
            AlgorithmMismatch: another hash than the curve's, or a digest instead of data.
            HsmUnavailable: the token does not answer.
        """
        return _sign(self._key, bytes(data), signature_algorithm.algorithm, "ECDSA")

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half."""
        return cast(ec.EllipticCurvePublicKey, load_der_public_key(self._key.public_key_der))

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self.public_key().curve

    @property
    def key_size(self) -> int:
        """Length of the key, in bits."""
        return self._key.key_type.bits

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        """Refuse: the key signs only."""
        _refuse(algorithm, peer_public_key)

    def private_numbers(self) -> NoReturn:
        """Refuse: the value stays in the token."""
        _refuse()

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> NoReturn:  # noqa: A002  # theirs
        """Refuse: the value stays in the token."""
        _refuse(encoding, format, encryption_algorithm)

    def __copy__(self) -> EcTokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> EcTokenKey:
        return self


class RsaTokenKey(rsa.RSAPrivateKey):
    """An RSA key of a token."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        """Return the signature over `data`, a block as long as the modulus.

        Raises:
            AlgorithmMismatch: a padding or hash that is not used here, or a digest instead of data.
            HsmUnavailable: the token does not answer.
        """
        return _sign(self._key, bytes(data), algorithm, _scheme(padding, algorithm))

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public half."""
        return cast(rsa.RSAPublicKey, load_der_public_key(self._key.public_key_der))

    @property
    def key_size(self) -> int:
        """Length of the modulus, in bits."""
        return self._key.key_type.bits

    def decrypt(self, ciphertext: bytes, padding: Any) -> NoReturn:
        """Refuse: the key signs only."""
        _refuse(ciphertext, padding)

    def private_numbers(self) -> NoReturn:
        """Refuse: the value stays in the token."""
        _refuse()

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> NoReturn:  # noqa: A002  # theirs
        """Refuse: the value stays in the token."""
        _refuse(encoding, format, encryption_algorithm)

    def __copy__(self) -> RsaTokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> RsaTokenKey:
        return self


def _sign(key: SigningKey, data: bytes, chosen: Any, scheme: str) -> bytes:
    name = chosen.name.upper() if isinstance(chosen, hashes.HashAlgorithm) else ""
    try:
        hashed, algorithm = HashAlgorithm[name], SignatureAlgorithm[f"{scheme}_{name}"]
    except KeyError:
        raise AlgorithmMismatch(f"{scheme} with {name or type(chosen).__name__}") from None
    return key.sign(Dtbsr(hashed, hashed.new(data).digest()), algorithm)


def _scheme(chosen: Any, algorithm: Any) -> str:
    if isinstance(chosen, padding.PKCS1v15):
        return "RSA_PKCS1"
    # The token makes PSS with MGF1 over the same hash and a salt as long as it; another would be signed but not verify.
    if isinstance(chosen, padding.PSS) and _is_usual_pss(chosen, algorithm):
        return "RSA_PSS"
    raise AlgorithmMismatch(f"padding {type(chosen).__name__}")


def _is_usual_pss(chosen: Any, algorithm: Any) -> bool:
    mask, salt = chosen.mgf._algorithm, chosen._salt_length  # noqa: SLF001  # cryptography shows them nowhere else
    same_hash = isinstance(algorithm, hashes.HashAlgorithm) and mask.name == algorithm.name
    return same_hash and salt in (algorithm.digest_size, padding.PSS.DIGEST_LENGTH)


def _refuse(*_arguments: object) -> NoReturn:
    raise HsmError("a token's key signs, and does nothing else")
