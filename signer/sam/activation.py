"""The use of a signatory's key: a verified activation in, signatures out.

One order, step by step (docs/architecture.md tells the same story):
1. authenticate the SAD, then read it;
2. verify and reserve: everything is compared on sealed records, the intent is on record, the digests are taken;
3. unwrap the key once, sign every reserved digest, destroy the handle;
4. check each signature with the certificate's public key: nothing faulty leaves (attack Y8);
5. store, with the outcome on record;
6. answer in the order asked, with what was stored, now or in an earlier call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.authorization_details import HashType
from core.cms import CmsTemplate
from core.errors import UnknownAlgorithm
from core.types import ContentDigest, Dtbsr
from hsm.errors import HsmError
from hsm.ports import KeyVault
from signer.sam.errors import OutcomeUnknown
from signer.sam.increments import JudgedDocument, check_claims, judge_document
from signer.sam.issuers import Issuers
from signer.sam.ledger import Ledger, Reserved, Result
from signer.sam.parts import Parts
from signer.sam.protocol import (
    ContentSignatures,
    DocumentSignature,
    Signatures,
    SignContents,
    SignDocument,
    SignHashes,
)
from signer.sam.records import CredentialRecord
from signer.sam.signatures import check_signature
from signer.sam.verify import AskedDigest, SigningOrder, VerifiedActivation, verify_activation

_PATIENCE: Final = timedelta(seconds=5)  # how long a call waits for the one that reserved the same digests
_PAUSE: Final = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class Work:
    """What the key signs for one position, and how its signature becomes the result."""

    dtbsr: Dtbsr
    finish: Callable[[bytes], bytes]


class Activation:
    """Signs what a SAD allows."""

    def __init__(
        self,
        parts: Parts,
        ledger: Ledger,
        vault: KeyVault,
        *,
        verdict_key: Ed25519PublicKey,
        issuers: Issuers,
    ) -> None:
        self._parts = parts
        self._ledger = ledger
        self._vault = vault
        self._verdict_key = verdict_key
        self._issuers = issuers

    def sign_hashes(self, asked: SignHashes) -> Signatures:
        """Sign digests authorised as `dtbsr`."""
        order = _order(asked, "dtbsr", asked.digests)
        work = {digest: Work(Dtbsr(order.hash, digest), _as_it_is) for digest in asked.digests}
        results = self._carry_out(asked.sad, order, lambda _record: work, None)
        return Signatures([result.value for result in results])

    def sign_contents(self, asked: SignContents) -> ContentSignatures:
        """Sign contents authorised as `sdr`: their digests become message digests of signed attributes made here."""
        order = _order(asked, "sdr", asked.digests)
        claimed = self._parts.clock.now() if asked.form == "cades" else None  # EN 319 122-1 §6.3: signing-time

        def work(record: CredentialRecord) -> dict[bytes, Work]:
            template = self._template(record, order.algorithm)
            return {digest: _cms_work(template, ContentDigest(order.hash, digest), claimed) for digest in asked.digests}

        return ContentSignatures([result.value for result in self._carry_out(asked.sad, order, work, None)])

    def sign_document(self, asked: SignDocument) -> DocumentSignature:
        """Sign a document authorised as `sodr`, with an increment that has preflight's verdict."""
        document = judge_document(asked.document, _hash(asked.hash_oid), self._verdict_key)
        order = _order(asked, "sodr", [document.original_digest])

        def work(record: CredentialRecord) -> dict[bytes, Work]:
            content = ContentDigest(order.hash, document.content_digest)
            return {document.original_digest: _cms_work(self._template(record, order.algorithm), content)}

        (result,) = self._carry_out(asked.sad, order, work, document)
        return DocumentSignature(result.value, result.increment_before, result.increment_after)

    def _carry_out(
        self,
        sad: str,
        order: SigningOrder,
        work: Callable[[CredentialRecord], dict[bytes, Work]],
        document: JudgedDocument | None,
    ) -> list[Result]:
        claims = self._parts.codec.open(sad)

        def verify(connection: Connection) -> VerifiedActivation:
            transaction = self._parts.transactions.find(connection, claims.transaction)
            record = self._parts.records.find(connection, transaction.credential)
            if document is not None:
                check_claims(document, record.name, now)
            return verify_activation(claims, order, transaction, record, now)

        now = self._parts.clock.now()
        increment = None if document is None else (document.increment_before, document.increment_after)
        reserved = self._ledger.reserve(verify, increment, now)
        positions = reserved.activation.positions
        values = self._use_key(reserved, work) if reserved.mine else {}
        if values.keys() >= set(positions):  # the usual case needs no second look into the database
            return [Result(values[position], *(increment or (b"", b""))) for position in positions]
        return self._collect(reserved.activation)

    def _use_key(self, reserved: Reserved, work: Callable[[CredentialRecord], dict[bytes, Work]]) -> dict[int, bytes]:
        """Sign the reserved positions, check, store; return what came of each."""
        record, bound = reserved.activation.record, reserved.activation.transaction.bound
        by_digest = work(record)
        works = [by_digest[bound.digests[position].value] for position in reserved.mine]
        with ExitStack() as stack:
            try:
                key = stack.enter_context(self._vault.unwrapped(record.key))
            except HsmError as error:
                self._ledger.release(reserved, type(error).__name__, self._parts.clock.now())
                raise
            signatures = [key.sign(each.dtbsr, bound.algorithm) for each in works]
        for each, signature in zip(works, signatures, strict=True):
            check_signature(record, bound.algorithm, each.dtbsr, signature)
        values = [each.finish(signature) for each, signature in zip(works, signatures, strict=True)]
        self._ledger.store(reserved, values, self._parts.clock.now())
        return dict(zip(reserved.mine, values, strict=True))

    def _collect(self, activation: VerifiedActivation) -> list[Result]:
        """Return the results, waiting for a call that signs the same digests at this moment.

        Raises:
            OutcomeUnknown: whoever reserved a digest did not come to an end.
        """
        while (results := self._ledger.results(activation)) is None:
            reserved_at = self._ledger.reserved_at(activation)
            if reserved_at is None or self._parts.clock.now() > reserved_at + _PATIENCE:
                raise OutcomeUnknown(activation.transaction.transaction)
            time.sleep(_PAUSE)
        return results

    def _template(self, record: CredentialRecord, algorithm: SignatureAlgorithm) -> CmsTemplate:
        certificate = record.certificate or b""
        return _template_of(certificate, self._issuers.of(certificate), algorithm)


