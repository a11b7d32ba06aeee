"""From a linted certificate to a signed one."""

from __future__ import annotations

from cryptography import x509

from ca.lint import LintedTbs
from ca.public_keys import PublicKey, verifies
from core.errors import DomainError
from hsm.ports import SigningKey
from hsm.x509_keys import x509_key


class SignatureUnusable(DomainError):
    """What the token gave is not the issuer's signature over the linted bytes; it is not handed out (attack Y8)."""


def sign(linted: LintedTbs, key: SigningKey) -> x509.Certificate:
    """Return the signed certificate: over the linted bytes and no others, checked with the issuer's public key.

    Raises:
        SignatureUnusable: wrong key, or a faulty signature.
        HsmUnavailable: the token does not answer.
    """
    draft = linted.draft
    certificate = draft.builder().sign(x509_key(key), draft.hash)
    if certificate.tbs_certificate_bytes != linted.tbs_der:
        raise SignatureUnusable("other bytes than were linted")
    check_signature(certificate, draft.issuer.public_key)
    return certificate


def check_signature(certificate: x509.Certificate, issuer_key: PublicKey) -> None:
    """Check a certificate's signature.

    Raises:
        SignatureUnusable: not made by this key over this certificate.
    """
    if certificate.signature_hash_algorithm is None:
        raise SignatureUnusable("no hash")
    if not verifies(
        issuer_key, certificate.signature, certificate.tbs_certificate_bytes, certificate.signature_hash_algorithm
    ):
        raise SignatureUnusable("signature does not verify")
