"""The development outbox: messages become files in a folder, and the development phone shows them.

Never reachable from `web`, and refused where the service has a public origin (attack N12): that rule is in `apps`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from core.clock import Clock
from otp.delivery.ports import MessageRefused, Sms


class Outbox:
    """Delivers to a folder: one JSON file for a message, named by its reference, so that a repeat is the same message."""

    name: Final = "outbox"

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def send(self, sms: Sms) -> None:
        """Write the message, whole or not at all.

        Raises:
            MessageRefused: the folder does not take it.
        """
        message = {
            "at": self._clock.now().isoformat(),
            "to": sms.to,
            "sender": sms.sender,
            "text": sms.text,
        }
        target = self._folder / f"{sms.reference}.json"
        partial = target.with_suffix(f".{os.getpid()}.part")
        try:
            partial.write_text(json.dumps(message, ensure_ascii=False), encoding="utf-8")
            partial.replace(target)
        except OSError as error:
            raise MessageRefused(f"the outbox {self._folder}: {error.strerror}") from error

    def check(self) -> None:
        """Prove that the folder can be written.

        Raises:
            MessageRefused: it cannot.
        """
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise MessageRefused(f"the outbox {self._folder} cannot be written")
