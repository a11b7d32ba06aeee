"""What the SAM asks of whoever delivers its messages, and how that may fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import Unavailable


class NotDelivered(Unavailable):
    """No gateway took the message. `may_arrive`: it may reach the phone all the same, late; it counts as not sent."""

    def __init__(self, detail: str, *, may_arrive: bool = False) -> None:
        super().__init__(detail)
        self.may_arrive = may_arrive


class MessageRefused(NotDelivered):
    """The gateway was not reached, or said no: the message certainly does not arrive."""


class MessageQueued(NotDelivered):
    """The gateway took the message and cannot pass it on now: it arrives later, perhaps after the code has ended."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, may_arrive=True)


class OutcomeUnclear(NotDelivered):
    """The gateway got the message and gave no answer, or none that can be understood."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, may_arrive=True)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message. It holds a code, so it has no representation that a log could show."""

    to: str  # E.164
    sender: str
    text: str  # GSM-7, one segment
    reference: str  # of this sending: sending the same reference twice delivers one message
    sent_at: datetime
    expires_at: datetime  # when its code has ended: it is of no use to anybody from then on

    def __repr__(self) -> str:
        return "Sms(***)"


class SmsSender(Protocol):
    """Takes a message for delivery."""

    def send(self, sms: Sms) -> None:
        """Hand the message over.

        Raises:
            NotDelivered: no gateway took it.
        """
        ...

    def check(self) -> None:
        """Prove that messages would be taken.

        Raises:
            NotDelivered: they would not; the text says why, in plain words.
        """
        ...


class Gateway(SmsSender, Protocol):
    """One way to phones, with the name that the settings give it."""

    @property
    def name(self) -> str:
        """Return the gateway's name."""
        ...
