"""The keys of the `status` zone and their certificates: made by `paraph init`, and made anew by `paraph ca ocsp|tsa`.

Each renewal has a key of its own, because the authority certifies no key twice and a time-stamping unit with another key
is another unit with another name (EN 319 421 §8.2). Name and key share a number: "TEST OCSP Responder 2" has the key
`ocsp-2`, so that the running zone finds the key to the certificate it finds.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from apps.certification import Certify, certify_key
from ca.addresses import FIRST
from ca.delegated import DelegationUnusable
from ca.status_parts import TSU_CERTIFICATE, ocsp_certificate
from core.algorithms import KeyType
from hsm.errors import LabelTaken
from hsm.keys import TokenSigningKey, generate_key_pair

if TYPE_CHECKING:
    from hsm.session import Token

TOKEN_LABEL: Final = "paraph-status"  # noqa: S105  # a name, not a secret

Part = Literal["ocsp", "tsu"]
PARTS: Final[tuple[Part, ...]] = ("ocsp", "tsu")
_NAMES: Final = {"ocsp": "TEST OCSP Responder", "tsu": "TEST Time-Stamping Unit"}
_FILES: Final = {"ocsp": ocsp_certificate(FIRST), "tsu": TSU_CERTIFICATE}


def certify_part(part: Part, folder: Path, token: Token, certify: Certify) -> x509.Certificate:
    """Make a new key for a part, have the authority certify it, and put the certificate where the zone finds it.

    The running zone works with the new key from its next answer on.

    Raises:
        DomainError: the authority refuses; certificate and key in use stay.
        HsmUnavailable: the token does not answer.
    """
    number = _new_key(part, token)
    key = TokenSigningKey(token, _label(part, number))
    return certify_key(part, f"{_NAMES[part]} {number}", key, folder / _FILES[part], certify)


def certificate_of(part: Part, folder: Path) -> x509.Certificate:
    """Return the certificate with which a part works.

    Raises:
        DelegationUnusable: it is missing or broken.
    """
    try:
        return x509.load_pem_x509_certificate((folder / _FILES[part]).read_bytes())
    except (OSError, ValueError) as error:
        raise DelegationUnusable(f"{folder / _FILES[part]}: {error}") from error


def key_of(token: Token, part: Part, certificate: x509.Certificate) -> TokenSigningKey:
    """Return the token's key that a certificate of a part is about.

    Raises:
        DelegationUnusable: it is no certificate of such a part.
    """
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        name, _, number = str(attribute.value).rpartition(" ")
        if name == _NAMES[part] and number.isdecimal():
            return TokenSigningKey(token, _label(part, int(number)))
    raise DelegationUnusable(f"not a certificate of {_NAMES[part]}")


def _label(part: Part, number: int) -> str:
    return part if number == 1 else f"{part}-{number}"


def _new_key(part: Part, token: Token) -> int:
    for number in count(1):
        try:
            generate_key_pair(token, _label(part, number), KeyType.EC_P256)
        except LabelTaken:
            continue
        return number
    raise AssertionError  # a count does not end
