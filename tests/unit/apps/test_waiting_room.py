"""Connections wait together until their request is there (attacks N3, W11)."""

from __future__ import annotations

import socket

import pytest

from apps.waiting_room import Arrived, WaitingRoom

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


class Bench:
    """A room whose time stands still, and peers on the other side of the street."""

    def __init__(self) -> None:
        self.now = 0.0
        self.room = WaitingRoom(lambda: self.now)
        self.sockets: list[socket.socket] = []

    def visitor(self, *sent: bytes) -> socket.socket:
        ours, theirs = socket.socketpair()
        self.sockets += [ours, theirs]
        self.room.enter(ours, ("peer", len(self.sockets)), "listener")
        for each in sent:
            theirs.sendall(each)
        return theirs

    def arrived(self) -> list[Arrived]:
        _doors, visitors = self.room.wait(0)
        return [Arrived(each, self.room.see_off) for each in visitors]


@pytest.fixture
def bench():
    made = Bench()
    yield made
    for each in made.sockets:
        each.close()


def closed(peer: socket.socket) -> bool:
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("sent", [b"", b"PO", b"GET / HTTP/1.1\r\nHost: a\r\n", HEAD % 4 + b"abc"])
def test_who_has_not_sent_a_request_keeps_nobody_out(bench, sent):
    slow = bench.visitor(*([sent] if sent else []))
    assert bench.arrived() == []
    bench.visitor(HEAD % 4 + b"abcd")
    (served,) = bench.arrived()
    assert served.recv(1000) == HEAD % 4 + b"abcd"
    assert not closed(slow)


@pytest.mark.parametrize(
    "pieces", [(b"GET / HT", b"TP/1.1\r\n\r", b"\n"), (HEAD % 3, b"a", b"bc"), ((HEAD % 3).lower(), b"abc")]
)
def test_a_request_in_pieces_goes_in_when_it_is_whole(bench, pieces):
    peer = bench.visitor(pieces[0])
    for piece in pieces[1:]:
        assert bench.arrived() == []
        peer.sendall(piece)
    (served,) = bench.arrived()
    assert served.recv(10_000) == b"".join(pieces)


@pytest.mark.parametrize("sent", [b"x" * 70_000, HEAD % 10_000_000 + b"x" * 70_000])
def test_more_than_is_held_here_goes_in_as_it_is(bench, sent):
    peer = bench.visitor(sent)
    served = []
    for _ in range(5):
        served += bench.arrived()
    (one,) = served
    taken = b""
    while len(taken) < len(sent):
        taken += one.recv(50_000)
    assert taken == sent
    peer.sendall(b"rest")
    assert one.recv(100) == b"rest"


def test_the_rest_of_a_large_body_has_a_deadline(bench, monkeypatch):
    bench.visitor(HEAD % 10_000_000 + b"x" * 70_000)
    with monkeypatch.context() as patch:
        patch.setattr("apps.waiting_room._PATIENCE", 0.05)
        (one, *_) = [each for _ in range(5) for each in bench.arrived()]
        while one._sent:
            one.recv(50_000)
        with pytest.raises(TimeoutError):
            one.recv(50_000)


def test_who_waits_too_long_is_sent_away(bench):
    slow = bench.visitor(b"PO")
    bench.now = 9.9
    late = bench.visitor()
    bench.arrived()
    assert not closed(slow)
    bench.now = 10.0
    bench.arrived()
    assert closed(slow)
    assert not closed(late)


def test_of_too_many_the_first_is_sent_away(bench, monkeypatch):
    monkeypatch.setattr("apps.waiting_room._PLACES", 3)
    peers = [bench.visitor() for _ in range(5)]
    assert [closed(peer) for peer in peers] == [True, True, False, False, False]
    bench.visitor(HEAD % 0)
    assert len(bench.arrived()) == 1


def test_who_hangs_up_is_forgotten(bench):
    bench.visitor(b"PO").close()
    for _ in range(2):  # what was sent, then the end
        assert bench.arrived() == []
    assert bench.room._visitors == {}


def test_who_does_not_hang_up_after_the_answer_keeps_nobody_out(bench):
    peer = bench.visitor(HEAD % 0)
    (served,) = bench.arrived()
    served.sendall(b"answer")
    served.shutdown(socket.SHUT_WR)
    assert served.recv(100) == b""  # the server does not linger
    served.close()
    assert peer.recv(100) == b"answer"
    assert peer.recv(100) == b""  # we have hung up
    peer.sendall(b"still here")
    assert bench.arrived() == []
    bench.now = 2.0
    bench.arrived()
    assert bench.room._visitors == {}


def test_a_door_is_told_beside_the_visitors(bench):
    ours, theirs = socket.socketpair()
    bench.sockets += [ours, theirs]
    bench.room.watch(ours)
    theirs.sendall(b"x")
    bench.visitor(HEAD % 0)
    doors, visitors = bench.room.wait(0)
    assert doors == [ours]
    assert len(visitors) == 1
