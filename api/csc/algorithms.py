"""Which signature algorithm a request names, in the several ways CSC allows (CSC API v2 §11).

An OID may fix the hash (ecdsa-with-SHA256), or leave it to hashAlgorithmOID (ecPublicKey, rsaEncryption), or to
signAlgoParams (RSASSA-PSS). Whatever is said twice must agree.
"""

from __future__ import annotations

import base64
from typing import Final

from api.refusals import HashContradictsAlgorithm, InvalidParameter, MissingParameter
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.errors import UnknownAlgorithm

RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
PSS_SHA256_PARAMETERS: Final = "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg"
NULL_PARAMETERS: Final = "BQA="  # DER NULL, the parameters of RSASSA-PKCS1-v1_5

_PSS: Final = SignatureAlgorithm.RSA_PSS_SHA256
_COMBINED: Final = {algorithm.oid: algorithm for algorithm in SignatureAlgorithm if algorithm is not _PSS}
_GENERIC: Final = {
    (EC_PUBLIC_KEY if algorithm.name.startswith("ECDSA") else RSA_ENCRYPTION, algorithm.hash): algorithm
    for algorithm in _COMBINED.values()
}
# SHA-256, MGF1 with SHA-256, salt of 32 bytes; the hash identifiers with NULL parameters, and without (RFC 4055 §2.1)
_PSS_SHA256: Final = frozenset(
    {
        base64.b64decode(PSS_SHA256_PARAMETERS),
        bytes.fromhex(
            "3030a00d300b0609608648016503040201a11a301806092a864886f70d010108300b0609608648016503040201a203020120"
        ),
    }
)


def chosen(sign_algo: str, parameters: str | None, hash_oid: str | None) -> SignatureAlgorithm:
    """Return the algorithm that signAlgo, signAlgoParams and hashAlgorithmOID name together.

    Raises:
        MissingParameter: the hash is left open.
        InvalidParameter: one of them is not supported.
        HashContradictsAlgorithm: they name different hashes.
    """
    stated = None if hash_oid is None else _hash(hash_oid)
    if sign_algo == _PSS.oid:
        algorithm = _pss(parameters)
    else:
        _check_parameters(sign_algo, parameters)
        algorithm = _COMBINED.get(sign_algo) or _generic(sign_algo, stated)
    if stated not in {None, algorithm.hash}:
        raise HashContradictsAlgorithm
    return algorithm


def key_algorithms(key_type: KeyType) -> list[str]:
    """Return the OIDs a key may be used with: those that fix the hash first, the generic one last."""
    return [algorithm.oid for algorithm in key_type.algorithms] + [RSA_ENCRYPTION if key_type.is_rsa else EC_PUBLIC_KEY]


def algorithm_parameters(key_type: KeyType) -> list[str]:
    """Return signAlgoParams for each of `key_algorithms`, base64 DER; none when no algorithm has any."""
    if not key_type.is_rsa:
        return []
    return [PSS_SHA256_PARAMETERS if oid == _PSS.oid else NULL_PARAMETERS for oid in key_algorithms(key_type)]


def _hash(oid: str) -> HashAlgorithm:
    try:
        return HashAlgorithm.from_oid(oid)
    except UnknownAlgorithm as error:
        raise InvalidParameter("hashAlgorithmOID") from error


def _generic(oid: str, stated: HashAlgorithm | None) -> SignatureAlgorithm:
    if oid not in {EC_PUBLIC_KEY, RSA_ENCRYPTION}:
        raise InvalidParameter("signAlgo")
    if stated is None:
        raise MissingParameter("hashAlgorithmOID")
    algorithm = _GENERIC.get((oid, stated))
    if algorithm is None:
        raise InvalidParameter("hashAlgorithmOID")
    return algorithm


def _pss(parameters: str | None) -> SignatureAlgorithm:
    if parameters is None:  # the ASN.1 defaults would mean SHA-1 (attack T12)
        raise MissingParameter("signAlgoParams")
    if _decoded(parameters) not in _PSS_SHA256:
        raise InvalidParameter("signAlgoParams")
    return _PSS


def _check_parameters(oid: str, parameters: str | None) -> None:
    if parameters is None:
        return
    rsa = oid == RSA_ENCRYPTION or oid.startswith("1.2.840.113549.")
    if not (rsa and parameters == NULL_PARAMETERS):
        raise InvalidParameter("signAlgoParams")


def _decoded(parameters: str) -> bytes:
    try:
        return base64.b64decode(parameters, validate=True)
    except ValueError as error:
        raise InvalidParameter("signAlgoParams") from error
