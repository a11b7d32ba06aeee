"""`signatures/signHash` and `signatures/signDoc`: what is asked, and what is answered (CSC API v2 §11.10, §11.11).

What is read here is form only. Whether a digest, a document, an algorithm or a credential was authorised is compared in
the SAM; nothing of the request is believed on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import unquote

import msgspec

from api.csc.fields import Fields
from api.csc.orders import PADES, Order, algorithm_of, digest_order_of, order_of
from api.refusals import (
    BodyTooLarge,
    BothToSign,
    EmptyHashes,
    HashContradictsAlgorithm,
    InvalidDocumentDigests,
    InvalidDocumentEncoding,
    InvalidDocuments,
    InvalidHashEncoding,
    InvalidHashesEncoding,
    InvalidParameter,
    MissingParameter,
    NothingToSign,
    OutOfBounds,
    WrongDigestLength,
)
from api.security import Bearer, Principal
from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.base64url import decode_any
from core.errors import Malformed
from core.strict_json import Json
from signer.errors import ContentNotAuthorised, DocumentNotAuthorised
from signer.orders import ContentOrder, DocumentOrder, Signed
from signer.sam.errors import TooManySignatures
from signer.service import SigningService, Warrant

_Warrant = Callable[[SignatureAlgorithm], Warrant]
_LONGEST_HASH: Final = 300  # characters, percent-encoded at worst
_A_DAY: Final = 24 * 3600 * 1000  # milliseconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold."""

    signatures: int
    documents: int
    document_bytes: int


class Signatures:
    """The two methods."""

    def __init__(self, bearer: Bearer, service: SigningService, limits: Limits) -> None:
        self._bearer = bearer
        self._service = service
        self._limits = limits

    def sign_hash(self, principal: Principal, body: Json) -> Json:
        """CSC API v2 signatures/signHash."""
        fields = Fields(body)
        sad = self._bearer.sad_of(principal, fields.text_if_any("SAD"))
        credential = fields.text("credentialID")
        hashes = _hash_list(fields.get("hashes"), self._limits.signatures)
        try:
            algorithm = algorithm_of(fields)
        except HashContradictsAlgorithm as error:
            raise InvalidParameter("hashAlgorithmOID") from error
        _check_mode(fields)
        digests = _digests(hashes, algorithm.hash, InvalidHashEncoding)
        signatures = self._service.sign_hashes(Warrant(principal.client, credential, sad, algorithm), digests)
        return {"signatures": signatures}

    def sign_doc(self, principal: Principal, body: Json) -> Json:
        """CSC API v2 signatures/signDoc."""
        fields = Fields(body)
        sad = self._bearer.sad_of(principal, fields.text_if_any("SAD"))
        credential = _credential(fields, principal)
        documents, digests = fields.get("documents"), fields.get("documentDigests")
        if documents is not None and digests is not None:
            raise BothToSign
        if not documents and not digests:
            raise NothingToSign
        _check_mode(fields)
        with_data = fields.flag("returnValidationInfo") or fields.flag("returnValidationInformation")

        def warrant(algorithm: SignatureAlgorithm) -> Warrant:
            return Warrant(principal.client, credential, sad, algorithm)

        if documents is not None:
            return self._sign_documents(warrant, documents, with_data=with_data)
        return self._sign_contents(warrant, digests, with_data=with_data)

    def _sign_documents(self, warrant: _Warrant, value: object, *, with_data: bool) -> Json:
        elements = _objects(value, InvalidDocuments)
        if len(elements) > self._limits.documents:
            raise TooManySignatures(f"{len(elements)} documents")
        orders = [order_of(element) for element in elements]
        _check_alike(orders)
        contents = [self._document(element) for element in elements]
        warranted = warrant(orders[0].algorithm)
        if orders[0].format == PADES:
            asked = [_ordered(content, order) for content, order in zip(contents, orders, strict=True)]
            signed = self._service.sign_documents(warranted, asked, with_data=with_data)
            return {"DocumentWithSignature": signed.values} | _validation_info(signed, wanted=with_data)
        attached = [order.envelope == "Attached" for order in orders]
        hashing = orders[0].algorithm.hash
        asked_contents = [
            ContentOrder(hashing.new(content).digest(), order.level, content if inside else None)
            for content, order, inside in zip(contents, orders, attached, strict=True)
        ]
        try:
            signed = self._service.sign_contents(warranted, asked_contents, "cades", with_data=with_data)
        except ContentNotAuthorised as error:
            raise DocumentNotAuthorised(error.detail) from error
        return _sorted(signed.values, attached) | _validation_info(signed, wanted=with_data)

    def _document(self, element: Fields) -> bytes:
        value = element.get("document")
        if not isinstance(value, str):
            raise InvalidDocuments
        try:
            document = msgspec.convert(value, bytes)  # RFC 4648 §4, padded; six times as fast as the standard library
        except msgspec.ValidationError as error:
            raise InvalidDocumentEncoding from error
        if len(document) > self._limits.document_bytes:
            raise BodyTooLarge(f"a document of {len(document)} bytes")
        return document

    def _sign_contents(self, warrant: _Warrant, value: object, *, with_data: bool) -> Json:
        elements = _objects([value] if isinstance(value, dict) else value, InvalidDocumentDigests)
        orders = [digest_order_of(element) for element in elements]
        _check_alike(orders)
        asked = [
            ContentOrder(digest, order.level)
            for element, order in zip(elements, orders, strict=True)
            for digest in self._contents(element, order.algorithm)
        ]
        if len(asked) > self._limits.signatures:
            raise TooManySignatures(f"{len(asked)} digests")
        form: Literal["pades", "cades"] = "pades" if orders[0].format == PADES else "cades"
        signed = self._service.sign_contents(warrant(orders[0].algorithm), asked, form, with_data=with_data)
        # Who prepared a PDF puts the data into it: without them it would not have the level that was asked for.
        wanted = with_data or any(order.level.is_long_term for order in orders)
        return {"SignatureObject": signed.values} | _validation_info(signed, wanted=wanted)

    def _contents(self, element: Fields, algorithm: SignatureAlgorithm) -> list[bytes]:
        hashes = element.get("hashes")
        hashes = [hashes] if isinstance(hashes, str) else hashes  # a sample of the specification shows a bare string
        if not isinstance(hashes, list) or not hashes:
            raise InvalidDocumentDigests
        if len(hashes) > self._limits.signatures:
            raise TooManySignatures(f"{len(hashes)} digests")
        return _digests(hashes, algorithm.hash, InvalidHashesEncoding)


