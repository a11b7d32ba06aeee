"""The last check before a signature leaves: it verifies with the public key of the sealed certificate (attacks Y8, D1)."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from core.algorithms import HashAlgorithm as Hash
from core.algorithms import SignatureAlgorithm
from core.types import Dtbsr
from signer.sam.errors import SignatureFaulty
from signer.sam.records import CredentialRecord

_HASHES: dict[Hash, HashAlgorithm] = {Hash.SHA256: SHA256(), Hash.SHA384: SHA384(), Hash.SHA512: SHA512()}


def check_signature(record: CredentialRecord, algorithm: SignatureAlgorithm, dtbsr: Dtbsr, signature: bytes) -> None:
    """Check a signature with the credential's certificate.

    Raises:
        SignatureFaulty: it does not verify.
    """
    _check(_public_key(record.certificate or b""), algorithm, dtbsr, signature)


def check_with_key(public_key_der: bytes, algorithm: SignatureAlgorithm, dtbsr: Dtbsr, signature: bytes) -> None:
    """Check a signature with a bare public key (SubjectPublicKeyInfo, DER): of a key that has no certificate.

    Raises:
        SignatureFaulty: it does not verify.
    """
    _check(_known_kind(load_der_public_key(public_key_der)), algorithm, dtbsr, signature)


def _check(
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    algorithm: SignatureAlgorithm,
    dtbsr: Dtbsr,
    signature: bytes,
) -> None:
    hashing = _HASHES[dtbsr.algorithm]
    try:
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, dtbsr.value, ec.ECDSA(Prehashed(hashing)))
        else:
            public_key.verify(signature, dtbsr.value, _padding(algorithm, hashing), Prehashed(hashing))
    except InvalidSignature:
        raise SignatureFaulty(algorithm.name) from None


def _padding(algorithm: SignatureAlgorithm, hashing: HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
        return padding.PSS(padding.MGF1(hashing), hashing.digest_size)
    return padding.PKCS1v15()


@lru_cache(maxsize=1024)
def _public_key(certificate: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    return _known_kind(load_der_x509_certificate(certificate).public_key())


def _known_kind(public_key: object) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SignatureFaulty("a key of another kind")
    return public_key
