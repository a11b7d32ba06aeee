"""A signatory revokes their own certificate, proven by a code sent to their phone. Source: EN 319 411-1 §6.2.4.

Rules:

- whoever asks learns nothing: the answer is the same whether the description fits somebody, nobody, or somebody whose
  codes of the day are used up; a request in which nobody is described has a challenge of its own, which nobody can meet;
- its codes and guesses have an allowance of their own, so that nobody spends a signatory's signing codes by asking for
  this, nor the other way round (attack W15); it begins anew each month, for anybody may ask and guess, and a lock that
  never ended would take this way from the signatory for good;
- the right code revokes the credential and destroys the key at once; the CA's part follows by an order that the SAM
  signs and `web` carries: it can neither make one nor change it, and what it does not carry the operator's side does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography.x509 import load_der_x509_certificate
from sqlalchemy import Connection

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.entropy import new_id
from core.factors import ChallengeClosed, ThrottledUntil
from core.statements import RevocationOrder
from core.types import Dtbsr
from hsm.ports import SigningKey
from otp.tables import Challenge
from signer.sam.notices import Notices
from signer.sam.own_revocations import OwnRevocation
from signer.sam.parts import Parts
from signer.sam.protocol import (
    AcknowledgeOrder,
    BeginOwnRevocation,
    ConfirmOwnRevocation,
    ListRevocationOrders,
    OrderedRevocation,
    OwnRevocationBegun,
    RevocationOrders,
)
from signer.sam.records import CredentialRecord
from signer.sam.retiring import OVER, change_state

_KEPT: Final = timedelta(days=1)  # how long an unconfirmed request is remembered


class Revoking:
    """Takes signatories' requests for revocation."""

    def __init__(self, parts: Parts, notices: Notices, order_key: SigningKey) -> None:
        self._parts = parts
        self._notices = notices
        self._order_key = order_key

    def begin(self, asked: BeginOwnRevocation) -> OwnRevocationBegun:
        """Open a request, and send the code if somebody is described.

        Raises:
            SmsNotSent: the gateway takes no message now, whoever was described.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            self._forget(connection, now - _KEPT)
            record = self._parts.records.owned(connection, asked.subject_serial, asked.phone)
            try:
                opened, challenge = self._open(connection, record, now)
            except ThrottledUntil:
                record = None
                opened, challenge = self._open(connection, None, now)
        if record is None:
            self._notices.check()
        else:
            code = self._parts.challenges.code(challenge, opened.binding())
            self._notices.send_revocation_code(record, asked.language, code, opened.request, challenge.expires_at)
        return OwnRevocationBegun(opened.request, challenge.expires_at)

    def _forget(self, connection: Connection, before: datetime) -> None:
        names = self._parts.own_revocations.forget_open(connection, before)
        self._parts.challenges.forget(connection, names)

    def _open(
        self, connection: Connection, record: CredentialRecord | None, now: datetime
    ) -> tuple[OwnRevocation, Challenge]:
        request = new_id(self._parts.entropy, "v")
        credential = record.credential if record is not None else ""
        opened = OwnRevocation(request, 1, "open", credential, self._parts.entropy.token_bytes(16), now, None)
        who = f"revocation of {record.signatory} in {now:%Y-%m}" if record is not None else request
        challenge = self._parts.challenges.open(connection, request, who, "", now)
        self._parts.own_revocations.add(connection, opened)
        if record is not None:
            self._parts.evidence.append(connection, "revocation asked for", now, request=request, credential=credential)
        return opened, challenge

    def confirm(self, asked: ConfirmOwnRevocation) -> OrderedRevocation:
        """Judge the code and, when it is right, revoke the credential; return the order for the CA.

        Asked again once that is done, it gives the same order, whatever code comes with it.

        Raises:
            CodeWrong, CodeMalformed, CodeExpired, SigningStopped, ChallengeClosed, ThrottledUntil: nothing is revoked.
        """
        now = self._parts.clock.now()
        with self._parts.database.reading() as connection:
            request = self._parts.own_revocations.find(connection, asked.request)
            if request.confirmed_at is not None:
                return OrderedRevocation(self._order(request, self._parts.records.find(connection, request.credential)))
        record = self._parts.challenges.judge(
            asked.request, asked.code, request.binding, now, lambda connection: self._revoke(connection, asked, now)
        )
        self._parts.database.forget_deleted()
        self._notices.tell_state(record, "revoked")
        return OrderedRevocation(self._order(replace(request, confirmed_at=now), record))

    def _revoke(self, connection: Connection, asked: ConfirmOwnRevocation, now: datetime) -> CredentialRecord:
        request = self._parts.own_revocations.find(
            connection, asked.request
        )  # as this transaction has it, and the newest
        if not request.credential:
            raise ChallengeClosed("nobody was described")
        record = self._parts.records.find(connection, request.credential)
        self._parts.own_revocations.replace(connection, replace(request, state="confirmed", confirmed_at=now))
        self._parts.evidence.append(connection, "revocation confirmed", now, request=request.request)
        if record.state not in OVER:
            change_state(self._parts, connection, record, "revoked", now)
        return record

    def orders(self, _asked: ListRevocationOrders) -> RevocationOrders:
        """Return the orders that the CA may not have yet."""
        with self._parts.database.reading() as connection:
            waiting = self._parts.own_revocations.confirmed(connection)
            records = [self._parts.records.find(connection, each.credential) for each in waiting]
        return RevocationOrders([self._order(*each) for each in zip(waiting, records, strict=True)])

    def acknowledge(self, asked: AcknowledgeOrder) -> None:
        """Take it that the CA has an order; one that is not confirmed stays as it is.

        Raises:
            ChallengeClosed: there is no such request.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            request = self._parts.own_revocations.find(connection, asked.request)
            if request.state == "confirmed":
                self._parts.own_revocations.replace(connection, replace(request, state="carried-out"))
                self._parts.evidence.append(connection, "revocation carried out", now, request=request.request)

    def _order(self, request: OwnRevocation, record: CredentialRecord) -> RevocationOrder:
        assert request.confirmed_at is not None  # for the type checker: only what was confirmed comes here
        number = load_der_x509_certificate(record.certificate or b"").serial_number
        unsigned = RevocationOrder(
            request=request.request,
            credential=record.credential,
            serial=f"{number:040x}",
            confirmed_at=request.confirmed_at,
            signature=b"",
        )
        digest = HashAlgorithm.SHA256.new(unsigned.to_be_signed()).digest()
        signature = self._order_key.sign(Dtbsr(HashAlgorithm.SHA256, digest), SignatureAlgorithm.ECDSA_SHA256)
        return msgspec.structs.replace(unsigned, signature=signature)
