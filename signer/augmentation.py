"""Raising a signature to its level, after the SAM has made it: nothing of it is signed data, so `web` may do it.

Source: EN 319 142-1 §5.4, §5.5, §6.3; EN 319 122-1 §5.3, §6.3. When the authority or a responder fails, nothing is lost:
whoever asks again gets the signature that was made, and another attempt at what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.x509 import Certificate

from core.algorithms import HashAlgorithm
from core.time_stamp import TimeStamp
from signer.cades import chain_of, signature_of, with_time_stamp
from signer.levels import Level
from signer.revocation import Revocation
from signer.tsa_client import TsaClient
from signer.validation_data import ValidationData, der_of

_STAMPED_WITH: Final = HashAlgorithm.SHA256


class Increment(Protocol):
    """What is appended to a document: two parts around the room that a signature or a time-stamp will fill."""

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


class ArchivingEngine(Protocol):
    """Writes what comes behind a signature: `signer.pades`."""

    def add_validation_data(self, document: bytes, data: ValidationData, *, strict: bool) -> bytes:
        """Return the document with these data in its security store."""
        ...

    def prepare_time_stamp(self, document: bytes, *, strict: bool) -> Increment:
        """Return the increment that gives a document a document time-stamp."""
        ...

    def embed(self, document: bytes, before: bytes, after: bytes, cms: bytes) -> bytes:
        """Return the document with its increment and the token in the room."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A CMS and what it is validated with; no data below level LT, unless they were asked for."""

    cms: bytes
    data: ValidationData


class Augmentation:
    """Adds time-stamps and validation data."""

    def __init__(self, tsa: TsaClient, revocation: Revocation, anchor: Certificate) -> None:
        """`anchor` is the certificate that signatories' chains lead to."""
        self._tsa = tsa
        self._revocation = revocation
        self._anchor = anchor

    def signature(self, cms: bytes, level: Level, *, with_data: bool = False) -> Signature:
        """Return a signature as the SAM made it, raised to a level as far as the CMS itself goes.

        Raises:
            Unavailable: the authority or a responder does not answer.
            TimeStampWrong: a time-stamp that must not be believed.
            CertificateRevoked: the signatory's certificate was revoked meanwhile.
        """
        with_data = with_data or level.is_long_term
        data = ValidationData()
        signed = cms
        if level.is_stamped:
            stamp = self._stamp(signature_of(signed))
            cms = with_time_stamp(signed, stamp.token)
            data = self._revocation.of_part(stamp.chain) if with_data else data
        if with_data:
            data = self._revocation.of_signatory(chain_of(signed, self._anchor)) | data
        return Signature(cms, data)

    def document(
        self, document: bytes, signature: Signature, engine: ArchivingEngine, level: Level, *, strict: bool
    ) -> bytes:
        """Return a signed document with what its level wants behind the signature.

        Raises:
            Unavailable, TimeStampWrong: as `signature`.
            CannotPrepare: it cannot be written on.
        """
        if level.is_long_term:
            in_signature = tuple(der_of(each) for each in chain_of(signature.cms, self._anchor)[:-1])
            document = engine.add_validation_data(document, signature.data.without(in_signature), strict=strict)
        return self.archived(document, engine, strict=strict) if level.is_archived else document

    def archived(self, document: bytes, engine: ArchivingEngine, *, strict: bool) -> bytes:
        """Return a document with a document time-stamp over all of it.

        Raises:
            Unavailable, TimeStampWrong: as `signature`.
            CannotPrepare: it cannot be written on.
        """
        increment = engine.prepare_time_stamp(document, strict=strict)
        stamp = self._stamp(document, increment.before, increment.after)
        return engine.embed(document, increment.before, increment.after, stamp.token)

    def _stamp(self, *parts: bytes) -> TimeStamp:
        running = _STAMPED_WITH.new()
        for part in parts:
            running.update(part)
        return self._tsa.stamp(_STAMPED_WITH, running.digest())
