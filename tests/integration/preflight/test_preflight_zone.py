"""The zone as real processes: its answers, its signed word, and its walls."""

import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.algorithms import HashAlgorithm
from preflight.protocol import DocumentRefused, IncrementNotAllowed
from signer.pades.options import SignatureOptions
from signer.pades.prepare import prepare
from signer.sam.increments import judge_document
from signer.sam.protocol import PreparedDocument
from tests.support.hostile_pdfs import OPENING, drawing_bomb, huge_size, many_objects, picture_bomb
from tests.support.pdfs import plain
from tests.support.preflight_zone import preflight_zone


@pytest.fixture(scope="module")
def zone():
    with preflight_zone() as running:
        yield running


def test_report_crosses_the_socket(zone):
    assert zone.client.check(plain()).pages == 2


def test_refusal_crosses_the_socket_with_its_reason(zone):
    with pytest.raises(DocumentRefused) as refused:
        zone.client.check(b"<html>")
    assert refused.value.reason == "not-a-pdf"


def test_document_over_the_size_limit_is_refused(zone):
    with pytest.raises(DocumentRefused) as refused:
        zone.client.check(b"%PDF-" + bytes(50_000_001))
    assert refused.value.reason == "too-large"


def test_verdict_is_believed_by_the_sam(zone):
    honest = prepare(plain(), SignatureOptions(datetime.now(UTC)))
    verdict = zone.client.judge(plain(), honest.before, honest.room, honest.after)
    document = PreparedDocument(plain(), honest.before, honest.after, verdict)
    judged = judge_document(document, HashAlgorithm.SHA256, load_pem_public_key(zone.public_pem))
    assert judged.content_digest == HashAlgorithm.SHA256.new(plain() + honest.before + honest.after).digest()


def test_verdict_on_other_digests_does_not_verify(zone):
    honest = prepare(plain(), SignatureOptions(datetime.now(UTC)))
    verdict = zone.client.judge(plain(), honest.before, honest.room, honest.after)
    key = load_pem_public_key(zone.public_pem)
    for original, increment in ((bytes(32), verdict.increment_digest), (verdict.original_digest, bytes(32))):
        other = msgspec.structs.replace(verdict, original_digest=original, increment_digest=increment)
        with pytest.raises(InvalidSignature):
            key.verify(other.signature, other.to_be_signed())


def test_increment_that_does_more_gets_no_verdict(zone):
    honest = prepare(plain(), SignatureOptions(datetime.now(UTC)))
    with pytest.raises(IncrementNotAllowed):
        zone.client.judge(plain(), honest.before, honest.room, honest.after + b"%more\n")


def test_zone_proves_that_it_can_judge(zone):
    zone.client.prove()


@pytest.mark.parametrize("bomb", OPENING)
def test_bomb_is_refused_within_its_limits_and_others_are_served(zone, bomb):
    data = OPENING[bomb]()
    start = time.monotonic()
    with pytest.raises(DocumentRefused):
        zone.client.check(data)
    assert time.monotonic() - start < 15
    assert zone.client.check(plain()).pages == 2


def test_false_size_alone_harms_nobody(zone):
    assert zone.client.check(huge_size()).pages == 1


def test_document_of_too_many_objects_is_refused_in_time(zone):
    start = time.monotonic()
    with pytest.raises(DocumentRefused) as refused:
        zone.client.check(many_objects())
    assert refused.value.reason == "too-heavy"
    assert time.monotonic() - start < 15


def test_drawing_without_end_costs_one_worker_and_one_clear_error(zone):
    data = drawing_bomb()
    prepared = prepare(data, SignatureOptions(datetime.now(UTC)))
    workers = zone.workers()
    start = time.monotonic()
    with pytest.raises(DocumentRefused) as refused:
        zone.client.judge(data, prepared.before, prepared.room, prepared.after)
    assert refused.value.reason == "too-heavy"
    assert time.monotonic() - start < 25
    assert zone.client.check(plain()).pages == 2
    assert zone.workers() != workers


def test_huge_picture_is_judged_within_the_limits(zone):
    data = picture_bomb()
    prepared = prepare(data, SignatureOptions(datetime.now(UTC)))
    zone.client.judge(data, prepared.before, prepared.room, prepared.after)
    assert zone.client.check(plain()).pages == 2


def test_worker_cannot_grow_beyond_its_memory_nor_leave_an_image(zone):
    (worker,) = zone.workers()
    limits = Path(f"/proc/{worker}/limits").read_text()
    assert "1200000000" in next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4] == "0"
    assert next(line for line in limits.splitlines() if line.startswith("Max processes")).split()[2] == "0"


def test_worker_has_no_network_or_says_so_plainly(zone):
    (worker,) = zone.workers()
    own = Path(f"/proc/{worker}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    assert own != ("could open connections" in zone.log.read_text())
