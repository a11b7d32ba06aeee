"""The worker of a zone that holds a token, or that does one thing at a time: everything in one thread, its beat included.

Connections wait until their request is there (`apps.waiting_room`), so a caller who dawdles keeps nobody else waiting.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.sync import SyncWorker

from apps.waiting_room import Arrived, WaitingRoom
from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 60.0


class OneThread(SyncWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker whose connections wait together, and go in to its thread one by one."""

    _next_beat = 0.0
    _room: WaitingRoom

    def run(self) -> None:
        """Serve until told to stop."""
        self._room = WaitingRoom()
        for door in self.wait_fds:
            self._room.watch(door)
        super().run()

    def accept(self, listener: Any) -> None:
        """Let a new connection wait; gunicorn calls it until nobody stands at the door."""
        peer, address = listener.accept()
        peer.set_inheritable(False)
        self._room.enter(peer, address, listener)

    def wait(self, timeout: float) -> list[Any]:
        """Serve those whose request is there; return the listeners that somebody stands at."""
        self.notify()
        doors, arrived = self._room.wait(timeout)
        if self.PIPE[0] in doors:
            os.read(self.PIPE[0], 1)
        for visitor in arrived:
            self.notify()
            self.handle(visitor.listener, Arrived(visitor, self._room.see_off), visitor.address)
        return doors

    def notify(self) -> None:
        """Tell the master that this worker lives; gunicorn calls it between requests."""
        super().notify()
        beat: Callable[[], None] | None = self.app.zone.beat
        if beat is not None and time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + _BEAT_SECONDS
            try:
                beat()
            except DomainError as error:
                log.warning("beat failed", extra={"error": type(error).__name__, "detail": error.detail})
