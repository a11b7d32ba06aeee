"""A document as the SAM sees it: bytes to hash, and an increment it takes only with `preflight`'s word (design §2.2).

The SAM parses no PDF. It hashes the original, compares that with what was authorised, and hashes on over the increment.
What the increment shows a reader it cannot know, so it demands a verdict signed over exactly (original, increment).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.algorithms import HashAlgorithm
from signer.sam.errors import IncrementRefused
from signer.sam.protocol import PreparedDocument

_PRESENT: Final = timedelta(minutes=10)  # between the clocks of `web` and of this zone, with the time a batch takes


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """A document whose increment has a verdict. Made by `judge_document()`."""

    original_digest: bytes
    content_digest: bytes  # over original and increment without the room: what /ByteRange covers
    increment_before: bytes
    increment_after: bytes
    claimed_name: str  # what a reader shows as the signer's name; empty when nothing
    claimed_at: datetime  # and as the time of signing


def judge_document(
    document: PreparedDocument, algorithm: HashAlgorithm, verdict_key: Ed25519PublicKey
) -> JudgedDocument:
    """Return the digests of a document, after checking the verdict on its increment.

    Raises:
        IncrementRefused: the verdict is not preflight's, or not on these bytes.
    """
    running = algorithm.new(document.original)
    original_digest = running.digest()
    sha256 = original_digest if algorithm is HashAlgorithm.SHA256 else hashlib.sha256(document.original).digest()
    _check_verdict(document, sha256, verdict_key)
    running.update(document.increment_before)
    running.update(document.increment_after)
    return JudgedDocument(
        original_digest,
        running.digest(),
        document.increment_before,
        document.increment_after,
        document.verdict.claimed_name,
        document.verdict.claimed_at,
    )


def check_claims(document: JudgedDocument, signatory: str, now: datetime) -> None:
    """Check that what is shown beside the signature is true: `web` writes it, and may have had its verdict for days.

    Raises:
        IncrementRefused: it is another name than the signatory's, or another time than the present.
    """
    if document.claimed_name not in {"", signatory}:
        raise IncrementRefused("the signature claims another name than the signatory's")
    if abs(document.claimed_at - now) > _PRESENT:
        raise IncrementRefused(f"the signature claims another time than now: {document.claimed_at.isoformat()}")


def increment_digest(before: bytes, after: bytes) -> bytes:
    """Return SHA-256 over both parts, each after its length in 8 bytes, as `core.statements` says."""
    parts = (part for each in (before, after) for part in (len(each).to_bytes(8, "big"), each))
    return hashlib.sha256(b"".join(parts)).digest()


def _check_verdict(document: PreparedDocument, original_digest: bytes, verdict_key: Ed25519PublicKey) -> None:
    verdict = document.verdict
    expected = increment_digest(document.increment_before, document.increment_after)
    try:
        verdict_key.verify(verdict.signature, verdict.to_be_signed())
    except InvalidSignature:
        raise IncrementRefused("the verdict is not preflight's") from None
    if not hmac.compare_digest(verdict.original_digest, original_digest):
        raise IncrementRefused("the verdict is on another document")
    if not hmac.compare_digest(verdict.increment_digest, expected):
        raise IncrementRefused("the verdict is on another increment")
