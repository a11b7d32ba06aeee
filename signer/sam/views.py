"""What the authorization page shows of a transaction."""

from __future__ import annotations

from typing import Literal

from cryptography.x509 import load_der_x509_certificate

from otp import throttle
from otp.fingerprint import fingerprint
from otp.tables import Challenge
from signer.sam.parts import Parts
from signer.sam.portals import Portal
from signer.sam.protocol import TransactionView
from signer.sam.records import CredentialRecord
from signer.sam.transactions import Transaction


def view(
    parts: Parts, transaction: Transaction, record: CredentialRecord, portal: Portal, challenge: Challenge
) -> TransactionView:
    """Return the view of a transaction: nothing of the phone number but its last two digits (attack W13)."""
    bound = transaction.bound
    sends_left = throttle.SENDS - challenge.sends
    certificate = load_der_x509_certificate(record.certificate or b"")
    return TransactionView(
        transaction=transaction.transaction,
        client_name=portal.name,
        signatory_name=record.name,
        labels=[digest.label for digest in bound.digests],
        types=[digest.type for digest in bound.digests],
        signed_by_portal=bound.signed_by_portal,
        fingerprint=fingerprint(parts.fingerprint_key, transaction.binding),
        phone_tail=record.phone[-2:],
        state=_shown_state(transaction, challenge),
        tries_left=throttle.TRIES - challenge.attempts,
        code_number=challenge.counter + 1,
        code_expires_at=challenge.expires_at,
        resend_at=challenge.sent_at + throttle.WAITS[challenge.sends - 1] if sends_left else None,
        sends_left=sends_left,
        certificate_ends_at=certificate.not_valid_after_utc,
    )


def _shown_state(
    transaction: Transaction, challenge: Challenge
) -> Literal["open", "authorised", "cancelled", "stopped", "closed"]:
    if transaction.state == "open":
        return "stopped" if challenge.state == "dead" else "open"
    if transaction.state in {"authorised", "cancelled"}:
        return transaction.state
    return "closed"
