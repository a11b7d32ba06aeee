"""A signature by a private key handle, whatever kind of key it is. Lengths are checked here again (attacks I5, I6)."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from core.algorithms import KeyType, SignatureAlgorithm
from core.types import Dtbsr
from hsm.errors import AlgorithmMismatch
from hsm.mechanisms import block_to_sign, sign_arguments


def check_algorithm(key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> None:
    """Check that key, digest and algorithm belong together.

    Raises:
        AlgorithmMismatch: they do not.
    """
    if algorithm not in key_type.algorithms:
        raise AlgorithmMismatch(f"{algorithm.name} with {key_type.value}")
    if dtbsr.algorithm is not algorithm.hash or len(dtbsr.value) != algorithm.hash.size:
        raise AlgorithmMismatch(f"{algorithm.name} with a digest of {dtbsr.algorithm.name}")


def sign(handle: Any, key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
    """Return the signature: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

    Raises:
        AlgorithmMismatch: key, digest and algorithm do not belong together.
    """
    check_algorithm(key_type, dtbsr, algorithm)
    signature: bytes = handle.sign(block_to_sign(algorithm, dtbsr.value), **sign_arguments(algorithm))
    if key_type.is_rsa:
        return signature
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
