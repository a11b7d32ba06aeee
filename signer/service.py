"""The service's use cases outside the SAM: bring what is to be signed into the SAM's form, and its answer back.

Nothing here decides what may be signed. One document goes through these steps (docs/architecture.md tells the same):
1. check: `preflight` says whether it can be signed, for the whole batch before anything is signed;
2. prepare: the increment with the signature field, and the room for the signature;
3. judge: `preflight` gives its signed verdict on the increment;
4. sign: the SAM compares, counts, and gives the CMS, with the increment it accepted first (which may be an earlier one);
5. stamp: a time-stamp on the signature, as the level wants;
6. embed;
7. append validation data, and a time-stamp on everything, as the level wants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal, Protocol

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from core.algorithms import SignatureAlgorithm
from core.statements import IncrementVerdict
from core.types import ClientId
from preflight.protocol import DocumentRefused, DocumentReport, IncrementNotAllowed
from signer.augmentation import ArchivingEngine, Augmentation, Increment, Signature
from signer.cades import says_when, with_content
from signer.errors import (
    ContentNotAuthorised,
    DocumentNotAuthorised,
    DocumentNotSignable,
    NameNotSignatorys,
    SignedOtherwise,
)
from signer.orders import ContentOrder, DocumentOrder, Signed
from signer.pades.errors import CannotCertify, CannotPrepare
from signer.pades.options import Appearance, Wishes
from signer.sam.client import SamClient
from signer.sam.errors import DigestNotAuthorised
from signer.sam.protocol import (
    CredentialView,
    DescribeCredential,
    DocumentSignature,
    PreparedDocument,
    SignContents,
    SignDocument,
    SignHashes,
)
from signer.validation_data import ValidationData
from stamp.appearance import NoPlace


@dataclass(frozen=True, slots=True)
class Warrant:
    """Under whose word something is to be signed, and how: what every call to the SAM carries."""

    client: ClientId
    credential: str
    sad: str
    algorithm: SignatureAlgorithm


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that can be signed."""

    order: DocumentOrder
    prepared: PreparedDocument
    strict: bool


