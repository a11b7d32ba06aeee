"""The signed verdict, its key, and the zone's proof that it can judge."""

import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from channel.protocol import Done, Health
from core.entropy import SystemEntropy
from core.errors import Unavailable
from preflight import server
from preflight.grammar import Claims
from preflight.protocol import DocumentRefused, IncrementNotAllowed, JudgeIncrement
from preflight.sample import sample
from preflight.server import Inspection, serve
from preflight.verdict import VerdictKey, VerdictKeyMissing, generate_verdict_key, increment_digest
from signer.sam import increments
from tests.support.clocks import FakeClock


@pytest.fixture
def key(tmp_path):
    generate_verdict_key(tmp_path / "verdict.key", SystemEntropy())
    return VerdictKey.load(tmp_path / "verdict.key")


def test_key_is_for_its_owner_alone_and_never_written_over(tmp_path):
    public = generate_verdict_key(tmp_path / "k", SystemEntropy())
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert VerdictKey.load(tmp_path / "k").public_pem() == public
    with pytest.raises(FileExistsError):
        generate_verdict_key(tmp_path / "k", SystemEntropy())


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\n"])
def test_key_that_is_none_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "k").write_bytes(content)
    with pytest.raises(VerdictKeyMissing):
        VerdictKey.load(tmp_path / "k")


def test_verdict_verifies_with_the_public_key(key):
    verdict = key.sign(b"original", b"before", b"after", Claims("Ana Pop", FakeClock().now(), certifies=False))
    load_pem_public_key(key.public_pem()).verify(verdict.signature, verdict.to_be_signed())


def test_parts_are_not_interchangeable():
    assert increment_digest(b"ab", b"c") != increment_digest(b"a", b"bc")
    assert increment_digest(b"", b"abc") != increment_digest(b"abc", b"")


def test_both_zones_digest_an_increment_alike():
    assert increment_digest(b"ab", b"c") == increments.increment_digest(b"ab", b"c")


def test_sample_proves_the_zone(key):
    inspection = Inspection(key, 5, 1_000_000)
    assert serve(inspection, frozenset())._handlers[Health](Health()) == Done()


def test_zone_that_refuses_the_sample_cannot_work(key, monkeypatch):
    def broken(*_parts):
        raise IncrementNotAllowed("always")

    monkeypatch.setattr(server, "judge", broken)
    with pytest.raises(Unavailable):
        Inspection(key, 5, 1_000_000).prove()


def test_zone_that_accepts_everything_cannot_work(key, monkeypatch):
    monkeypatch.setattr(server, "judge", lambda *_parts: None)
    with pytest.raises(Unavailable):
        Inspection(key, 5, 1_000_000).prove()


def test_document_over_the_limit_is_refused_before_it_is_opened(key):
    good = sample()
    with pytest.raises(DocumentRefused) as refused:
        Inspection(key, 5, 10).judge_increment(JudgeIncrement(good.original, good.before, good.room, good.after))
    assert refused.value.reason == "too-large"
