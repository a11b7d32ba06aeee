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
from signer.pades.archive import ArchivedDocument, StampedDocument
from signer.revocation import Revocation
from signer.tsa_client import TsaClient
from signer.validation_data import ValidationData, der_of

STAMPED_WITH: Final = HashAlgorithm.SHA256


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
    inside: tuple[bytes, ...]  # those of the data's certificates that are in the CMS, DER


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
        stamp = self._stamp(signature_of(cms)) if level.is_stamped else None
        stamped = cms if stamp is None else with_time_stamp(cms, stamp.token)
        if not with_data:
            return Signature(stamped, ValidationData(), ())
        return self._with_data(stamped, stamp)

    def _with_data(self, cms: bytes, stamp: TimeStamp | None) -> Signature:
        chain = chain_of(cms, self._anchor)
        data = self._revocation.of_signatory(chain)  # after the time-stamp: what it says is about that time
        inside = chain[:-1]
        if stamp is not None:
            data |= self._revocation.of_part(stamp.chain)
            inside += stamp.embedded
        return Signature(cms, data, tuple(der_of(each) for each in inside))

    def document(
        self, document: bytes, signature: Signature, engine: ArchivingEngine, level: Level, *, strict: bool
    ) -> bytes:
        """Return a signed document with what its level wants behind the signature.

        Raises:
            Unavailable, TimeStampWrong: as `signature`.
            CannotPrepare: it cannot be written on.
        """
        if level.is_long_term:
            document = engine.add_validation_data(document, signature.data.without(signature.inside), strict=strict)
        return self.archived(document, engine, strict=strict) if level.is_archived else document

    def long_term(self, stamped: StampedDocument, engine: ArchivingEngine) -> bytes:
        """Return a document of level B-T with what validates its newest signature: level B-LT.

        Raises:
            TimeStampWrong: the signature's time-stamp is none that is believed here.
            CertificateRevoked: the signatory's certificate was revoked meanwhile.
            Unavailable, CannotPrepare: as `archived`.
        """
        digest = STAMPED_WITH.new(signature_of(stamped.cms)).digest()
        signature = self._with_data(stamped.cms, self._tsa.check(stamped.token, STAMPED_WITH, digest))
        return self.document(stamped.content, signature, engine, Level.LT, strict=stamped.strict)

    def archived(self, document: bytes, engine: ArchivingEngine, *, strict: bool) -> bytes:
        """Return a document with a document time-stamp over all of it.

        Raises:
            Unavailable, TimeStampWrong: as `signature`.
            CannotPrepare: it cannot be written on.
        """
        increment = engine.prepare_time_stamp(document, strict=strict)
        stamp = self._stamp(document, increment.before, increment.after)
        return engine.embed(document, increment.before, increment.after, stamp.token)

    def renewed(self, archived: ArchivedDocument, engine: ArchivingEngine) -> bytes:
        """Return a document of level B-LTA with what validates its newest time-stamp, and a new one over all of it.

        Raises:
            TimeStampWrong: its newest time-stamp is none that is believed here.
            StatusUnavailable: that time-stamp's unit cannot be validated any more: it is too late, or the unit is revoked.
            Unavailable, CannotPrepare: as `archived`.
        """
        newest = self._tsa.check(archived.token, STAMPED_WITH, archived.digest)
        data = self._revocation.of_part(newest.chain).without(tuple(der_of(each) for each in newest.embedded))
        document = engine.add_validation_data(archived.content, data, strict=archived.strict)
        return self.archived(document, engine, strict=archived.strict)

    def _stamp(self, *parts: bytes) -> TimeStamp:
        running = STAMPED_WITH.new()
        for part in parts:
            running.update(part)
        return self._tsa.stamp(STAMPED_WITH, running.digest())
