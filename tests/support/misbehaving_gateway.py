"""An SMS gateway on a loopback port that behaves as badly as it is told to, and remembers what it was asked."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, decoded as a gateway would."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def text(self) -> str:
        """The message's text, as the phone will show it."""
        return self.body.decode() if self.method == "POST" else self.query.get("text", "")

    @property
    def code(self) -> str:
        found = re.search(r"#(\d{8})$", self.text)
        assert found, self.text
        return found[1]


@dataclass
class MisbehavingGateway:
    """`behaves` names a method below; `asked` is every request that came whole; `sent` counts bytes of answers."""

    behaves: str = "accepts"
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    connections: int = 0

    def __post_init__(self) -> None:
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._serve)
        self._main.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def stop(self) -> None:
        self._closing.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._main.join(10)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)

    def _serve(self) -> None:
        while True:
            connection, _peer = self._socket.accept()
            if self._closing.is_set():
                connection.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._answer, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            connection.settimeout(10)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                asked = _read(connection)
                self.asked.append(asked)
                getattr(self, self.behaves)(connection, asked)

    def _say(self, connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)
        self.sent += len(data)

    def _whole(self, connection: socket.socket, status: str, body: bytes, *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers, "", ""]
        self._say(connection, "\r\n".join(lines).encode() + body)

    # -- as it should be ----------------------------------------------------------------------------------------------

    def accepts(self, connection: socket.socket, asked: Asked) -> None:
        """As Kannel does, `check` included."""
        named = asked.headers.get("x-kannel-to") or asked.query.get("to")
        if named:
            self._whole(connection, "202 Accepted", b"0: Accepted for delivery")
        else:
            self._whole(connection, "400 Bad Request", b"Missing receiver number, rejected")

    def queues(self, connection: socket.socket, _asked: Asked) -> None:
        self._whole(connection, "202 Accepted", b"3: Queued for later delivery")

    def knows_us_not(self, connection: socket.socket, _asked: Asked) -> None:
        self._whole(connection, "403 Forbidden", b"Authorization failed for sendsms")

    # -- as it should not be ------------------------------------------------------------------------------------------

    def routes_nothing(self, connection: socket.socket, _asked: Asked) -> None:
        self._whole(connection, "403 Forbidden", b"Not routable. Do not try again.")

    def hangs(self, connection: socket.socket, _asked: Asked) -> None:
        while connection.recv(1000):
            pass

    def slams(self, _connection: socket.socket, _asked: Asked) -> None:
        """Closes without a word."""

    def fails_with_a_script(self, connection: socket.socket, asked: Asked) -> None:
        body = b'<script>alert(1)</script>\r\n{"level": "info"} \x1b[2J ' + asked.text.encode() + b" app-secret"
        self._whole(connection, "500 <script>alert(2)</script>", body)

    def echoes(self, connection: socket.socket, asked: Asked) -> None:
        """Says yes in words of its own, and repeats what it was told."""
        self._whole(connection, "200 OK", b"<html>sent: " + asked.text.encode() + b"</html>")

    def redirects(self, connection: socket.socket, _asked: Asked) -> None:
        self._whole(
            connection, "302 Found", b"0: Accepted for delivery", f"Location: http://127.0.0.1:{self.port}/other"
        )

    def cuts_short(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n0: Acc")

    def talks_nonsense(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"\x00\xff\x16\x03\x01" * 1000)

    def floods(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000000\r\n\r\n0: Accepted for delivery")
        self._for_ever(connection, b" " * 100_000, pause=0)

    def floods_in_chunks(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(
            connection, b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n0: Accepted for delivery\r\n"
        )
        self._for_ever(connection, b"186a0\r\n" + b" " * 100_000 + b"\r\n", pause=0)

    def floods_its_head(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"HTTP/1.1 202 Accepted\r\n")
        self._for_ever(connection, b"X-Header: " + b"x" * 10_000 + b"\r\n", pause=0)

    def drips_its_head(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"HTTP/1.1 202 Accepted\r\nX-Header: ")
        self._for_ever(connection, b"x")

    def drips_its_body(self, connection: socket.socket, _asked: Asked) -> None:
        self._say(connection, b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n0: ")
        self._for_ever(connection, b"x")

    def says_continue_for_ever(self, connection: socket.socket, _asked: Asked) -> None:
        self._for_ever(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _for_ever(self, connection: socket.socket, data: bytes, pause: float = 0.02) -> None:
        while not self._closing.is_set():
            self._say(connection, data)
            time.sleep(pause)


def _read(connection: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(connection)
    method, path, _version = first.split(" ")
    return Asked(method, path, headers, body)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ValueError("closed")
    return data
