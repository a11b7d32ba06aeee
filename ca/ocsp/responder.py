"""The responder: what is on record, signed with a key that the authority delegated. Source: RFC 6960; EN 319 411-2 §6.3.10.

Rules:

- a certificate that is not on record is `unknown`, never good (EN 319 411-1 OVR-6.6.3-02);
- a certificate is named by issuer and serial number, never by the serial number alone (attack N9);
- an answer without a nonce may be given again for a short while, but not beyond the next change of the record.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca import public_keys
from ca.delegated import DelegatedKey
from ca.ocsp import answer
from ca.ocsp.answer import Good, Refusal, Revoked, Status, Unknown
from ca.ocsp.request import CertId, OcspRequest, OcspRequestMalformed, read
from ca.protocol import CertificateState
from ca.replica import CertificateName, FeedBroken
from core.clock import Clock
from core.cms import signature_identifier
from core.errors import ClockInDoubt, DomainError, Unavailable

log = logging.getLogger(__name__)

VALID_FOR: Final = timedelta(hours=1)  # until nextUpdate
GIVEN_AGAIN_FOR: Final = timedelta(seconds=30)  # an answer without a nonce, while nothing changes
_MOST_KEPT: Final = 4096
_LONGEST_KEPT: Final = 256  # bytes of a request
_HASHES: Final = {
    "1.3.14.3.2.26": "sha1",  # names a key, protects nothing: what most clients use
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class Record(Protocol):
    """What the responder answers from: `ca.replica.Replica`."""

    @property
    def change(self) -> int:
        """A number that rises when anything changes."""
        ...

    def refresh(self) -> datetime:
        """Return the instant at which the record was true; raise when nothing may be told."""
        ...

    def look_up(self, names: Sequence[CertificateName]) -> list[CertificateState | None]:
        """Return what is known of each certificate."""
        ...


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A signed answer and how long it may be used."""

    der: bytes
    produced_at: datetime
    next_update: datetime
    repeatable: bool  # the same for everyone who asks: no nonce, and every certificate known


class Responder:
    """Answers for the certificates of one authority."""

    def __init__(self, issuer: x509.Certificate, delegated: DelegatedKey, record: Record, clock: Clock) -> None:
        key = public_keys.encoded(public_keys.narrowed(issuer.public_key()))
        self._issuer = hashlib.sha256(key).hexdigest()
        self._issuer_hashes = {oid: _issuer_hashes(issuer, name) for oid, name in _HASHES.items()}
        self._cutoff = issuer.not_valid_before_utc
        self._delegated = delegated
        self._algorithm = signature_identifier(delegated.algorithm)
        self._key_hash = x509.SubjectKeyIdentifier.from_public_key(delegated.public_key).digest
        self._record = record
        self._clock = clock
        self._kept: dict[bytes, OcspAnswer] = {}
        self._kept_at_change = -1

    @property
    def ends(self) -> datetime:
        """The last instant at which it answers."""
        return self._delegated.ends

    def issuer_hashes(self, hash_oid: str) -> tuple[bytes, bytes]:
        """Return the hashes of the authority's name and key by which a CertID names it."""
        return self._issuer_hashes[hash_oid]

    def answer(self, der: bytes) -> OcspAnswer | Refusal:
        """Answer a request, DER."""
        try:
            return self._answer(der)
        except OcspRequestMalformed as error:
            return _refused(Refusal.MALFORMED_REQUEST, error)
        except (Unavailable, ClockInDoubt, FeedBroken) as error:
            return _refused(Refusal.TRY_LATER, error)
        except DomainError as error:
            return _refused(Refusal.INTERNAL_ERROR, error)

    def _answer(self, der: bytes) -> OcspAnswer | Refusal:
        now = self._clock.now()
        self._delegated.check_valid(now)
        as_of = self._record.refresh()
        kept = self._kept_answer(der, now)
        if kept is not None:
            return kept
        asked = read(der)
        ours = [self._is_ours(each) for each in asked.certificates]
        if not any(ours):
            return Refusal.UNAUTHORIZED  # nothing is signed for those who ask at the wrong door (RFC 5019 §2.2.3)
        statuses = self._statuses(asked.certificates, ours)
        made = self._signed(asked, statuses, as_of, now)
        if made.repeatable and len(der) <= _LONGEST_KEPT and len(self._kept) < _MOST_KEPT:
            self._kept[der] = made
        return made

    def _kept_answer(self, der: bytes, now: datetime) -> OcspAnswer | None:
        if self._record.change != self._kept_at_change or len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
            self._kept_at_change = self._record.change
        kept = self._kept.get(der)
        if kept is None or not kept.produced_at <= now < kept.produced_at + GIVEN_AGAIN_FOR:
            return None
        return kept

    def _is_ours(self, cert_id: CertId) -> bool:
        hashes = self._issuer_hashes.get(cert_id.hash_algorithm.algorithm.dotted_string)
        return hashes == (cert_id.issuer_name_hash, cert_id.issuer_key_hash)

    def _statuses(self, certificates: Sequence[CertId], ours: Sequence[bool]) -> list[Status]:
        names = [CertificateName(self._issuer, each.serial) for each in certificates]
        states = self._record.look_up(names)
        return [_status(state) if our else Unknown() for state, our in zip(states, ours, strict=True)]

    def _signed(self, asked: OcspRequest, statuses: Sequence[Status], as_of: datetime, now: datetime) -> OcspAnswer:
        next_update = min(as_of + VALID_FOR, self._delegated.ends)
        singles = [
            answer.single(cert_id, status, as_of, next_update, self._cutoff)
            for cert_id, status in zip(asked.certificates, statuses, strict=True)
        ]
        tbs = answer.to_be_signed(self._key_hash, now, singles, asked.nonce)
        signature = self._delegated.sign(tbs)
        der = answer.signed(tbs, self._algorithm, signature, self._delegated.certificate_der)
        repeatable = asked.nonce is None and Unknown() not in statuses
        return OcspAnswer(der, now, next_update, repeatable)


def _status(state: CertificateState | None) -> Status:
    if state is None:
        return Unknown()
    return Good() if state.revoked_at is None else Revoked(state.revoked_at, state.reason)


def _issuer_hashes(issuer: x509.Certificate, name: str) -> tuple[bytes, bytes]:
    """Return the hashes by which a CertID names the issuer: of its name, and of the bits of its key."""
    key = public_keys.narrowed(issuer.public_key())
    if isinstance(key, RSAPublicKey):
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return hashlib.new(name, issuer.subject.public_bytes()).digest(), hashlib.new(name, bits).digest()


def _refused(refusal: Refusal, error: DomainError) -> Refusal:
    log.info("no answer", extra={"refusal": refusal.name, "error": type(error).__name__, "detail": error.detail})
    return refusal