class DocumentEngine(ArchivingEngine, Protocol):
    """Writes increments: `signer.pades`."""

    def prepare(self, document: bytes, wishes: Wishes, *, strict: bool) -> Increment:
        """Return the increment that gives a document a signature field.

        Raises:
            CannotPrepare: the document cannot be given one.
            CannotCertify, NoPlace: not with these wishes.
        """
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

    def __init__(
        self, sam: SamClient, inspector: Inspector, engine: DocumentEngine, augmentation: Augmentation
    ) -> None:
        self._sam = sam
        self._inspector = inspector
        self._engine = engine
        self._augmentation = augmentation

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

    def sign_contents(
        self, warrant: Warrant, orders: list[ContentOrder], form: Literal["pades", "cades"], *, with_data: bool = False
    ) -> Signed:
        """Return a CMS for each content, in their order.

        Raises:
            ContentNotAuthorised: a digest was not authorised as `sdr`.
            SignedOtherwise: it was signed in the other form before; the signature is not made again.
            Unavailable, TimeStampWrong, CertificateRevoked: as `Augmentation.signature`.
            DomainError: as `SamClient.sign_contents`.
        """
        call = SignContents(
            warrant.sad,
            warrant.client,
            warrant.credential,
            warrant.algorithm.hash.oid,
            warrant.algorithm.value,
            [order.digest for order in orders],
            form,
        )
        try:
            made = self._sam.sign_contents(call).cms
        except DigestNotAuthorised as error:
            raise ContentNotAuthorised(error.detail) from error
        if any(says_when(cms) != (form == "cades") for cms in made):
            raise SignedOtherwise(form)
        signatures = [
            self._augmentation.signature(cms, order.level, with_data=with_data)
            for cms, order in zip(made, orders, strict=True)
        ]
        data = reduce(or_, (signature.data for signature in signatures), ValidationData())
        return Signed(
            [_carrying(signature.cms, order) for signature, order in zip(signatures, orders, strict=True)], data
        )

    def sign_documents(self, warrant: Warrant, orders: list[DocumentOrder], *, with_data: bool = False) -> Signed:
        """Return the signed documents, in their order; none is signed unless all can be.

        Raises:
            DocumentNotSignable: one cannot be signed.
            NameNotSignatorys, CannotCertify, NoPlace: one cannot be signed as is wished.
            DocumentNotAuthorised: one is not what the signatory authorised; those before it are signed, and asking
                again returns the same signatures.
            Unavailable, TimeStampWrong, CertificateRevoked: as `Augmentation.signature`; what was signed before stays
                signed.
            DomainError: as `SamClient.sign_document`.
        """
        wishes = self._wishes(warrant, orders)
        ready = [self._prepare(order, wishes[at], at + 1) for at, order in enumerate(orders)]
        documents, data = [], ValidationData()
        for each in ready:
            signed = self._sign(warrant, each.prepared)
            signature = self._augmentation.signature(signed.cms, each.order.level, with_data=with_data)
            documents.append(self._finish(each, signed, signature))
            data |= signature.data
        return Signed(documents, data)

    def check(self) -> None:
        """Have the SAM prove that it can sign.

        Raises:
            Unavailable: it cannot.
        """
        self._sam.check()

    def _wishes(self, warrant: Warrant, orders: list[DocumentOrder]) -> list[Wishes]:
        """Return what each signature field shows: the signatory's name or none, whoever asks for what."""
        if not any(order.shows_name or order.placement for order in orders):
            return [Wishes(order.certifies) for order in orders]
        name = signatory_name(self._sam.describe_credential(DescribeCredential(warrant.client, warrant.credential)))
        if any(order.name not in {None, name} for order in orders):
            raise NameNotSignatorys(name)
        return [_wishes_of(order, name) for order in orders]

    def _prepare(self, order: DocumentOrder, wishes: Wishes, number: int) -> _Ready:
        document = order.content
        try:
            report = self._inspector.check(document)
            if order.certifies and report.earlier_signatures:
                raise CannotCertify(f"document {number}")
            if order.placement is not None and order.placement.page >= report.pages:
                raise NoPlace(f"document {number}: {report.pages} pages")
            increment = self._engine.prepare(document, wishes, strict=report.strict)
            verdict = self._inspector.judge(document, increment.before, increment.room, increment.after)
        except DocumentRefused as error:
            raise DocumentNotSignable(number, error.reason, error.detail) from error
        except (
            CannotPrepare,
            IncrementNotAllowed,
        ) as error:  # a file that fooled the check: so odd that it counts as broken
            raise DocumentNotSignable(number, "damaged", error.detail) from error
        prepared = PreparedDocument(document, increment.before, increment.after, verdict)
        return _Ready(order, prepared, report.strict)

    def _sign(self, warrant: Warrant, document: PreparedDocument) -> DocumentSignature:
        call = SignDocument(
            warrant.sad,
            warrant.client,
            warrant.credential,
            warrant.algorithm.hash.oid,
            warrant.algorithm.value,
            document,
        )
        try:
            return self._sam.sign_document(call)
        except DigestNotAuthorised as error:
            raise DocumentNotAuthorised(error.detail) from error

    def _finish(self, ready: _Ready, signed: DocumentSignature, signature: Signature) -> bytes:
        before, after = signed.increment_before, signed.increment_after
        document = self._engine.embed(ready.order.content, before, after, signature.cms)
        return self._augmentation.document(document, signature, self._engine, ready.order.level, strict=ready.strict)


def _carrying(cms: bytes, order: ContentOrder) -> bytes:
    return cms if order.carried is None else with_content(cms, order.carried)


def _wishes_of(order: DocumentOrder, name: str) -> Wishes:
    placement = order.placement
    shown = None if placement is None else Appearance(name, placement.page, placement.position)
    return Wishes(order.certifies, name if order.shows_name else None, shown)


def signatory_name(credential: CredentialView) -> str:
    """Return the name in a credential's certificate, given name first: what the SAM compares with its own record."""
    subject = load_der_x509_certificate(credential.certificates[0]).subject
    parts = (subject.get_attributes_for_oid(oid)[0].value for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME))
    return " ".join(str(part) for part in parts)
