"""Signing a digest, the same for permanent and for unwrapped keys.

The rules (attacks I5, I6), checked here once more whatever was checked before: only a `Dtbsr` is signed, never another
kind of digest; its length is its algorithm's; the algorithm belongs to the key, which fixes the hash of a curve; and the
DigestInfo of RSA PKCS#1 is built here, so that nobody hands in a block of their own. The token itself would sign anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Mechanism

from core.types import Dtbsr
from hsm.errors import AlgorithmMismatch, HsmError
from hsm.mechanisms import DIGEST_INFO, MECHANISM

if TYPE_CHECKING:
    from core.algorithms import KeyType, SignatureAlgorithm


def check_fits(key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> None:
    """Check that key, digest and algorithm belong together.

    Raises:
        AlgorithmMismatch: they do not.
    """
    if type(dtbsr) is not Dtbsr:
        raise AlgorithmMismatch(f"a {type(dtbsr).__name__} is not a DTBS/R")
    if algorithm not in key_type.algorithms:
        raise AlgorithmMismatch(f"{algorithm.value} with a {key_type.value} key")
    if dtbsr.algorithm is not algorithm.hash:
        raise AlgorithmMismatch(f"a {dtbsr.algorithm.name} digest for {algorithm.value}")
    if len(dtbsr.value) != dtbsr.algorithm.size:
        raise AlgorithmMismatch(f"{len(dtbsr.value)} bytes for {dtbsr.algorithm.name}")


def sign(handle: Any, key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
    """Return the signature of the key behind `handle`: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

    Raises:
        AlgorithmMismatch: key, digest and algorithm do not belong together.
        PKCS11Error: the token refused.
    """
    check_fits(key_type, dtbsr, algorithm)
    mechanism, parameter = MECHANISM[algorithm]
    data = dtbsr.value if mechanism is not Mechanism.RSA_PKCS else DIGEST_INFO[dtbsr.algorithm] + dtbsr.value
    # The binding makes a buffer of 8 kB for each call unless told the length of a signature.
    raw: bytes = handle.sign(data, mechanism=mechanism, mechanism_param=parameter, buffer_size=512)
    if len(raw) != signature_size(key_type):
        raise HsmError(f"a signature of {len(raw)} bytes")
    return raw if key_type.is_rsa else _ecdsa_der(raw)


def signature_size(key_type: KeyType) -> int:
    """Return the length of what the token returns: the modulus, or r and s side by side."""
    return key_type.bits // 8 if key_type.is_rsa else key_type.bits // 4


def _ecdsa_der(raw: bytes) -> bytes:
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
