"""The responder: what is on record, signed with a key that the authority delegated. Source: RFC 6960; EN 319 411-2 §6.3.10.

Rules:

- a certificate that is not on record is `unknown`, never good (EN 319 411-1 OVR-6.6.3-02);
- a certificate is named by issuer and serial number, never by the serial number alone (attack N9);
- one answer is about one issuer's certificates, the first issuer that the request names and that is known here, and is
  signed with the key to which that issuer delegated it (RFC 6960 §4.2.2.2); other issuers' are unknown in it;
- an answer without a nonce may be given again for a short while, but not beyond the next change of the record.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from ca.ocsp import answer
from ca.ocsp.answer import Good, Refusal, Revoked, Status, Unknown
from ca.ocsp.issuers import AnsweredIssuer, Delegation
from ca.ocsp.request import CertId, OcspRequest, OcspRequestMalformed, read
from ca.protocol import CertificateState
from ca.replica import CertificateName, FeedBroken
from core.clock import Clock
from core.errors import ClockInDoubt, DomainError, Unavailable

log = logging.getLogger(__name__)

VALID_FOR: Final = timedelta(hours=1)  # until nextUpdate
GIVEN_AGAIN_FOR: Final = timedelta(seconds=30)  # an answer without a nonce, while nothing changes
_MOST_KEPT: Final = 4096
_LONGEST_KEPT: Final = 256  # bytes of a request


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


class Issuers(Protocol):
    """The issuers that are answered for: `ca.status_issuers.StatusIssuers`."""

    def named(self, cert_id: CertId) -> AnsweredIssuer | None:
        """Return the issuer whose certificate a CertID names; None when it is not known here."""
        ...


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A signed answer and how long it may be used."""

    der: bytes
    produced_at: datetime
    next_update: datetime
    repeatable: bool  # the same for everyone who asks: no nonce, and every certificate known


class Responder:
    """Answers for the certificates of one authority, in each of its generations."""

    def __init__(self, issuers: Issuers, record: Record, clock: Clock) -> None:
        self._issuers = issuers
        self._record = record
        self._clock = clock
        self._kept: dict[bytes, OcspAnswer] = {}
        self._kept_at_change = -1

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
        as_of = self._record.refresh()
        kept = self._kept_answer(der, now)
        if kept is not None:
            return kept
        asked = read(der)
        issuer = next((found for each in asked.certificates if (found := self._issuers.named(each))), None)
        if issuer is None:
            return Refusal.UNAUTHORIZED  # nothing is signed for those who ask at the wrong door (RFC 5019 §2.2.3)
        delegation = issuer.delegation()
        delegation.key.check_valid(now)
        made = self._signed(asked, issuer, delegation, as_of, now)
        if made.repeatable and len(der) <= _LONGEST_KEPT and len(self._kept) < _MOST_KEPT:
            self._kept[der] = made
        return made

    def _kept_answer(self, der: bytes, now: datetime) -> OcspAnswer | None:
        if self._record.change != self._kept_at_change or len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
            self._kept_at_change = self._record.change
        kept = self._kept.get(der)
        if kept is None or not kept.produced_at <= now < min(kept.produced_at + GIVEN_AGAIN_FOR, kept.next_update):
            return None  # nextUpdate is never behind the end of the key's own certificate
        return kept

    def _statuses(self, certificates: Sequence[CertId], issuer: AnsweredIssuer) -> list[Status]:
        ours = [issuer.is_named(each) for each in certificates]
        states = self._record.look_up([CertificateName(issuer.identifier, each.serial) for each in certificates])
        return [_status(state) if our else Unknown() for state, our in zip(states, ours, strict=True)]

    def _signed(
        self, asked: OcspRequest, issuer: AnsweredIssuer, delegation: Delegation, as_of: datetime, now: datetime
    ) -> OcspAnswer:
        statuses = self._statuses(asked.certificates, issuer)
        next_update = min(as_of + VALID_FOR, delegation.key.ends)
        singles = [
            answer.single(cert_id, status, as_of, next_update, issuer.cutoff)
            for cert_id, status in zip(asked.certificates, statuses, strict=True)
        ]
        tbs = answer.to_be_signed(delegation.key_hash, now, singles, asked.nonce)
        signature = delegation.key.sign(tbs)
        der = answer.signed(tbs, delegation.algorithm, signature, delegation.key.certificate_der)
        repeatable = asked.nonce is None and Unknown() not in statuses
        return OcspAnswer(der, now, next_update, repeatable)


def _status(state: CertificateState | None) -> Status:
    if state is None:
        return Unknown()
    return Good() if state.revoked_at is None else Revoked(state.revoked_at, state.reason)


def _refused(refusal: Refusal, error: DomainError) -> Refusal:
    log.info("no answer", extra={"refusal": refusal.name, "error": type(error).__name__, "detail": error.detail})
    return refusal
