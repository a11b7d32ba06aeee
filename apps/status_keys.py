"""The keys of the `status` zone and their certificates: made by `paraph init`, certificates renewed by the same call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from apps.certification import Certify, certify_key
from ca.status_parts import OCSP_CERTIFICATE, TSU_CERTIFICATE
from core.algorithms import KeyType
from hsm.keys import TokenSigningKey, generate_key_pair

if TYPE_CHECKING:
    from cryptography import x509

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


def certify_part(part: Part, folder: Path, token: Token, certify: Certify) -> x509.Certificate:
    """Have the authority certify the key of a part, and put the certificate where the zone finds it.

    The running zone takes the new certificate with its next answer.

    Raises:
        DomainError: the authority refuses; the certificate in use stays.
        HsmUnavailable: the token does not answer.
    """
    label, common_name, file = _PARTS[part]
    return certify_key(part, common_name, TokenSigningKey(token, label), folder / file, certify)
