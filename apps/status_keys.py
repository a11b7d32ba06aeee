"""The keys of the `status` zone and their certificates: made by `paraph init`, certificates renewed by the same call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from apps.files import replace_secret
from ca.protocol import CertifyService, IssuedCertificate
from ca.status_parts import OCSP_CERTIFICATE, TSU_CERTIFICATE
from core.algorithms import KeyType
from hsm.keys import TokenSigningKey, generate_key_pair
from hsm.x509_keys import x509_key

if TYPE_CHECKING:
    from hsm.session import Token

TOKEN_LABEL: Final = "paraph-status"  # noqa: S105  # a name, not a secret
OCSP_KEY: Final = "ocsp"
TSU_KEY: Final = "tsu"

Part = Literal["ocsp", "tsu"]
_PARTS: Final[dict[Part, tuple[str, str, str]]] = {  # label of the key, common name, file of the certificate
    "ocsp": (OCSP_KEY, "TEST OCSP Responder 1", OCSP_CERTIFICATE),
    "tsu": (TSU_KEY, "TEST Time-Stamping Unit 1", TSU_CERTIFICATE),
}


def make_status_keys(token: Token) -> None:
    """Make the key of each part.

    Raises:
        LabelTaken: the token has it.
        HsmUnavailable: the token does not answer.
    """
    for label, _name, _file in _PARTS.values():
        generate_key_pair(token, label, KeyType.EC_P256)


def certify_part(
    part: Part, folder: Path, token: Token, certify: Callable[[CertifyService], IssuedCertificate]
) -> x509.Certificate:
    """Have the authority certify the key of a part, and put the certificate where the zone finds it.

    The running zone takes the new certificate with its next answer.

    Raises:
        DomainError: the authority refuses; the certificate in use stays.
        HsmUnavailable: the token does not answer.
    """
    label, common_name, file = _PARTS[part]
    key = x509_key(TokenSigningKey(token, label))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
    issued = certify(CertifyService(part, request.public_bytes(Encoding.DER)))
    certificate = x509.load_der_x509_certificate(issued.certificate)
    replace_secret(folder / file, certificate.public_bytes(Encoding.PEM))
    return certificate
