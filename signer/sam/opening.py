"""Opening a transaction: the portal's word is verified, what it binds is fixed, and the code goes out (design §2.1).

What reaches the signatory's phone and page is made from sealed records and the bound content; the caller supplies the
portal's signed request and nothing else (attack W7).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete

from core.algorithms import HashAlgorithm
from core.authorization_details import RequestedDigest, SignatureRequest, read_label
from core.entropy import new_id
from core.errors import Malformed, MalformedDigest
from core.factors import SmsNotSent
from otp.delivery.ports import NotDelivered
from otp.tables import Challenge
from signer.sam.code_messages import CodeMessages
from signer.sam.endings import end
from signer.sam.errors import CredentialUnknown
from signer.sam.parts import Parts
from signer.sam.policy import (
    SMS_PAUSE,
    TRANSACTION_LIFE,
    check_batch,
    check_trust_mode,
    check_usable,
    choose_algorithm,
)
from signer.sam.portals import Portal
from signer.sam.protocol import CarriedRequest, OpenTransaction, TransactionView
from signer.sam.records import CredentialRecord
from signer.sam.request_objects import PortalRequest, unuse, use_once, verify_request_object
from signer.sam.tables import results
from signer.sam.transactions import Binding, Transaction
from signer.sam.views import view


class Opening:
    """Opens transactions."""

    def __init__(self, parts: Parts, messages: CodeMessages) -> None:
        self._parts = parts
        self._messages = messages

    def open(self, asked: OpenTransaction) -> TransactionView:
        """Open a transaction for the portal's request, end the credential's earlier one, and send the code.

        Raises:
            DomainError: any refusal of the request, the credential or the limits; nothing was sent then.
            SmsNotSent: no gateway took the message. The transaction is ended, and the request may be used again.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            portal = self._parts.portals.find(connection, asked.client)
            request, signed_by_portal = self._request(asked, portal, now)
            record = self._record_for(connection, portal, request)
            check_usable(record, now)
            check_trust_mode(record, signed_by_portal=signed_by_portal)
            check_batch(self._parts.policy, request.request)
            if signed_by_portal:
                use_once(connection, portal, request, now)
            transaction = self._bind(record, portal, request.request, asked, signed_by_portal=signed_by_portal, now=now)
            self._end_earlier(connection, record, now)
            self._parts.transactions.add(connection, transaction)
            challenge = self._parts.challenges.open(
                connection, transaction.transaction, record.signatory, portal.client, now
            )
            self._tell_opened(connection, transaction, now)
        try:
            self._messages.send(transaction, record, portal, challenge)
        except NotDelivered as error:
            raise self._not_sent(transaction, challenge, portal, request, error) from error
        return view(self._parts, transaction, record, portal, challenge)

    def _request(self, asked: OpenTransaction, portal: Portal, now: datetime) -> tuple[PortalRequest, bool]:
        if (asked.request_object is None) == (asked.carried is None):
            raise Malformed("exactly one of request_object and carried")
        if asked.request_object is not None:
            return verify_request_object(asked.request_object, portal, self._parts.policy.audience, now), True
        assert asked.carried is not None  # for the type checker: the exclusive-or above says so
        return _carried(asked.carried, now), False

    def _record_for(self, connection: Connection, portal: Portal, asked: PortalRequest) -> CredentialRecord:
        record = self._parts.records.find(connection, asked.request.credential)
        if record.client != portal.client or asked.account not in {"", record.account}:
            raise CredentialUnknown("another portal's or another account's")
        return record

    def _bind(
        self,
        record: CredentialRecord,
        portal: Portal,
        request: SignatureRequest,
        asked: OpenTransaction,
        *,
        signed_by_portal: bool,
        now: datetime,
    ) -> Transaction:
        name = new_id(self._parts.entropy, "t")
        binding = Binding(
            nonce=self._parts.entropy.token_bytes(16),
            transaction=name,
            signatory=record.signatory,
            credential=record.credential,
            record_version=record.version,
            client=portal.client,
            signed_by_portal=signed_by_portal,
            hash=request.hash,
            algorithm=choose_algorithm(record, request),
            digests=request.digests,
            opened_at=now,
            expires_at=now + TRANSACTION_LIFE,
        )
        progress = b"A" * len(request.digests)
        return Transaction(name, 1, record.credential, "open", binding.to_bytes(), asked.language, progress, None)

    def _end_earlier(self, connection: Connection, record: CredentialRecord, now: datetime) -> None:
        """End what is still live: one open transaction for a credential. Results of ended ones are of no use to anybody."""
        for earlier in self._parts.transactions.live_of(connection, record.credential):
            connection.execute(delete(results).where(results.c.transaction == earlier.transaction))
            end(self._parts, connection, earlier, "replaced", now)

    def _tell_opened(self, connection: Connection, transaction: Transaction, now: datetime) -> None:
        bound = transaction.bound
        self._parts.evidence.append(
            connection,
            "transaction opened",
            now,
            transaction=transaction.transaction,
            credential=bound.credential,
            client=bound.client,
            signed_by_portal=bound.signed_by_portal,
            binding=transaction.binding_digest,
            digests=[digest.value for digest in bound.digests],
        )

    def _not_sent(
        self,
        transaction: Transaction,
        challenge: Challenge,
        portal: Portal,
        request: PortalRequest,
        error: NotDelivered,
    ) -> SmsNotSent:
        """End a transaction whose code did not go out: should the message arrive all the same, its code opens nothing."""
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            self._parts.challenges.not_sent(connection, challenge, may_arrive=error.may_arrive)
            current = self._parts.transactions.find(connection, transaction.transaction)
            if current.state == "open":  # nobody ended it while the gateway was waited for
                self._parts.transactions.store(connection, replace(current, state="not-sent"))
            unuse(connection, portal, request)
            self._parts.evidence.append(connection, "code not sent", now, transaction=transaction.transaction)
        return SmsNotSent(error.detail, (now + SMS_PAUSE).isoformat())


def _carried(carried: CarriedRequest, now: datetime) -> PortalRequest:
    """Return what `web` says the portal asked, under the same rules of form as a signed request."""
    algorithm = HashAlgorithm.from_oid(carried.hash_oid)
    for digest in carried.digests:
        if len(digest.value) != algorithm.size:
            raise MalformedDigest(f"{len(digest.value)} bytes for {algorithm.name}")
    if not carried.digests:
        raise Malformed("no digests")
    digests = tuple(RequestedDigest(d.type, d.value, read_label(d.label)) for d in carried.digests)
    return PortalRequest(SignatureRequest(carried.credential, algorithm, digests, None), carried.account, "", now)
