"""The caretaker: does by itself, round after round, what an operator would otherwise have to remember.

- It carries checkpoints of the SAM's evidence and of the authority's log to the time-stamping authority.
- It carries the SAM's orders of revocation to the authority, when `web` did not.
- It renews the certificate of the OCSP responder's key ten days before it ends. A new key is a person's business.

It listens nowhere. It may do what an operator's command may: open `sam-admin`, `ca` and `ca-admin`, and the token of
`status`.
What it brings is checked by who gets it; where it fails, it tries again, and `paraph health` says what is late.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps.installation import CARETAKER, from_arguments
from apps.serving import die_with_parent, harden
from apps.status_keys import TOKEN_LABEL, certify_again
from apps.time_stamping import carry
from apps.upkeep import LOGS, RESPONDER_RENEWED_BEFORE, answering, responder_ends
from ca.admin_protocol import ByOperator
from ca.client import CaAdmin, CaClient
from ca.protocol import CA, CA_ADMIN
from channel.client import Channel
from core.clock import SystemClock
from core.errors import DomainError
from core.logs import configure
from core.pinned_authorities import time_stamp_url
from hsm.session import Token
from signer.outside import Outside
from signer.own_revocation import carry_orders
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.clock import Clock
    from core.config import Settings

_ROUND: Final = 20.0  # seconds
_FIRST_PAUSE: Final = 2.0  # after a failure: zones take a moment to start
_LONGEST_PAUSE: Final = 600.0

log = logging.getLogger(__name__)


class Caretaker:
    """Makes rounds."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._outside = Outside()
        self._pause = _FIRST_PAUSE

    def make_round(self) -> float:
        """Do what is due; return in how many seconds to come again."""
        done = [self._try(f"time-stamp of the {name}", partial(self._carry, name)) for name in LOGS]
        done.append(self._try("orders of revocation", self._carry_orders))
        done.append(self._try("renewal of the responder", self._renew_responder))
        if all(done):
            self._pause = _FIRST_PAUSE
            return _ROUND
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return self._pause

    def _carry(self, name: str) -> None:
        socket, protocol = LOGS[name]
        carry(Channel(protocol, self._settings.socket(socket)), self._outside, time_stamp_url(self._settings))

    def _carry_orders(self) -> None:
        sam = SamAdmin(Channel(ADMIN, self._settings.socket("sam-admin")))
        carry_orders(sam, CaClient(Channel(CA, self._settings.socket("ca"))))

    def _renew_responder(self) -> None:
        for generation in answering(self._settings):
            if responder_ends(self._settings, generation) - self._clock.now() < RESPONDER_RENEWED_BEFORE:
                self._renew(generation)

    def _renew(self, generation: int) -> None:
        settings = self._settings
        authority = CaAdmin(Channel(CA_ADMIN, settings.socket("ca-admin")), ByOperator(CARETAKER))
        folder = settings.zone_dir("status")
        with closing(Token(folder, Path(settings.ca.module), TOKEN_LABEL)) as token:
            certify = partial(authority.certify, generation=generation)
            certificate = certify_again("ocsp", folder, token, certify, generation)
        log.info("responder renewed", extra={"ends": certificate.not_valid_after_utc})

    def _try(self, what: str, act: Callable[[], None]) -> bool:
        try:
            act()
        except (DomainError, OSError) as error:
            detail = getattr(error, "detail", str(error))
            log.warning("not done", extra={"what": what, "error": type(error).__name__, "detail": detail})
            return False
        return True


def main() -> None:
    """Make rounds until told to stop, for the installation named on the command line."""
    configure(CARETAKER, sys.stderr)
    try:
        settings = from_arguments(sys.argv[1:]).settings()
    except DomainError as error:
        log.critical("cannot start", extra={"error": type(error).__name__, "detail": error.detail})
        sys.exit(3)
    die_with_parent(signal.SIGTERM)
    harden()
    caretaker = Caretaker(settings, SystemClock())
    while True:
        time.sleep(caretaker.make_round())


if __name__ == "__main__":
    main()
