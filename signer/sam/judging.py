"""Judging a code: sent again on request, judged once typed; the right one gives the SAD (design §2.3)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from core.errors import DomainError
from core.factors import CodeWrong, SigningStopped, SmsNotSent
from otp.delivery.ports import NotDelivered
from otp.tables import Challenge
from signer.sam.code_messages import CodeMessages
from signer.sam.endings import open_one
from signer.sam.parts import Parts
from signer.sam.policy import SMS_PAUSE, check_usable
from signer.sam.protocol import Authorised, ResendCode, SubmitCode, TransactionView
from signer.sam.sad import SadClaims
from signer.sam.transactions import Transaction
from signer.sam.views import view

log = logging.getLogger(__name__)

_FACTORS = ["sms-otp"]


class Judging:
    """Sends codes again and judges what was typed. `honest_error_rate`: the share of wrong codes that raises no alarm."""

    def __init__(self, parts: Parts, messages: CodeMessages, honest_error_rate: float) -> None:
        self._parts = parts
        self._messages = messages
        self._honest_error_rate = honest_error_rate

    def resend(self, asked: ResendCode) -> TransactionView:
        """Send the code again: the same while it lives, a new one after.

        Raises:
            TransactionClosed, ResendTooEarly, ResendExhausted, ThrottledUntil, SmsNotSent: nothing was sent. The code
            that was sent before stays as good as it was.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            transaction = open_one(self._parts, connection, asked.transaction, asked.client, now)
            record = self._parts.records.find(connection, transaction.credential)
            portal = self._parts.portals.find(connection, asked.client)
            before = self._parts.challenges.find(connection, transaction.transaction)
            challenge = self._parts.challenges.resend(connection, transaction.transaction, now)
            self._parts.evidence.append(
                connection, "code sent again", now, transaction=transaction.transaction, counter=challenge.counter
            )
        try:
            self._messages.send(transaction, record, portal, challenge)
        except NotDelivered as error:
            raise self._not_sent_again(before, challenge, error) from error
        return view(self._parts, transaction, record, portal, challenge)

    def _not_sent_again(self, before: Challenge, tried: Challenge, error: NotDelivered) -> SmsNotSent:
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            if not error.may_arrive:
                self._parts.challenges.not_sent_again(connection, before, tried, now)
            self._parts.evidence.append(connection, "code not sent", now, transaction=tried.challenge)
        return SmsNotSent(error.detail, (now + SMS_PAUSE).isoformat())

    def submit(self, asked: SubmitCode) -> Authorised:
        """Judge the code and, when it is right, return the SAD.

        Raises:
            DomainError: as `otp.challenges.Challenges.judge` says; or the transaction is not open.
        """
        now = self._parts.clock.now()
        with self._parts.database.reading() as connection:
            transaction = open_one(self._parts, connection, asked.transaction, asked.client, now)

        def met(connection: Connection) -> None:
            current = open_one(self._parts, connection, asked.transaction, asked.client, now)
            check_usable(self._parts.records.find(connection, current.credential), now)
            self._parts.transactions.store(connection, replace(current, state="authorised"))
            self._parts.evidence.append(
                connection, "authorised", now, transaction=current.transaction, factors=list(_FACTORS)
            )

        try:
            self._parts.challenges.judge(asked.transaction, asked.code, lambda: transaction.binding, now, met)
        except (CodeWrong, SigningStopped) as error:
            self._tell_refused(transaction, error, now)
            raise
        return self._authorised(transaction, now)

    def _authorised(self, transaction: Transaction, now: datetime) -> Authorised:
        bound = transaction.bound
        claims = SadClaims(
            transaction=transaction.transaction,
            binding_digest=transaction.binding_digest,
            signatory=bound.signatory,
            credential=bound.credential,
            client=bound.client,
            factors=_FACTORS,
            issued_at=now,
            expires_at=now + self._parts.policy.sad_life,
        )
        return Authorised(self._parts.codec.make(claims), claims.expires_at, bound.credential, len(bound.digests))

    def _tell_refused(self, transaction: Transaction, error: DomainError, now: datetime) -> None:
        with self._parts.database.transaction() as connection:
            self._parts.evidence.append(
                connection, "code refused", now, transaction=transaction.transaction, reason=type(error).__name__
            )
            rate = self._parts.challenges.guess_rate(connection, now)
        if rate.is_alarming(self._honest_error_rate):
            log.warning("wrong codes beyond honest error", extra={"judged": rate.judged, "wrong": rate.wrong})
