"""One HTTP request to a gateway and its answer, within limits that the gateway cannot stretch (attack Y4).

1. One deadline for everything, from connecting to the last byte: an answer that drips in byte by byte ends with it.
2. An answer longer than a gateway has reason to give is not read to its end.
3. No redirect is followed, nothing is decompressed, no proxy is asked, no cookie kept: httpcore does none of these.
4. What was asked holds a code and a password, so neither it nor the answer appears in any error or log.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import httpcore

from core.errors import Unavailable

_LONGEST_ANSWER: Final = 4096  # bytes of the body; its head may have 100 kB


class NotReached(Unavailable):
    """No connection came about: the request was not sent."""


class NoAnswer(Unavailable):
    """The request was sent, and no whole answer came back in time."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. It holds secrets, so it has no representation that a log could show."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return "Request(***)"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: what is in it was chosen by the gateway."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


def exchange(request: Request, seconds: float, tls: ssl.SSLContext | None = None) -> Answer:
    """Send a request over a connection of its own and return the answer. `tls`: other roots than the system's.

    Raises:
        NotReached: nobody takes connections there, or not who the certificate should name.
        NoAnswer: the answer did not come, not in time, is too long, or is no HTTP.
    """
    network = _Network(time.monotonic() + seconds)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=network) as pool,
            pool.stream(
                request.method, request.url, headers=[*request.headers, ("Connection", "close")], content=request.body
            ) as answer,
        ):
            return Answer(answer.status, _body(answer.iter_stream()))
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotReached(_reason(error)) from None
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError) as error:
        raise NoAnswer(_reason(error)) from None


def _body(chunks: Iterable[bytes]) -> bytes:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            raise NoAnswer("its answer is too long")
    return body


def _reason(error: Exception) -> str:
    """Return what happened, in our words: the gateway's own stay out of logs."""
    if isinstance(error, httpcore.TimeoutException):
        return "not in time"
    if isinstance(error, httpcore.RemoteProtocolError):
        return "what it answers is not HTTP, or ends too early"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        if isinstance(cause, ssl.SSLError):
            return "no TLS"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return "the connection broke"


class _Network(httpcore.NetworkBackend):
    """The network, until a deadline (rule 1)."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # ours counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a name's addresses that takes connections, in the time that is left."""
        failed: Exception = httpcore.ConnectError()
        for address in _addresses(host, port):  # one by one: the library would give each of them all the time
            left = _left(self._deadline, httpcore.ConnectTimeout)
            try:
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self._deadline)
        raise failed


class _Stream(httpcore.NetworkStream):
    """A connection, until a deadline (rule 1)."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # ours counts
        """Read what has come, in the time that is left."""
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # ours counts
        """Send, in the time that is left."""
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # ours counts
    ) -> httpcore.NetworkStream:
        """Begin TLS, in the time that is left."""
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection tells of itself."""
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _left(deadline: float, over: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise over
    return left
