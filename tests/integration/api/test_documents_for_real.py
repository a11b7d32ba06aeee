"""signDoc with the real engine and the real inspection: what comes back is judged by programs that did not sign."""

from __future__ import annotations

import base64
import hashlib

import pytest

from preflight.reasons import REFUSALS
from tests.support import pdfs
from tests.support.odd_pdfs import ODD, SIGNED
from tests.support.signed_pdfs import pdfsig
from tests.support.web_bench import WebBench
from tests.support.wire import assert_error


@pytest.fixture
def web(tmp_path):
    bench = WebBench(tmp_path, documents=True)
    yield bench
    bench.database.close()


def digests(*documents):
    return [hashlib.sha256(document).digest() for document in documents]


def test_a_batch_is_signed_with_one_code_and_an_independent_judge_agrees(web):
    originals = [pdfs.plain(), pdfs.fpdf2()]
    sad = web.authorise(web.a, digests(*originals), "sodr")
    answer = web.sign_doc(web.a, sad, originals)
    assert answer.status_code == 200, answer.text
    signed = [base64.b64decode(each) for each in answer.json["DocumentWithSignature"]]
    for original, document in zip(originals, signed, strict=True):
        assert document.startswith(original)
        opinion = pdfsig(document)
        assert opinion.valid == [True]
        assert opinion.total == [True]
    assert len(web.phone.messages) == 1
    again = web.sign_doc(web.a, sad, originals[:1])  # prepared anew, at another time perhaps: the same comes back
    assert base64.b64decode(again.json["DocumentWithSignature"][0]) == signed[0]
    assert len(web.bench.uses) == 2


# One document for each reason there is.
REFUSED = {reason: generate for generate, reason in ODD.values() if reason != SIGNED}


def test_there_is_a_document_for_every_reason_but_size():
    assert set(REFUSED) == set(REFUSALS) - {"too-large", "too-heavy"}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_document_that_cannot_be_signed_is_refused_with_its_reason_and_nothing_is_half_done(web, reason):
    good, document = pdfs.plain(), REFUSED[reason]()
    sad = web.authorise(web.a, digests(good, document), "sodr")
    answer = web.sign_doc(web.a, sad, [good, document])
    assert_error(answer, 400, "invalid_request", f"Document 2 cannot be signed: {reason}")
    assert web.bench.uses == []
    assert web.sign_doc(web.a, sad, [good]).status_code == 200


def test_a_signed_document_is_signed_once_more(web):
    first = web.authorise(web.a, digests(original := pdfs.plain()), "sodr")
    once = base64.b64decode(web.sign_doc(web.a, first, [original]).json["DocumentWithSignature"][0])
    second = web.authorise(web.b, digests(once), "sodr")
    twice = base64.b64decode(web.sign_doc(web.b, second, [once]).json["DocumentWithSignature"][0])
    assert twice.startswith(once)
    assert pdfsig(twice).valid == [True, True]


def test_a_document_over_the_limit_of_one_is_too_large(tmp_path):
    web = WebBench(tmp_path, documents=True, web={"max_document_bytes": 1000})
    original = pdfs.plain()
    sad = web.authorise(web.a, digests(original), "sodr")
    assert_error(web.sign_doc(web.a, sad, [original]), 413, "invalid_request", "The request body is too large")
    web.database.close()


def test_a_request_over_the_limit_is_too_large(tmp_path):
    web = WebBench(tmp_path, documents=True, web={"max_request_bytes": 1000})
    original = pdfs.plain()
    sad = web.authorise(web.a, digests(original), "sodr")
    assert_error(web.sign_doc(web.a, sad, [original]), 413, "invalid_request", "The request body is too large")
    web.database.close()
