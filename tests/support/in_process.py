"""A zone's real server reached without a socket: every message is encoded, sized and decoded as on the wire."""

from __future__ import annotations

import io
import os
import socket

from channel.protocol import Protocol, decode, encode, raise_failure
from channel.server import Server
from core.errors import Malformed, Unavailable

US = frozenset({os.getuid()})  # whom a server in this process answers


class InProcess:
    """Calls a server of this process. `down` makes it answer like a zone that does not run."""

    def __init__(self, protocol: Protocol, server: Server) -> None:
        self._protocol = protocol
        self.server = server
        self.down = False
        self.fails_after: set[str] = set()  # names of calls that are carried out, but whose answer is lost
        self.calls: list[str] = []

    def call(self, request, reply):
        name = type(request).__name__
        body = encode(request)
        if len(body) > self._protocol.by_name[name].limit:
            raise Malformed(name)
        if self.down:
            raise Unavailable(f"{self._protocol.name}: down")
        self.calls.append(name)
        status, data = self._send(name, body)
        if name in self.fails_after:
            raise Unavailable(f"{self._protocol.name}: timed out")
        if status != 200:
            raise_failure(self._protocol, data)
        return decode(reply, data)

    def _send(self, name, body):
        answer: list[str] = []
        here, there = socket.socketpair()
        with here, there:
            environ = {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": self._protocol.path(name),
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
                "gunicorn.socket": here,
            }
            data = b"".join(self.server(environ, lambda status, headers: answer.append(status)))
        return int(answer[0][:3]), data
