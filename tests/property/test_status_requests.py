"""Whatever bytes come, the responder and the time-stamping unit answer in their protocol's words, and bounded."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from pathlib import Path

from asn1crypto import tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.ocsp.answer import Refusal
from tests.support.status_bench import StatusBench

FOLDER = Path(tempfile.mkdtemp(prefix="paraph-status-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
BENCH = StatusBench(FOLDER)
BENCH.feed.good(5)
IMPRINT = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(b"").digest()}
OCSP = BENCH.request(5)
TSP = tsp.TimeStampReq({"version": 1, "message_imprint": IMPRINT, "nonce": 2**63, "cert_req": True}).dump()
EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 255), st.sampled_from(["set", "cut", "put"])), max_size=4
)


def edited(der: bytes, edits) -> bytes:
    changed = bytearray(der)
    for place, value, how in edits:
        if how == "put":
            changed.insert(min(place, len(changed)), value)
        elif place < len(changed):
            if how == "set":
                changed[place] = value
            else:
                del changed[place]
    return bytes(changed)


@settings(max_examples=400, deadline=None)
@given(st.one_of(EDITS.map(lambda edits: edited(OCSP, edits)), st.binary(max_size=300)))
def test_any_bytes_get_an_ocsp_answer(der):
    answer = BENCH.parts.answer(der)
    if isinstance(answer, Refusal):
        assert answer in {Refusal.MALFORMED_REQUEST, Refusal.UNAUTHORIZED}
    else:
        assert len(answer.der) < 2000


@settings(max_examples=400, deadline=None)
@given(st.one_of(EDITS.map(lambda edits: edited(TSP, edits)), st.binary(max_size=300)))
def test_any_bytes_get_a_time_stamp_response(der):
    response = BENCH.parts.respond(der)
    assert response.startswith(b"\x30")
    assert len(response) < 3000
    granted = b"\x30\x03\x02\x01\x00" in response[:10]
    assert granted or len(response) < 200
