"""A peer who dawdles loses the connection, however slowly it goes on; one who does not is heard to the end (attack W10)."""

from __future__ import annotations

import errno
import socket
import threading
import time

import pytest

from apps import one_thread
from apps.one_thread import ImpatientSocket


@pytest.fixture
def ends(monkeypatch):
    monkeypatch.setattr(one_thread, "_PAUSE_SECONDS", 0.15)
    monkeypatch.setattr(one_thread, "_REQUEST_SECONDS", 0.6)
    peer, accepted = socket.socketpair()
    ours = ImpatientSocket(accepted)
    yield peer, ours
    peer.close()
    ours.close()


def read_for_ever(ours) -> None:
    while True:
        assert ours.recv(10)


def gone(ours) -> None:
    with pytest.raises(ConnectionResetError) as refusal:
        ours.recv(10)
    assert refusal.value.errno == errno.ECONNRESET  # which gunicorn takes for a peer that went away


def test_what_comes_at_once_is_read(ends):
    peer, ours = ends
    peer.sendall(b"POST")
    assert ours.recv(10) == b"POST"
    peer.close()
    assert ours.recv(10) == b""


def test_a_peer_that_says_nothing_more_is_gone__w10(ends):
    peer, ours = ends
    peer.sendall(b"PO")
    assert ours.recv(10) == b"PO"
    gone(ours)


def test_a_peer_that_says_one_byte_at_a_time_is_gone_too__w10(ends):
    peer, ours = ends
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.03):
            peer.send(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    try:
        with pytest.raises(ConnectionResetError):
            read_for_ever(ours)
    finally:
        over.set()
        dripping.join()
    assert 0.5 < time.monotonic() - began < 3


def test_a_peer_may_take_its_time_over_the_answer(ends):
    peer, ours = ends
    peer.sendall(b"x")
    assert ours.recv(1) == b"x"
    taken: list[int] = []

    def take() -> None:
        time.sleep(0.3)
        while len(taken) < 1 or sum(taken) < 1_000_000:
            taken.append(len(peer.recv(65536)))

    taking = threading.Thread(target=take)
    taking.start()
    ours.sendall(bytes(1_000_000))
    taking.join()
    assert sum(taken) == 1_000_000
