"""The generations of the issuing CA: each has a key, a certificate of the root, and lists and addresses of its own.

Rules:

- a generation is known by its pinned certificate, which the root signed and whose key the token holds; a new one is
  noticed at the next request, without a restart;
- generations are numbered without a gap, and no two have a name or a key in common;
- one of them issues: the first, until another takes over by an act of two people (`ca.succession`);
- the others sign lists, and certificates of the responder that answers for them, and nothing else; they do so until
  their last list, so that a certificate has an issuer that speaks for it for as long as it lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import public_keys
from ca.draft import Issuer
from ca.protocol import GenerationUnknown
from ca.signing import check_signature
from core.addresses import FIRST, generation_of, issuing_name
from core.errors import DomainError, RecordTampered
from hsm.ports import SigningKey

KeyOf = Callable[[str], SigningKey]  # the token's key with this label


class PinnedFileUnusable(DomainError):
    """A file that is pinned for the `ca` zone is missing, broken, or does not belong to the others."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of the issuing CA."""

    number: int
    certificate: x509.Certificate
    issuer: Issuer
    key: SigningKey
    identifier: str  # of its key: by which records and the feed name it

    @classmethod
    def of(cls, number: int, certificate: x509.Certificate, key: SigningKey) -> Generation:
        """Return the generation that a CA certificate is about."""
        issuer = Issuer.of(certificate)
        return cls(number, certificate, issuer, key, public_keys.identifier(issuer.public_key))

    @property
    def certificate_der(self) -> bytes:
        """Its certificate, DER."""
        return self.certificate.public_bytes(Encoding.DER)


class Generations:
    """The generations of one issuing CA, as they are pinned in `folder`."""

    def __init__(self, folder: Path, root: x509.Certificate, key_of: KeyOf) -> None:
        """Read what is pinned.

        Raises:
            PinnedFileUnusable: there is no first generation, or one does not belong to the others.
        """
        self._folder = folder
        self.root: Final = Issuer.of(root)
        self._key_of = key_of
        self._known: dict[int, Generation] = {}
        self.look_again()

    def __iter__(self) -> Iterator[Generation]:
        """Give every generation, oldest first."""
        return iter(self._known.values())

    def look_again(self) -> None:
        """Notice a generation that was pinned since the last look.

        Raises:
            PinnedFileUnusable: it does not belong to the others.
        """
        found = pinned(self._folder)
        if found != self._known.keys() or not found:
            self._known = self._read(sorted(found))

    def numbered(self, number: int) -> Generation:
        """Return a generation by its number.

        Raises:
            GenerationUnknown: there is none.
        """
        try:
            return self._known[number]
        except KeyError:
            raise GenerationUnknown(str(number)) from None

    def identified(self, identifier: str) -> Generation:
        """Return the generation that a record names.

        Raises:
            RecordTampered: there is none.
        """
        for each in self:
            if each.identifier == identifier:
                return each
        raise RecordTampered(f"no issuing CA has the key {identifier[:64]}")

    def of_issuer(self, name_der: bytes) -> Generation:
        """Return the generation with the name that a certificate gives as its issuer's, DER.

        Raises:
            RecordTampered: there is none.
        """
        for each in self:
            if each.issuer.name.public_bytes() == name_der:
                return each
        raise RecordTampered("a certificate of another issuer")

    def _read(self, numbers: list[int]) -> dict[int, Generation]:
        if not numbers or numbers != list(range(FIRST, FIRST + len(numbers))):
            raise PinnedFileUnusable(f"{self._folder}: generations {numbers} of the issuing CA")
        known: dict[int, Generation] = {}
        others = [self.root]
        for number in numbers:
            known[number] = made = self._certified(number)
            if any(made.issuer.name == each.name or made.issuer.public_key == each.public_key for each in others):
                raise PinnedFileUnusable(f"{self._folder}: {issuing_name(number)} has the name or the key of another")
            others.append(made.issuer)
        return known

    def _certified(self, number: int) -> Generation:
        name = issuing_name(number)
        try:
            certificate = x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())
            check_signature(certificate, self.root.public_key)
            return Generation.of(number, certificate, self._key_of(name))
        except (OSError, ValueError, DomainError) as error:
            raise PinnedFileUnusable(f"{self._folder}: {name}.pem: {error}") from error


def pinned(folder: Path) -> set[int]:
    """Return the numbers of the generations whose certificates are among the files of a folder."""
    numbers = (generation_of(path.stem) for path in folder.glob("issuing*.pem"))
    return {number for number in numbers if number is not None}