@lru_cache(maxsize=1024)
def _template_of(certificate: bytes, issuer: bytes, algorithm: SignatureAlgorithm) -> CmsTemplate:
    return CmsTemplate.of([certificate, issuer], algorithm)


def _cms_work(template: CmsTemplate, content: ContentDigest, claimed: datetime | None = None) -> Work:
    attributes = template.signed_attributes(content.value, claimed)
    dtbsr = Dtbsr(content.algorithm, content.algorithm.new(attributes).digest())
    return Work(dtbsr, lambda signature: template.assemble(content.value, signature, signing_time=claimed))


def _as_it_is(signature: bytes) -> bytes:
    return signature


def _order(asked: SignHashes | SignContents | SignDocument, kind: HashType, digests: list[bytes]) -> SigningOrder:
    return SigningOrder(
        asked.client,
        asked.credential,
        _hash(asked.hash_oid),
        _algorithm(asked.algorithm),
        tuple(AskedDigest(kind, digest) for digest in digests),
    )


def _hash(oid: str) -> HashAlgorithm:
    return HashAlgorithm.from_oid(oid)


def _algorithm(name: str) -> SignatureAlgorithm:
    try:
        return SignatureAlgorithm(name)
    except ValueError:
        raise UnknownAlgorithm(name[:100]) from None
