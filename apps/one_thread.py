"""The worker of a zone that holds a token: everything in one thread, so a caller who dawdles would keep all others waiting.

Therefore whoever opened a connection has to say what he wants at once, and to the end: a pause of two seconds, or ten
seconds for the whole request, and the connection is closed (attack W10). An answer may take longer to be taken.
"""

from __future__ import annotations

import errno
import logging
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.sync import SyncWorker

from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 2.0  # the longest silence within a request
_REQUEST_SECONDS: Final = 10.0  # from the connection to the last byte of the request
_ANSWER_SECONDS: Final = 30.0


class OneThread(SyncWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker that does everything in its one thread, the zone's beat included."""

    _next_beat = 0.0

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

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """Serve one connection."""
        super().handle(listener, ImpatientSocket(client), addr)


class ImpatientSocket(socket.socket):
    """An accepted connection that is closed to a peer who dawdles."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(fileno=accepted.detach())
        self._until = time.monotonic() + _REQUEST_SECONDS

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return what comes next.

        Raises:
            ConnectionResetError: nothing came, or the request takes too long: to gunicorn the peer is gone.
        """
        left = self._until - time.monotonic()
        try:
            self.settimeout(max(0.001, min(_PAUSE_SECONDS, left)))
            return super().recv(bufsize, flags)
        except TimeoutError:
            self._until = time.monotonic()
            raise ConnectionResetError(errno.ECONNRESET, "the peer dawdles") from None

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it."""
        self.settimeout(_ANSWER_SECONDS)
        super().sendall(data, flags)
