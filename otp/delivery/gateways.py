"""Several gateways as one: the first, then the next when it did not take the message.

1. Whatever gateway takes it, the message is the same and holds the same code: at most one code is live (attack Y2).
2. A gateway that failed three times running rests for half a minute and is not asked meanwhile: one that hangs would
   otherwise cost each signatory its time-out, and the SAM a process.
3. What is logged of a message is where it went and how that ended; no number, no text, none of the gateway's words.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from otp.delivery.ports import Gateway, NotDelivered, Sms

log = logging.getLogger(__name__)

_FAILURES: Final = 3
_REST: Final = 30.0  # seconds


class Gateways:
    """Sends through the first gateway that takes the message. `seconds` is a clock that never goes back."""

    def __init__(self, gateways: Iterable[Gateway], seconds: Callable[[], float] = time.monotonic) -> None:
        self._gateways = tuple(gateways)
        self._seconds = seconds
        self._failures = dict.fromkeys(range(len(self._gateways)), 0)
        self._rests_until = dict.fromkeys(range(len(self._gateways)), 0.0)

    def send(self, sms: Sms) -> None:
        """Hand the message to one gateway after the other until one takes it.

        Raises:
            NotDelivered: none did.
        """
        problems: list[NotDelivered] = []
        for number, gateway in self._awake():
            try:
                gateway.send(sms)
            except NotDelivered as error:
                self._failed(number)
                problems.append(error)
                told = {"gateway": gateway.name, "error": type(error).__name__, "detail": error.detail}
                log.warning("message not taken", extra=told)
            else:
                self._failures[number] = 0
                log.info("message accepted", extra={"gateway": gateway.name})
                return
        raise _all_failed(problems)

    def check(self) -> None:
        """Prove that one gateway at least would take messages.

        Raises:
            NotDelivered: none would.
        """
        problems: list[NotDelivered] = []
        for _number, gateway in self._awake():
            try:
                gateway.check()
            except NotDelivered as error:
                problems.append(error)
            else:
                return
        raise _all_failed(problems)

    def _awake(self) -> Iterator[tuple[int, Gateway]]:
        now = self._seconds()
        for number, gateway in enumerate(self._gateways):
            if now >= self._rests_until[number]:
                yield number, gateway

    def _failed(self, number: int) -> None:
        self._failures[number] += 1
        if self._failures[number] >= _FAILURES:
            self._rests_until[number] = self._seconds() + _REST


def _all_failed(problems: list[NotDelivered]) -> NotDelivered:
    if not problems:
        return NotDelivered("every SMS gateway failed several times; they are asked again within half a minute")
    return NotDelivered(
        "; ".join(problem.detail for problem in problems), may_arrive=any(problem.may_arrive for problem in problems)
    )
