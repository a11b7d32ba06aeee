"""Where connections wait until their request is there, so that a process with one thread serves who has sent one.

A worker with one thread would read a request from whoever connected first, and wait for it: a peer that sends nothing,
or a byte a minute, or does not hang up after its answer, kept everybody else out (attacks N3, W11). Here connections
wait together instead. One goes in to the thread when its request has arrived whole, or as far as is held here (the rest
of a large body then has a deadline); after its answer it is seen off here. Who waits too long is sent away, and so is
the oldest of too many.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

_PATIENCE: Final = 10.0  # seconds, for a request to arrive, and again for the rest of a large body
_FAREWELL: Final = 2.0  # seconds, for a peer to hang up after its answer (RFC 9112 §9.6)
_PLACES: Final = 500
_HELD: Final = 65_536  # bytes of head, and again of body, that are held for each
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n")


@dataclass(eq=False, slots=True)
class Visitor:
    """A connection whose request is on its way, or (`leaving`) whose answer is sent."""

    peer: socket.socket
    address: Any
    listener: Any
    until: float
    leaving: bool = False
    sent: bytearray = field(default_factory=bytearray)

    @property
    def is_ready(self) -> bool:
        """Whether the request is there, as far as it is held here."""
        head = self.sent.find(_HEAD_END)
        if head < 0:
            return len(self.sent) > _HELD
        length = _LENGTH.search(self.sent, 0, head + 2)
        missing = 0 if length is None else head + len(_HEAD_END) + int(length[1]) - len(self.sent)
        return missing <= 0 or len(self.sent) - head > _HELD


class WaitingRoom:
    """The connections of one worker; made in the worker, after the fork."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._selector = selectors.DefaultSelector()
        self._visitors: dict[Visitor, None] = {}  # in the order of coming

    def watch(self, door: Any) -> None:
        """Also wake up for this listener or pipe."""
        self._selector.register(door, selectors.EVENT_READ, None)

    def enter(self, peer: socket.socket, address: object, listener: object) -> None:
        """Let a connection wait for its request; when there is no place, who came first goes."""
        self._admit(Visitor(peer, address, listener, self._ticks() + _PATIENCE))

    def see_off(self, peer: socket.socket) -> None:
        """Let a connection whose answer is sent wait for the peer to hang up."""
        try:
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            peer.close()
        else:
            self._admit(Visitor(peer, None, None, self._ticks() + _FAREWELL, leaving=True))

    def wait(self, seconds: float) -> tuple[list[Any], list[Visitor]]:
        """Wait until something happens; return the doors somebody stands at, and the visitors who may go in."""
        for visitor in [each for each in self._visitors if each.until <= self._ticks()]:
            self._send_away(visitor)
        doors, arrived = [], []
        for key, _events in self._selector.select(min(seconds, 1.0) if self._visitors else seconds):
            if key.data is None:
                doors.append(key.fileobj)
            elif self._has_arrived(key.data):
                arrived.append(key.data)
        for visitor in arrived:
            self._let_go(visitor)
        return doors, arrived

    def _admit(self, visitor: Visitor) -> None:
        if len(self._visitors) >= _PLACES:
            self._send_away(next(iter(self._visitors)))
        visitor.peer.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self._visitors[visitor] = None
        self._selector.register(visitor.peer, selectors.EVENT_READ, visitor)

    def _has_arrived(self, visitor: Visitor) -> bool:
        """Take what a visitor has sent; true when that is enough to go in."""
        try:
            data = visitor.peer.recv(_HELD)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:  # hung up
            self._send_away(visitor)
            return False
        if visitor.leaving:
            return False
        visitor.sent += data
        return visitor.is_ready

    def _send_away(self, visitor: Visitor) -> None:
        self._let_go(visitor)
        visitor.peer.close()

    def _let_go(self, visitor: Visitor) -> None:
        del self._visitors[visitor]
        self._selector.unregister(visitor.peer)


class Arrived:
    """A connection as the server's parser takes one: what was sent comes first, then what is still to come."""

    def __init__(self, visitor: Visitor, see_off: Callable[[socket.socket], None]) -> None:
        self._peer = visitor.peer
        self._sent = bytes(visitor.sent)
        self._see_off = see_off
        self._deadline = time.monotonic() + _PATIENCE
        self._answered = False

    def recv(self, count: int) -> bytes:
        """Return at most so many bytes; none once the answer is sent.

        Raises:
            TimeoutError: the rest of the request did not come in time.
        """
        if self._answered:
            return b""
        if self._sent:
            taken, self._sent = self._sent[:count], self._sent[count:]
            return taken
        if (left := self._deadline - time.monotonic()) <= 0:
            raise TimeoutError("the rest of the request did not come in time")
        self._peer.settimeout(left)
        return self._peer.recv(count)

    def sendall(self, data: bytes) -> None:
        """Send the answer, or a part of it.

        Raises:
            TimeoutError: the peer does not take it.
        """
        self._peer.settimeout(_PATIENCE)
        self._peer.sendall(data)

    def shutdown(self, _how: int) -> None:
        """Note that the answer is sent: the rest does not keep the thread."""
        self._answered = True

    def close(self) -> None:
        """End the connection."""
        self._see_off(self._peer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._peer, name)
