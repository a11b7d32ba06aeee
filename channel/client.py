"""The calling side: one connection for each call, with a deadline and a limit on the answer."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from channel.protocol import Done, Health, M, Message, Protocol, decode, encode, raise_failure
from core.errors import Malformed, Unavailable
from core.logs import current_request

if TYPE_CHECKING:
    from pathlib import Path

_MAX_ANSWER = 200_000_000


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _headers() -> dict[str, str]:
    """Return the name of the request that this call is made for, so that both zones' log lines carry it."""
    request = current_request()
    return {"X-Request-Id": request} if request else {}


class Channel:
    """Calls the zone that listens at a socket."""

    def __init__(self, protocol: Protocol, path: Path) -> None:
        self._protocol = protocol
        self._path = path

    def call(self, request: Message, reply: type[M]) -> M:
        """Send `request` and return the answer.

        Raises:
            DomainError: the zone refused; the error it named.
            Unavailable: the zone does not answer, or not in time.
        """
        name = type(request).__name__
        call = self._protocol.by_name[name]
        body = encode(request)
        if len(body) > call.limit:
            raise Malformed(f"{name}: {len(body)} bytes")
        connection = _UnixConnection(self._path, call.seconds)
        try:
            connection.request("POST", self._protocol.path(name), body, _headers())
            answer = connection.getresponse()
            data = answer.read(_MAX_ANSWER)
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{self._protocol.name}: {type(error).__name__} {error}") from error
        finally:
            connection.close()
        if answer.length:  # the zone went while it answered; reading with a limit does not say so by itself
            raise Unavailable(f"{self._protocol.name}: answer cut short")
        if answer.status != 200:
            raise_failure(self._protocol, data)
        return decode(reply, data)

    def check(self) -> None:
        """Have the zone prove that it works.

        Raises:
            Unavailable: it does not answer, or says it cannot.
        """
        self.call(Health(), Done)
