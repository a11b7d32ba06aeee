"""What the SAM asks of whoever delivers its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.errors import Unavailable


class NotDelivered(Unavailable):
    """The gateway did not take the message."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message. It holds a code, so it has no representation that a log could show."""

    to: str  # E.164
    sender: str
    text: str  # GSM-7, one segment
    reference: str  # idempotency key: sending the same reference twice delivers one message

    def __repr__(self) -> str:
        return "Sms(***)"


class SmsSender(Protocol):
    """Takes a message for delivery."""

    def send(self, sms: Sms) -> None:
        """Hand the message over.

        Raises:
            NotDelivered: it was refused, or nobody answered in time.
        """
        ...

    def check(self) -> None:
        """Prove that messages would be taken.

        Raises:
            NotDelivered: they would not.
        """
        ...