def _ordered(content: bytes, order: Order) -> DocumentOrder:
    certifies = order.envelope == "Certification"
    return DocumentOrder(content, order.level, certifies, order.shows_name, order.name, order.placement)


def _check_alike(orders: list[Order]) -> None:
    """Check what is the same for all of a request: one authorization is for one algorithm, and formats do not mix."""
    if len({order.algorithm for order in orders}) != 1:
        raise InvalidParameter("signAlgo")
    if len({order.format for order in orders}) != 1:
        raise InvalidParameter("signature_format")


def _sorted(signatures: list[bytes], attached: list[bool]) -> Json:
    """Return signatures with their document inside and those without, each kind in the order asked."""
    pairs = list(zip(signatures, attached, strict=True))
    inside, beside = ([value for value, is_inside in pairs if is_inside is kind] for kind in (True, False))
    return ({"DocumentWithSignature": inside} if inside else {}) | ({"SignatureObject": beside} if beside else {})


def _validation_info(signed: Signed, *, wanted: bool) -> Json:
    if not wanted:
        return {}
    data = signed.data
    info = {"ocsp": list(data.ocsps), "crl": list(data.crls), "certificates": list(data.certificates)}
    return {"validationInfo": info}


def _credential(fields: Fields, principal: Principal) -> str:
    """Return the credential named, or the token's own when only a signatureQualifier is given."""
    if fields.get("credentialID") is None and fields.text_if_any("signatureQualifier") and principal.credential:
        return principal.credential
    return fields.text("credentialID")


def _check_mode(fields: Fields) -> None:
    """Refuse asynchronous mode, which would have us call an address that a client gives (attack P16)."""
    fields.one_of("operationMode", ("S",))
    period = fields.number_if_any("validity_period")
    if period is not None and not 0 < period <= _A_DAY:
        raise OutOfBounds("validity_period")
    uri = fields.get("response_uri")
    if uri is not None and not isinstance(uri, str):
        raise InvalidParameter("response_uri")


def _hash_list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise MissingParameter("hash", "array")  # the name as CSC API v2 §11.10 writes it
    if not value:
        raise EmptyHashes
    if len(value) > most:
        raise TooManySignatures(f"{len(value)} hashes")
    return value


def _digests(values: list[Any], algorithm: HashAlgorithm, malformed: type[Malformed]) -> list[bytes]:
    digests = [_decoded(value, malformed) for value in values]
    if any(len(digest) != algorithm.size for digest in digests):
        raise WrongDigestLength(algorithm.name)
    return digests


def _decoded(value: object, malformed: type[Malformed]) -> bytes:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_HASH:
        raise malformed("not text, empty, or too long")
    try:
        return decode_any(unquote(value) if "%" in value else value)
    except Malformed as error:
        raise malformed(error.detail) from error


def _objects(value: object, malformed: type[Malformed]) -> list[Fields]:
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise malformed("not an array of objects")
    return [Fields(element) for element in value]
