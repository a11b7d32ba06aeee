"""Carrying a log's question to an authority that answers in every wrong way, and in the right one (attacks Y4, Y6)."""

from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.ports import free_ports
from apps.time_stamping import carry
from channel.protocol import Done
from channel.stamping import AskStamp, CheckpointsDescribed, DescribeCheckpoints, KeepStamp, StampWanted
from core.errors import CheckpointNotWaiting, Unavailable
from core.time_stamp import LONGEST_ANSWER, NonceDiffers, NotGranted, TimeDiffers
from signer.outside import Outside
from tests.support.ca_bench import CaBench
from tests.support.stamping import StampingUnit

OUTSIDE = Outside()


class Authority:
    """An HTTP server that stamps, or does something else."""

    def __init__(self, unit: StampingUnit) -> None:
        self.unit = unit
        self.answer = lambda handler, body: self.send(handler, unit.respond(body))
        self.kinds: list[str] = []
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.kinds.append(self.headers["Content-Type"])
                authority.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @staticmethod
    def send(handler, body: bytes, status: int = 200, **headers: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", headers.pop("kind", "application/timestamp-reply"))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return CaBench(tmp_path_factory.mktemp("ca") / "state")


@pytest.fixture
def authority(bench):
    made = Authority(StampingUnit(bench))
    yield made
    made.close()


@pytest.fixture
def waiting(bench):
    """Return the authority's log with a checkpoint that waits for its time-stamp."""
    bench.clock.advance(hours=13)
    bench.authority.make_round()
    assert bench.admin_caller.call(AskStamp(), StampWanted).request
    return bench


def stamped_until(bench):
    return bench.admin_caller.call(DescribeCheckpoints(), CheckpointsDescribed).stamped_until


def test_what_is_due_is_carried_there_and_back_and_then_nothing_is__rfc3161_3_4(waiting, authority):
    for _ in range(2):
        carry(waiting.admin_caller, OUTSIDE, authority.url)
    assert authority.kinds == ["application/timestamp-query"]
    assert stamped_until(waiting) == waiting.clock.now()


def replay(authority):
    earlier = []

    def answer(handler, body):
        earlier.append(authority.unit.respond(body, nonce=7))
        authority.send(handler, earlier[0])

    return answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda a: lambda h, body: a.send(h, b"", 500), Unavailable),
        (lambda a: lambda h, body: a.send(h, a.unit.respond(body), 302, Location=a.url), Unavailable),
        (lambda a: lambda h, body: a.send(h, bytes(LONGEST_ANSWER + 1)), Unavailable),
        (lambda a: lambda h, body: a.send(h, b"<html>"), NotGranted),
        (lambda a: lambda h, body: a.send(h, bytes.fromhex("30053003020102")), NotGranted),
        (lambda a: lambda h, body: a.send(h, a.unit.respond(body)[:-1]), NotGranted),
        (lambda a: lambda h, body: a.send(h, a.unit.respond(body, late=timedelta(hours=1))), TimeDiffers),
        (replay, NonceDiffers),
    ],
)
def test_another_answer_leaves_the_checkpoint_waiting__attack_y6(waiting, authority, answer, error):
    before = stamped_until(waiting)
    authority.answer = answer(authority)
    with pytest.raises(error):
        carry(waiting.admin_caller, OUTSIDE, authority.url)
    assert stamped_until(waiting) == before
    authority.answer = lambda handler, body: authority.send(handler, authority.unit.respond(body))
    carry(waiting.admin_caller, OUTSIDE, authority.url)
    assert stamped_until(waiting) == waiting.clock.now()


def test_while_the_authority_is_away_certificates_are_issued_and_the_absence_is_said(waiting):
    with pytest.raises(Unavailable, match="ConnectError"):
        carry(waiting.admin_caller, OUTSIDE, f"http://127.0.0.1:{free_ports(1)[0]}/tsa")
    waiting.authority.make_round()
    waiting.issue()
    assert waiting.admin_caller.call(DescribeCheckpoints(), CheckpointsDescribed).late_since is None
    waiting.clock.advance(hours=2)
    late = waiting.admin_caller.call(DescribeCheckpoints(), CheckpointsDescribed).late_since
    assert late is not None


def test_an_answer_that_nobody_asked_for_is_not_kept(waiting, authority):
    wanted = waiting.admin_caller.call(AskStamp(), StampWanted)
    with pytest.raises(CheckpointNotWaiting):
        waiting.admin_caller.call(KeepStamp(wanted.number + 1, authority.unit.respond(wanted.request)), Done)
