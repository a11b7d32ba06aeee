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
from hsm.mechanisms import RECIPES, SIGNATURE_SIZES

if TYPE_CHECKING:
    from core.algorithms import KeyType, SignatureAlgorithm
    from hsm.mechanisms import Recipe


def sign(handle: Any, key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
    """Return the signature of the key behind `handle`: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

    Raises:
        AlgorithmMismatch: key, digest and algorithm do not belong together.
        PKCS11Error: the token refused.
    """
    recipe = RECIPES[algorithm]
    _check_fits(key_type, dtbsr, algorithm, recipe)
    # The binding makes a buffer of 8 kB for each call unless told the length of the longest signature (RSA-4096).
    raw: bytes = handle.sign(
        recipe.prefix + dtbsr.value, mechanism=recipe.mechanism, mechanism_param=recipe.parameter, buffer_size=512
    )
    if len(raw) != SIGNATURE_SIZES[key_type]:
        raise HsmError(f"a signature of {len(raw)} bytes")
    return _ecdsa_der(raw) if recipe.mechanism is Mechanism.ECDSA else raw


def _check_fits(key_type: KeyType, dtbsr: Dtbsr, algorithm: SignatureAlgorithm, recipe: Recipe) -> None:
    if type(dtbsr) is not Dtbsr:
        raise AlgorithmMismatch(f"a {type(dtbsr).__name__} is not a DTBS/R")
    if algorithm not in key_type.algorithms:
        raise AlgorithmMismatch(f"{algorithm.value} with a {key_type.value} key")
    if dtbsr.algorithm is not recipe.hash:
        raise AlgorithmMismatch(f"a {dtbsr.algorithm.name} digest for {algorithm.value}")
    if len(dtbsr.value) != recipe.digest_size:
        raise AlgorithmMismatch(f"{len(dtbsr.value)} bytes for {recipe.hash.name}")


def _ecdsa_der(raw: bytes) -> bytes:
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
