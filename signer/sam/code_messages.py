"""The message that carries a code: made from sealed records and the bound content alone (attack W13)."""

from __future__ import annotations

from otp.delivery.ports import Sms, SmsSender
from otp.fingerprint import fingerprint
from otp.sms import signing_text
from otp.tables import Challenge
from signer.sam.parts import Parts
from signer.sam.portals import Portal
from signer.sam.records import CredentialRecord
from signer.sam.transactions import Transaction


class CodeMessages:
    """Sends codes. `sender_name` is what the phone shows, `host` the one our last line names."""

    def __init__(self, parts: Parts, sender: SmsSender, sender_name: str, host: str) -> None:
        self._parts = parts
        self._sender = sender
        self._sender_name = sender_name
        self._host = host

    def send(self, transaction: Transaction, record: CredentialRecord, portal: Portal, challenge: Challenge) -> None:
        """Send the present code of a challenge.

        Raises:
            NotDelivered: no gateway took it.
        """
        text = signing_text(
            transaction.language,
            len(transaction.progress),
            for_whom=portal.sms_name,
            mark=fingerprint(self._parts.fingerprint_key, transaction.binding),
            code=self._parts.challenges.code(challenge, transaction.binding),
            host=self._host,
        )
        self._sender.send(
            Sms(
                to=record.phone,
                sender=self._sender_name,
                text=text,
                reference=f"{challenge.challenge}-{challenge.counter}-{challenge.sends}",
                sent_at=challenge.sent_at,
                expires_at=challenge.expires_at,
            )
        )
