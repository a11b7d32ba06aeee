"""What other zones hold of the SAM: its calls as methods, over whatever carries them.

`SamClient` is for the `web` zone, `SamAdmin` for the operator's commands; the two sockets have no call in common.
Every method may raise `Unavailable` and any error of `signer.sam.errors`; those listed are the ones to expect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from channel.protocol import Done, Health, M, Message
from core.statements import RevocationOrder
from signer.sam import protocol as sap


class Caller(Protocol):
    """Carries a request to a zone and its answer back: `channel.client.Channel`, or a test's way round the socket."""

    def call(self, request: Message, reply: type[M]) -> M:
        """Send `request` and return the answer.

        Raises:
            DomainError: the zone refused; the error it named.
            Unavailable: the zone does not answer, or not in time.
        """
        ...


class SamClient:
    """The calls of the socket `sam`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def open_transaction(self, request: sap.OpenTransaction) -> sap.TransactionView:
        """Open a transaction and have the code sent.

        Raises:
            RequestObjectInvalid, PortalUnknown, UnsignedRequestNotAllowed, CredentialUnknown, CredentialNotUsable,
            TooManySignatures, AlgorithmNotAuthorised, ThrottledUntil, SmsNotSent: no transaction was opened.
        """
        return self._caller.call(request, sap.TransactionView)

    def show_transaction(self, request: sap.ShowTransaction) -> sap.TransactionView:
        """Return how a transaction stands.

        Raises:
            TransactionUnknown: no such transaction of this client.
        """
        return self._caller.call(request, sap.TransactionView)

    def resend_code(self, request: sap.ResendCode) -> sap.TransactionView:
        """Have the code sent again.

        Raises:
            TransactionUnknown, TransactionClosed, ResendTooEarly, ResendExhausted, ThrottledUntil, SmsNotSent: it was
            not sent.
        """
        return self._caller.call(request, sap.TransactionView)

    def submit_code(self, request: sap.SubmitCode) -> sap.Authorised:
        """Have the typed code judged and return the signature activation data.

        Raises:
            CodeWrong, CodeMalformed, CodeExpired, SigningStopped, TransactionUnknown, TransactionClosed,
            ThrottledUntil: nothing is authorised.
        """
        return self._caller.call(request, sap.Authorised)

    def cancel_transaction(self, request: sap.CancelTransaction) -> None:
        """End a transaction for good.

        Raises:
            TransactionUnknown: no such transaction of this client.
        """
        self._caller.call(request, Done)

    def revoke_sad(self, request: sap.RevokeSad) -> None:
        """End the transaction that a SAD belongs to.

        Raises:
            SadInvalid: not a SAD of this client.
        """
        self._caller.call(request, Done)

    def sign_hashes(self, request: sap.SignHashes) -> sap.Signatures:
        """Return signatures over DTBS/Rs, in their order.

        Raises:
            SadInvalid, SadExpired, CredentialMismatch, DigestNotAuthorised, AlgorithmNotAuthorised,
            CredentialNotUsable, TransactionClosed, OutcomeUnknown: nothing is released.
        """
        return self._caller.call(request, sap.Signatures)

    def sign_contents(self, request: sap.SignContents) -> sap.ContentSignatures:
        """Return a detached CMS for each content digest, in their order.

        Raises:
            The errors of `sign_hashes`.
        """
        return self._caller.call(request, sap.ContentSignatures)

    def sign_document(self, request: sap.SignDocument) -> sap.DocumentSignature:
        """Return the CMS for one prepared document, and the increment it belongs to.

        Raises:
            IncrementRefused, IncrementDiffers, and the errors of `sign_hashes`.
        """
        return self._caller.call(request, sap.DocumentSignature)

    def list_credentials(self, request: sap.ListCredentials) -> sap.Credentials:
        """Return the credentials of a client's account; none when there is no such account."""
        return self._caller.call(request, sap.Credentials)

    def describe_credential(self, request: sap.DescribeCredential) -> sap.CredentialView:
        """Return what a client may know of a credential.

        Raises:
            CredentialUnknown: no such credential of this client's signatories.
        """
        return self._caller.call(request, sap.CredentialView)

    def begin_own_revocation(self, request: sap.BeginOwnRevocation) -> sap.OwnRevocationBegun:
        """Have a code sent to whom the request describes, if anybody; the answer does not tell which.

        Raises:
            SmsNotSent: no message can be sent now.
        """
        return self._caller.call(request, sap.OwnRevocationBegun)

    def confirm_own_revocation(self, request: sap.ConfirmOwnRevocation) -> RevocationOrder:
        """Have the typed code judged; when it is right, the credential is revoked. Return the order for the CA.

        Raises:
            CodeWrong, CodeMalformed, CodeExpired, SigningStopped, ChallengeClosed, ThrottledUntil: nothing is revoked.
        """
        return self._caller.call(request, sap.OrderedRevocation).order

    def check(self) -> None:
        """Have the SAM prove that it can sign.

        Raises:
            Unavailable: it cannot.
        """
        self._caller.call(Health(), Done)


