"""Having the authority certify a key of the service itself, against a PKCS#10 signed with that key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from apps.files import replace_secret
from ca.protocol import IssuedCertificate, ServiceKind
from hsm.keys import TokenSigningKey
from hsm.x509_keys import x509_key

Certify = Callable[[ServiceKind, bytes], IssuedCertificate]  # for a PKCS#10 in DER


def certify_key(
    kind: ServiceKind, common_name: str, key: TokenSigningKey, path: Path, certify: Certify
) -> x509.Certificate:
    """Have a key certified, and put the certificate (PEM) where its zone finds it.

    Raises:
        DomainError: the authority refuses; the certificate in use stays.
        HsmUnavailable: the token does not answer.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder(subject).sign(x509_key(key), hashes.SHA256())
    issued = certify(kind, request.public_bytes(Encoding.DER))
    certificate = x509.load_der_x509_certificate(issued.certificate)
    replace_secret(path, certificate.public_bytes(Encoding.PEM))
    return certificate
