"""Proof that the issuing key works: a signature over a fresh value that nobody outside sees, checked with the certificate."""

from __future__ import annotations

from ca import public_keys
from ca.draft import HASHES, Issuer
from ca.signing import SignatureUnusable
from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.canonical import encode
from core.entropy import Entropy
from core.types import Dtbsr
from hsm.ports import SigningKey


class Probe:
    """Has the issuing key sign something."""

    def __init__(self, issuer: Issuer, key: SigningKey, entropy: Entropy) -> None:
        self._issuer = issuer
        self._key = key
        self._entropy = entropy

    def sign_and_verify(self) -> None:
        """Check that the token's key is the certified one and works.

        Raises:
            SignatureUnusable: it is another key, or its signature is faulty.
            HsmUnavailable: the token does not answer.
        """
        # With a domain label no to-be-signed certificate begins with, and never shown: a probe is no blank signature.
        data = encode("paraph ca probe v1", {"nonce": self._entropy.token_bytes(32)})
        hashing = self._issuer.hash(HashAlgorithm.SHA256)
        kind = "RSA_PKCS1" if public_keys.key_type(self._issuer.public_key).is_rsa else "ECDSA"
        dtbsr = Dtbsr(hashing, hashing.new(data).digest())
        signature = self._key.sign(dtbsr, SignatureAlgorithm[f"{kind}_{hashing.name}"])
        if not public_keys.verifies(self._issuer.public_key, signature, data, HASHES[hashing]):
            raise SignatureUnusable("probe")
