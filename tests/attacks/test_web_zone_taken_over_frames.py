"""Malformed frames at the SAM's socket (attack W10), tried at running zones by who may open it.

Whatever comes: no key is used, no message sent, the SAM's processes stay who they are, their memory does not grow, they
keep no descriptor, and the next honest call is answered.
"""

from __future__ import annotations

import array
import random
import socket
import struct
import time
from pathlib import Path

import msgspec
import pytest

from channel.protocol import Health, encode
from tests.support.fake_web import FakeWeb, frame

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zones")]
HEALTH = frame("Health", encode(Health()))
FUZZ_SECONDS = 6.0


@pytest.fixture
def web(instance) -> FakeWeb:
    return FakeWeb(instance.settings)


def deep() -> bytes:
    return b"\x91" * 100_000


MALFORMED = {  # what is sent → HTTP status, and the reason when the SAM itself answers
    "zeros": (b"\x00" * 100 + b"\r\n\r\n", 400, ""),
    "get": (b"GET /sam/1/Health HTTP/1.1\r\nHost: x\r\n\r\n", 422, "no such call"),
    "no such call": (frame("Nothing", b"\x80"), 422, "no such call"),
    "operator's call": (frame("Approve", b"\x80"), 422, "no such call"),
    "another protocol's call": (frame("IssueCertificate", b"\x80"), 422, "no such call"),
    "version": (frame("Health", encode(Health()), version=2), 422, "no such call"),
    "nothing": (frame("SubmitCode", b""), 422, "truncated"),
    "deep": (frame("SubmitCode", deep()), 422, "object"),
    "noise": (frame("SubmitCode", b"\xff" * 1000), 422, "object"),
    "a list": (frame("SubmitCode", msgspec.msgpack.encode(["a", "b", "c"])), 422, "object"),
    "a number for a text": (
        frame("SubmitCode", msgspec.msgpack.encode({"transaction": 1, "client": "x", "code": "1"})), 422, "str",
    ),
    "bytes after the message": (frame("Health", encode(Health()) + b"\x80"), 422, "trailing"),
    "huge length": (frame("SubmitCode", b"", length=10**12), 422, "limit"),
    "length that is none": (HEALTH.replace(b"Content-Length: ", b"Content-Length: +"), 400, ""),
    "two lengths": (frame("Health", encode(Health()), extra=b"Content-Length: 2\r\n"), 400, ""),
    "length and chunks": (frame("SubmitCode", b"x", extra=b"Transfer-Encoding: chunked\r\n"), 400, ""),
    "field of 64 kB": (frame("Health", encode(Health()), extra=b"X: " + b"y" * 65536 + b"\r\n"), 431, ""),
    "line of 64 kB": (frame("Health" + "h" * 65536, encode(Health())), 414, ""),
    "junk": (frame("SubmitCode", struct.pack(">I", 0xFFFFFFFF)), 422, "object"),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_frame_is_refused_for_what_it_is_and_the_next_call_is_served__w10(web, what):
    data, status, reason = MALFORMED[what]
    used, sent = web.signed_digests(), web.sent()
    answer = web.raw(data)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    if reason:
        failure = msgspec.msgpack.decode(answer.split(b"\r\n\r\n", 1)[1])
        assert failure["error"] == "Malformed"
        assert reason in failure["detail"]
    assert web.signed_digests() == used
    assert web.sent() == sent
    assert web.raw(HEALTH).startswith(b"HTTP/1.1 200 ")


def test_half_frames_do_not_keep_the_sam_from_others__w10(web, instance):
    """Twice as many as it has processes, left open: each is closed after two seconds of silence."""
    processes = instance.worker_pids("sam")
    halves = [web.connected() for _ in range(2 * len(processes))]
    try:
        for number, half in enumerate(halves):
            half.sendall(frame("SubmitCode", b"x" * 10, length=1000)[: 30 if number % 2 else None])
        web.sam.check()  # within the caller's ten seconds
        assert all(half.recv(10_000)[:12] in {b"", b"HTTP/1.1 422", b"HTTP/1.1 400"} for half in halves)
    finally:
        for half in halves:
            half.close()
    assert instance.worker_pids("sam") == processes


def test_half_a_frame_and_a_closed_connection_leave_the_sam_alive__w10(web, instance):
    processes = instance.worker_pids("sam")
    for length in range(1, 40):
        with web.connected() as peer:
            peer.sendall(HEALTH[: len(HEALTH) * length // 40])
    assert web.raw(HEALTH).startswith(b"HTTP/1.1 200 ")
    assert instance.worker_pids("sam") == processes


def test_a_second_request_behind_the_first_is_not_answered__w10(web):
    answer = web.raw(HEALTH.replace(b"Connection: close\r\n", b"") + HEALTH)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_descriptors_that_are_passed_are_not_kept__w10(web, instance):
    before = {pid: descriptors(pid) for pid in instance.worker_pids("sam")}
    with Path("/dev/null").open("rb") as file:
        for _ in range(20):
            with web.connected() as peer:
                passed = array.array("i", [file.fileno()] * 50)
                peer.sendmsg([HEALTH], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
                assert peer.recv(100).startswith(b"HTTP/1.1 200 ")
    web.sam.check()
    after = {pid: descriptors(pid) for pid in instance.worker_pids("sam")}
    assert before.keys() == after.keys()
    assert all(after[pid] <= before[pid] + 3 for pid in after), (before, after)


def test_noise_for_seconds_leaves_the_sam_alive_and_no_larger__w10(web, instance):
    """Honest frames with a few bytes changed, so that many reach the inner rules. The seed is fixed."""
    chance = random.Random(20)  # which bytes to spoil
    view = web.open(b"\x01" * 32)
    honest = msgspec.msgpack.encode({"transaction": view.transaction, "client": web.clients[0], "code": "00000000"})
    frames = [HEALTH, frame("ShowTransaction", honest), frame("SignHashes", honest), frame("SignDocument", honest)]
    for _ in range(20):
        web.raw(spoiled(chance, frames))
    processes, size = instance.worker_pids("sam"), memory(instance)
    used, sent, answers = web.signed_digests(), web.sent(), 0
    end = time.monotonic() + FUZZ_SECONDS
    while time.monotonic() < end:
        answers += web.raw(spoiled(chance, frames)).startswith(b"HTTP/1.1 422 ")
    assert answers > 50  # many were frames all the same, refused for what they say
    assert web.signed_digests() == used
    assert web.sent() == sent
    assert instance.worker_pids("sam") == processes
    assert memory(instance) < size + 8_000_000
    assert web.raw(HEALTH).startswith(b"HTTP/1.1 200 ")


def spoiled(chance: random.Random, frames: list[bytes]) -> bytes:
    """Return a frame with a few bytes other than they were; it keeps its length, and ends as frames end."""
    data = bytearray(chance.choice(frames))
    for _ in range(chance.choice((1, 1, 2, 5))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data) + b"\r\n\r\n"


def memory(instance) -> int:
    """Return the resident memory of the SAM's largest process, in bytes."""
    sizes = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in instance.worker_pids("sam")]
    return max(map(int, sizes)) * 4096


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