class SamAdmin:
    """The calls of the socket `sam-admin`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def register_portal(self, request: sap.RegisterPortal) -> None:
        """Register a portal, or replace its entry."""
        self._caller.call(request, Done)

    def approve(self, request: sap.Approve) -> sap.Approved:
        """Have it put on record that a person was identified and may have a credential.

        Raises:
            PortalUnknown, AlreadyEnrolled, AlreadyApproved, NothingToReplace: nothing is on record.
        """
        return self._caller.call(request, sap.Approved)

    def approve_renewal(self, credential: str) -> sap.Approved:
        """Have it put on record that a credential may be followed by another one, on the same proofing.

        Raises:
            CredentialUnknown, CredentialNotUsable, ProofingTooOld, AlreadyApproved: nothing is on record.
        """
        return self._caller.call(sap.ApproveRenewal(credential), sap.Approved)

    def open_approvals(self) -> list[sap.ApprovalView]:
        """Return the approvals that wait for their activation, oldest first."""
        return self._caller.call(sap.ListApprovals(), sap.OpenApprovals).approvals

    def withdraw(self, approval: str) -> None:
        """End an approval that was not used.

        Raises:
            ApprovalUnknown, ApprovalNotOpen: there is none, or it has ended.
        """
        self._caller.call(sap.WithdrawApproval(approval), Done)

    def make_key(self, request: sap.MakeKey) -> sap.MadeKey:
        """Have a key and a pending credential made on an approval.

        Raises:
            ApprovalUnknown, ApprovalNotOpen, ApprovalLapsed, ProofingTooOld, CredentialNotUsable, SmsNotSent: no key
            was made.
        """
        return self._caller.call(request, sap.MadeKey)

    def activate(self, request: sap.Activate) -> None:
        """Give a pending credential its certificate.

        Raises:
            CredentialUnknown, CertificateMismatch, SmsNotSent: it stays pending.
            ApprovalNotOpen, ApprovalLapsed, ProofingTooOld, CredentialNotUsable: it will never be active.
        """
        self._caller.call(request, Done)

    def set_state(self, request: sap.SetState) -> None:
        """Suspend, resume or revoke a credential.

        Raises:
            CredentialUnknown: there is none with this name.
        """
        self._caller.call(request, Done)

    def show(self, credential: str) -> sap.CredentialLine:
        """Return what an officer sees of a credential.

        Raises:
            CredentialUnknown: there is none with this name.
        """
        return self._caller.call(sap.ShowCredential(credential), sap.CredentialLine)

    def ending(self, until: datetime, since: datetime | None = None) -> list[sap.CredentialLine]:
        """Return active credentials that end before `until` and not before `since`, the earliest first, at most 1000."""
        return self._caller.call(sap.ListEnding(until, since), sap.CredentialLines).credentials

    def revocation_orders(self) -> list[RevocationOrder]:
        """Return orders that the CA may not have yet, oldest first."""
        return self._caller.call(sap.ListRevocationOrders(), sap.RevocationOrders).orders

    def acknowledge_order(self, order: RevocationOrder) -> None:
        """Tell the SAM that the CA has carried an order out."""
        self._caller.call(sap.AcknowledgeOrder(order.request), Done)

    def verify_evidence(self) -> sap.EvidenceVerified:
        """Have the evidence log verified from its first row."""
        return self._caller.call(sap.VerifyEvidence(), sap.EvidenceVerified)

    def check(self) -> None:
        """Have the SAM prove that it can sign.

        Raises:
            Unavailable: it cannot.
        """
        self._caller.call(Health(), Done)
