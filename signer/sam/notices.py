"""What a signatory is told on the phone apart from signing: a new credential, every change of one (attacks §2.3, Z8).

A new credential is announced before it can sign: no message, no credential. A change of state does not wait for its
message, since a revocation must not depend on a gateway. Source: EN 319 411-1 §6.2.4.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, Literal

from core.clock import Clock
from core.factors import SmsNotSent
from otp.delivery.ports import NotDelivered, Sms, SmsSender
from otp.sms import Event, Language, check_notices, notice_text, revocation_text
from signer.sam.records import CredentialRecord

log = logging.getLogger(__name__)

_NEWS: Final = timedelta(days=1)  # how long a gateway may keep a notice
_EVENTS: Final[dict[str, Event]] = {"active": "resumed", "suspended": "suspended", "revoked": "revoked"}


class Notices:
    """Sends notices in one language, and the code of a signatory who revokes in the language of their page.

    `sender_name` is what the phone shows, `help_phone` whom to call, `host` the one that the last line of a code names.
    """

    def __init__(
        self, sender: SmsSender, clock: Clock, *, sender_name: str, help_phone: str, host: str, language: Language
    ) -> None:
        """Take the names.

        Raises:
            Malformed: they do not fit one message.
        """
        check_notices(sender_name, help_phone, host)
        self._sender = sender
        self._clock = clock
        self._sender_name = sender_name
        self._help_phone = help_phone
        self._host = host
        self._language = language

    def check(self) -> None:
        """Prove that a notice would be taken.

        Raises:
            SmsNotSent: it would not.
        """
        with _translated():
            self._sender.check()

    def announce(self, record: CredentialRecord, ends_at: datetime) -> None:
        """Tell a signatory that a credential was made for them, valid until `ends_at`.

        Raises:
            SmsNotSent: the gateway did not take it.
        """
        with _translated():
            self._send(record, "new", f"{ends_at:%d.%m.%Y}")

    def tell_state(self, record: CredentialRecord, state: Literal["active", "suspended", "revoked"]) -> None:
        """Tell a signatory that their credential has another state; a gateway that does not take it is logged."""
        try:
            self._send(record, _EVENTS[state])
        except NotDelivered as error:
            told = {"credential": record.credential, "state": state, "detail": error.detail}
            log.warning("signatory not told of a change of state", extra=told)

    def send_revocation_code(
        self, record: CredentialRecord, language: Language, code: str, request: str, expires_at: datetime
    ) -> None:
        """Send the code with which a signatory revokes their own certificate; it opens nothing after `expires_at`.

        Raises:
            SmsNotSent: the gateway did not take it.
        """
        text = revocation_text(language, help_phone=self._help_phone, code=code, host=self._host)
        with _translated():
            self._hand_over(record, text, request, expires_at)

    def _send(self, record: CredentialRecord, event: Event, until: str = "") -> None:
        text = notice_text(self._language, event, service=self._sender_name, help_phone=self._help_phone, until=until)
        reference = f"{record.credential}-{event}-{record.version}"
        self._hand_over(record, text, reference, self._clock.now() + _NEWS)

    def _hand_over(self, record: CredentialRecord, text: str, reference: str, expires_at: datetime) -> None:
        self._sender.send(Sms(record.phone, self._sender_name, text, reference, self._clock.now(), expires_at))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except NotDelivered as error:
        raise SmsNotSent(error.detail) from error
