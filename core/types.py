"""The things Paraph speaks of, each with a type of its own so that one never passes for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from core.algorithms import HashAlgorithm
from core.errors import MalformedDigest

CredentialId = NewType("CredentialId", str)
SignatoryId = NewType("SignatoryId", str)
ClientId = NewType("ClientId", str)
AccountId = NewType("AccountId", str)  # a person's name at one portal: pairwise, meaningless elsewhere
TransactionId = NewType("TransactionId", str)


@dataclass(frozen=True, slots=True)
class _Digest:
    algorithm: HashAlgorithm
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != self.algorithm.size:
            raise MalformedDigest(f"{len(self.value)} bytes for {self.algorithm.name}")


@dataclass(frozen=True, slots=True)
class DocumentDigest(_Digest):
    """The digest of a document as the portal holds it (CSC `sodr`); the key never signs this value itself."""


@dataclass(frozen=True, slots=True)
class ContentDigest(_Digest):
    """The digest of the bytes a signature covers (CSC `sdr`): the message digest inside the signed attributes."""


@dataclass(frozen=True, slots=True)
class Dtbsr(_Digest):
    """Data to be signed representation: the digest the key will sign (EN 419 241-1)."""
