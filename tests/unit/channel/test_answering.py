"""The answering side of a zone's socket: who may call, what is a call, and how often health costs something."""

from __future__ import annotations

import io
import os
import socket

import pytest

from channel.protocol import Call, Done, Failure, Health, Message, Protocol, decode, encode
from channel.server import Server, health
from core.errors import Unavailable


class Ask(Message, frozen=True):
    """A question."""

    text: str


PROTOCOL = Protocol("test", (Call(Ask, Done, limit=100),))


class Bench:
    def __init__(self, *users: int) -> None:
        self.asked: list[str] = []
        handlers = {Ask: self._answer, Health: lambda _request: Done()}
        self.server = Server(PROTOCOL, handlers, frozenset(users))

    def _answer(self, request: Ask) -> Done:
        self.asked.append(request.text)
        return Done()

    def post(self, body: bytes, path: str = "/test/1/Ask", length: str | None = None, method: str = "POST") -> Message:
        answers: list[str] = []
        here, there = socket.socketpair()
        with here, there:
            environ = {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "CONTENT_LENGTH": str(len(body)) if length is None else length,
                "wsgi.input": io.BytesIO(body),
                "gunicorn.socket": here,
            }
            data = b"".join(self.server(environ, lambda status, _headers: answers.append(status)))
        return decode(Done if answers[0].startswith("200") else Failure, data)


def test_another_user_is_refused_before_a_byte_is_read__w12():
    stranger = Bench(os.getuid() + 1)
    assert stranger.post(encode(Ask("x"))) == Failure("Malformed", "this user may not call")
    assert stranger.asked == []
    us = Bench(os.getuid())
    assert us.post(encode(Ask("x"))) == Done()
    assert us.asked == ["x"]


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/test/2/Ask"},
        {"path": "/other/1/Ask"},
        {"path": "/test/1/Ask/"},
        {"path": "/x/test/1/Ask"},
        {"path": "/test/1/Nothing"},
        {"method": "GET"},
        {"length": ""},
        {"length": "-1"},
        {"length": "101"},
        {"length": "1000"},
        {"length": "0x10"},
    ],
)
def test_what_is_no_call_or_too_long_is_refused__w10(changes):
    bench = Bench(os.getuid())
    answer = bench.post(encode(Ask("x")), **changes)
    assert isinstance(answer, Failure)
    assert answer.error == "Malformed"
    assert bench.asked == []


def test_a_body_shorter_than_it_says_is_refused__w10():
    bench = Bench(os.getuid())
    assert bench.post(encode(Ask("x")), length="50") == Failure("Malformed", "cut short")
    assert bench.asked == []


def test_a_proof_of_health_stands_for_a_second_and_a_failure_for_none__n5():
    now, proofs, works = 0.0, 0, True

    def prove() -> None:
        nonlocal proofs
        proofs += 1
        if not works:
            raise Unavailable("no token")

    handle = health(prove, lambda: now)
    for _ in range(50):
        handle(Health())
    assert proofs == 1
    now, works = 1.0, False
    for _ in range(2):
        with pytest.raises(Unavailable):
            handle(Health())
    assert proofs == 3
    works = True
    handle(Health())
    assert proofs == 4
