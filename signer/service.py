"""The service's use cases outside the SAM: bring what is to be signed into the SAM's form, and its answer back.

Nothing here decides what may be signed. One document goes through these steps (docs/architecture.md tells the same):
1. check: `preflight` says whether it can be signed, for the whole batch before anything is signed;
2. prepare: the increment with the signature field, and the room for the signature;
3. judge: `preflight` gives its signed verdict on the increment;
4. sign: the SAM compares, counts, and gives the CMS, with the increment it accepted first (which may be an earlier one);
5. embed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.algorithms import SignatureAlgorithm
from core.statements import IncrementVerdict
from core.types import ClientId
from preflight.protocol import DocumentRefused, DocumentReport, IncrementNotAllowed
from signer.errors import ContentNotAuthorised, DocumentNotAuthorised, DocumentNotSignable
from signer.pades.errors import CannotPrepare
from signer.sam.client import SamClient
from signer.sam.errors import DigestNotAuthorised
from signer.sam.protocol import PreparedDocument, SignContents, SignDocument, SignHashes


@dataclass(frozen=True, slots=True)
class Warrant:
    """Under whose word something is to be signed, and how: what every call to the SAM carries."""

    client: ClientId
    credential: str
    sad: str
    algorithm: SignatureAlgorithm


class Increment(Protocol):
    """What is appended to a document: two parts around the room that the signature will fill."""

    @property
    def before(self) -> bytes:
        """The part up to the room."""
        ...

    @property
    def room(self) -> int:
        """Length of the room in bytes, '<' and '>' included."""
        ...

    @property
    def after(self) -> bytes:
        """The part after the room."""
        ...


class DocumentEngine(Protocol):
    """Writes increments: `signer.pades`."""

    def prepare(self, document: bytes, algorithm: SignatureAlgorithm, *, strict: bool) -> Increment:
        """Return the increment that gives a document a signature field.

        Raises:
            CannotPrepare: the document cannot be given one.
        """
        ...

    def embed(self, document: bytes, before: bytes, after: bytes, cms: bytes) -> bytes:
        """Return the document with its increment and the CMS in the room."""
        ...


class Inspector(Protocol):
    """Opens documents so that nobody else has to: the `preflight` zone."""

    def check(self, document: bytes) -> DocumentReport:
        """Return what is worth knowing of a document.

        Raises:
            DocumentRefused: it cannot be signed.
        """
        ...

    def judge(self, original: bytes, before: bytes, room: int, after: bytes) -> IncrementVerdict:
        """Return the signed verdict on an increment.

        Raises:
            IncrementNotAllowed: it adds more than a signature field.
        """
        ...


class SigningService:
    """Signs hashes, contents and documents under a warrant."""

    def __init__(self, sam: SamClient, inspector: Inspector, engine: DocumentEngine) -> None:
        self._sam = sam
        self._inspector = inspector
        self._engine = engine

    def sign_hashes(self, warrant: Warrant, digests: list[bytes]) -> list[bytes]:
        """Return signatures over DTBS/Rs, in their order: ECDSA as DER, RSA as a raw block.

        Raises:
            DomainError: as `SamClient.sign_hashes`.
        """
        call = SignHashes(
            warrant.sad,
            warrant.client,
            warrant.credential,
            warrant.algorithm.hash.oid,
            warrant.algorithm.value,
            digests,
        )
        return self._sam.sign_hashes(call).signatures

    def sign_contents(self, warrant: Warrant, digests: list[bytes]) -> list[bytes]:
        """Return a detached CMS for each content digest, in their order.

        Raises:
            ContentNotAuthorised: a digest was not authorised as `sdr`.
            DomainError: as `SamClient.sign_contents`.
        """
        call = SignContents(
            warrant.sad,
            warrant.client,
            warrant.credential,
            warrant.algorithm.hash.oid,
            warrant.algorithm.value,
            digests,
        )
        try:
            return self._sam.sign_contents(call).cms
        except DigestNotAuthorised as error:
            raise ContentNotAuthorised(error.detail) from error

    def sign_documents(self, warrant: Warrant, documents: list[bytes]) -> list[bytes]:
        """Return the signed documents, in their order; none is signed unless all can be.

        Raises:
            DocumentNotSignable: one cannot be signed.
            DocumentNotAuthorised: one is not what the signatory authorised; those before it are signed, and asking
                again returns the same signatures.
            DomainError: as `SamClient.sign_document`.
        """
        prepared = [self._prepare(warrant, document, at) for at, document in enumerate(documents, start=1)]
        return [self._sign(warrant, each) for each in prepared]

    def check(self) -> None:
        """Have the SAM prove that it can sign.

        Raises:
            Unavailable: it cannot.
        """
        self._sam.check()

    def _prepare(self, warrant: Warrant, document: bytes, number: int) -> PreparedDocument:
        try:
            report = self._inspector.check(document)
            increment = self._engine.prepare(document, warrant.algorithm, strict=report.strict)
            verdict = self._inspector.judge(document, increment.before, increment.room, increment.after)
        except DocumentRefused as error:
            raise DocumentNotSignable(number, error.reason, error.detail) from error
        except (
            CannotPrepare,
            IncrementNotAllowed,
        ) as error:  # a file that fooled the check: so odd that it counts as broken
            raise DocumentNotSignable(number, "damaged", error.detail) from error
        return PreparedDocument(document, increment.before, increment.after, verdict)

    def _sign(self, warrant: Warrant, document: PreparedDocument) -> bytes:
        call = SignDocument(
            warrant.sad,
            warrant.client,
            warrant.credential,
            warrant.algorithm.hash.oid,
            warrant.algorithm.value,
            document,
        )
        try:
            signed = self._sam.sign_document(call)
        except DigestNotAuthorised as error:
            raise DocumentNotAuthorised(error.detail) from error
        return self._engine.embed(document.original, signed.increment_before, signed.increment_after, signed.cms)
