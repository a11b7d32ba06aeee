"""The answering side: a WSGI application that a process server runs behind a unix socket.

Size is checked before a byte of the body is read, the peer's user before that (attacks W10, W12).
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, Final

from channel.protocol import Done, Failure, Health, Message, Protocol, decode, encode, failure_of
from core.errors import DomainError, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

_PROOF_STANDS: Final = 1.0  # seconds


class Server:
    """Answers the calls of one protocol; `handlers` has one function for each request type, `Health` included."""

    def __init__(
        self,
        protocol: Protocol,
        handlers: Mapping[type[Message], Callable[[Any], Message]],
        peers: frozenset[int],
    ) -> None:
        missing = {call.request for call in protocol.by_name.values()} ^ set(handlers)
        if missing:
            raise TypeError(f"{protocol.name}: calls and handlers differ: {missing}")
        self._protocol = protocol
        self._handlers = handlers
        self._peers = peers

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one call (WSGI)."""
        try:
            status, reply = "200 OK", self._answer(environ)
        except DomainError as error:
            log.info("refused", extra={"error": type(error).__name__, "detail": error.detail})
            status, reply = "422 Refused", failure_of(self._protocol, error)
        except Exception:
            log.exception("failed")
            status, reply = "500 Failed", Failure("Unavailable", "internal error")
        body = encode(reply)
        start(status, [("Content-Type", "application/msgpack"), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Message:
        self._check_peer(environ)
        name = environ["PATH_INFO"].rsplit("/", 1)[-1]
        call = self._protocol.by_name.get(name)
        if call is None or environ["PATH_INFO"] != self._protocol.path(name) or environ["REQUEST_METHOD"] != "POST":
            raise Malformed("no such call")
        environ["paraph.call"] = name  # for the counts of `apps.meters`: one of the protocol's few
        request = decode(call.request, _body(environ, call.limit))
        return self._handlers[call.request](request)

    def _check_peer(self, environ: WSGIEnvironment) -> None:
        if peer_user(environ["gunicorn.socket"]) not in self._peers:
            raise Malformed("this user may not call")


def _body(environ: WSGIEnvironment, limit: int) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or int(length) > limit:
        raise Malformed(f"length {length[:20]!r}, limit {limit}")
    try:
        body: bytes = environ["wsgi.input"].read(int(length))
    except ConnectionError as error:
        raise Malformed("cut short") from error
    if len(body) != int(length):
        raise Malformed("cut short")
    return body


def by_socket(servers: Mapping[str, Server]) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the application of a process that listens at several sockets, each with its own protocol.

    Which calls a caller may make is thus decided by the socket it could open: its path, not a field of the message.
    """

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return servers[environ["gunicorn.socket"].getsockname()](environ, start)

    return application


def peer_user(peer: socket.socket) -> int:
    """Return the user id of the process that opened this unix connection."""
    _pid, user, _group = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(user)


def health(check: Callable[[], None], ticks: Callable[[], float] = time.monotonic) -> Callable[[Health], Done]:
    """Return the handler of `Health` that runs `check`, which raises when the zone cannot work.

    A proof stands for a second. Anybody on the internet may ask a page for health, and so have a key used (attack N5).
    """
    stands_until = float("-inf")

    def handle(_request: Health) -> Done:
        nonlocal stands_until
        if ticks() >= stands_until:
            check()
            stands_until = ticks() + _PROOF_STANDS
        return Done()

    return handle
