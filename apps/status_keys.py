"""The keys of the `status` zone and their certificates: made by `paraph init`, and made anew by `paraph ca rotate`.

A rotated part has a key of its own: the authority certifies no key twice but a responder's, whose certificates are
short, and a time-stamping unit with another key is another unit with another name (EN 319 421 §8.2). Name and key share
a number: "TEST OCSP Responder 2" has the key `ocsp-2`, so that the running zone finds the key to the certificate it
finds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from apps.certification import Certify, certify_key
from ca.delegated import DelegationUnusable
from ca.status_parts import TSU_CERTIFICATE, ocsp_certificate
from core.addresses import FIRST
from core.algorithms import KeyType
from hsm.keys import TokenSigningKey, destroy_key_pair, generate_key_pair, key_labels

if TYPE_CHECKING:
    from hsm.session import Token

TOKEN_LABEL: Final = "paraph-status"  # noqa: S105  # a name, not a secret

Part = Literal["ocsp", "tsu"]
PARTS: Final[tuple[Part, ...]] = ("ocsp", "tsu")
_NAMES: Final = {"ocsp": "TEST OCSP Responder", "tsu": "TEST Time-Stamping Unit"}


def certificate_file(part: Part, generation: int = FIRST) -> str:
    """Return the file of a part's certificate: the responder has one for each generation of the issuing CA."""
    return ocsp_certificate(generation) if part == "ocsp" else TSU_CERTIFICATE


def certify_part(part: Part, folder: Path, token: Token, certify: Certify, generation: int = FIRST) -> x509.Certificate:
    """Make a new key for a part, have the authority certify it, and put the certificate where the zone finds it.

    The running zone works with the new key from its next answer on. The key before it stays on the token until the
    next time, for the answers that are under way; older ones are destroyed.

    Raises:
        DomainError: the authority refuses; certificate and key in use stay.
        HsmUnavailable: the token does not answer.
    """
    in_use = labels_in_use(part, folder)
    number = _new_key(part, token)
    key = TokenSigningKey(token, _label(part, number))
    path = folder / certificate_file(part, generation)
    certificate = certify_key(part, f"{_NAMES[part]} {number}", key, path, certify)
    _destroy_others(part, token, {*in_use, _label(part, number)})
    return certificate


def labels_in_use(part: Part, folder: Path) -> set[str]:
    """Return the keys that the certificates of a part are about.

    Raises:
        DelegationUnusable: one of these is broken.
    """
    pattern = "ocsp*.crt" if part == "ocsp" else TSU_CERTIFICATE
    return {_label_of(part, _read(path)) for path in folder.glob(pattern)}


def certify_again(
    part: Part, folder: Path, token: Token, certify: Certify, generation: int = FIRST
) -> x509.Certificate:
    """Have the authority certify a part's present key once more, and put the certificate where the zone finds it.

    Raises:
        DelegationUnusable: there is no certificate of this part yet.
        DomainError: the authority refuses; the certificate in use stays.
        HsmUnavailable: the token does not answer.
    """
    present = certificate_of(part, folder, generation)
    key = key_of(token, part, present)
    (name,) = present.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return certify_key(part, str(name.value), key, folder / certificate_file(part, generation), certify)


def certificate_of(part: Part, folder: Path, generation: int = FIRST) -> x509.Certificate:
    """Return the certificate with which a part works.

    Raises:
        DelegationUnusable: it is missing or broken.
    """
    return _read(folder / certificate_file(part, generation))


def key_of(token: Token, part: Part, certificate: x509.Certificate) -> TokenSigningKey:
    """Return the token's key that a certificate of a part is about.

    Raises:
        DelegationUnusable: it is no certificate of such a part.
    """
    return TokenSigningKey(token, _label_of(part, certificate))


def _label_of(part: Part, certificate: x509.Certificate) -> str:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        name, _, number = str(attribute.value).rpartition(" ")
        if name == _NAMES[part] and number.isdecimal():
            return _label(part, int(number))
    raise DelegationUnusable(f"not a certificate of {_NAMES[part]}")


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DelegationUnusable(f"{path}: {error}") from error


def _label(part: Part, number: int) -> str:
    return part if number == 1 else f"{part}-{number}"


def _new_key(part: Part, token: Token) -> int:
    """Make the key with the next number: numbers of keys that were destroyed do not come again."""
    taken = [_number(part, label) for label in key_labels(token)]
    number = max((each for each in taken if each is not None), default=0) + 1
    generate_key_pair(token, _label(part, number), KeyType.EC_P256)
    return number


def _destroy_others(part: Part, token: Token, kept: set[str]) -> None:
    for label in key_labels(token) - kept:
        if _number(part, label) is not None:
            destroy_key_pair(token, label)


def _number(part: Part, label: str) -> int | None:
    if label == part:
        return 1
    name, _, number = label.rpartition("-")
    return int(number) if name == part and number.isdecimal() else None
