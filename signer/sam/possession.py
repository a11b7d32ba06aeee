"""Proof that a new key is held here: a certification request that the key itself signs. Source: RFC 2986 §4.

The key that signs is unwrapped from what the record will keep, so that a key which cannot be used later is not
certified in the first place. The request names nobody: whose the key is, the CA learns from the attestation alone.
"""

from __future__ import annotations

from typing import Final

from core.algorithms import SignatureAlgorithm
from core.cms import signature_identifier
from core.der import BIT_STRING, INTEGER, SEQUENCE, tlv
from core.types import Dtbsr
from hsm.ports import KeyVault, WrappedKey
from signer.sam.signatures import check_with_key

_VERSION: Final = tlv(INTEGER, b"\x00")
_NOBODY: Final = tlv(SEQUENCE)
_NO_ATTRIBUTES: Final = tlv(b"\xa0")  # [0] IMPLICIT SET OF Attribute
_NO_UNUSED_BITS: Final = b"\x00"


def certification_request(vault: KeyVault, key: WrappedKey) -> bytes:
    """Return a PKCS#10 (DER) for a key, signed with it.

    Raises:
        SignatureFaulty: the token's signature does not verify.
        HsmError: the key cannot be used.
    """
    algorithm = SignatureAlgorithm.RSA_PKCS1_SHA256 if key.key_type.is_rsa else key.key_type.algorithms[0]
    info = tlv(SEQUENCE, _VERSION, _NOBODY, key.public_key_der, _NO_ATTRIBUTES)
    dtbsr = Dtbsr(algorithm.hash, algorithm.hash.new(info).digest())
    with vault.unwrapped(key) as signing_key:
        signature = signing_key.sign(dtbsr, algorithm)
    check_with_key(key.public_key_der, algorithm, dtbsr, signature)
    return tlv(SEQUENCE, info, signature_identifier(algorithm), tlv(BIT_STRING, _NO_UNUSED_BITS, signature))
