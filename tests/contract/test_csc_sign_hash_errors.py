"""Every row of the error table of signatures/signHash that can happen in synchronous mode (CSC API v2 §11.10)."""

from __future__ import annotations

import base64

import pytest

from signer.sam.protocol import SetState
from tests.support.web_bench import WebBench
from tests.support.wire import DIGESTS, assert_error

BAD = "invalid_request"
HASH = base64.b64encode(DIGESTS[0]).decode()
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
GENERIC = "1.2.840.10045.2.1"
PSS = "1.2.840.113549.1.1.10"

ROWS = [
    ({"credentialID": ...}, "Missing (or invalid type) string parameter credentialID"),
    ({"credentialID": None}, "Missing (or invalid type) string parameter credentialID"),
    ({"credentialID": 7}, "Missing (or invalid type) string parameter credentialID"),
    ({"credentialID": ""}, "Invalid parameter credentialID"),
    ({"credentialID": "c-of-nobody"}, "Invalid parameter credentialID"),
    ({"SAD": 7}, "Missing (or invalid type) string parameter SAD"),
    ({"SAD": "another"}, "Invalid parameter SAD"),
    ({"hashes": ...}, "Missing (or invalid type) array parameter hash"),
    ({"hashes": None}, "Missing (or invalid type) array parameter hash"),
    ({"hashes": HASH}, "Missing (or invalid type) array parameter hash"),
    ({"hashes": []}, "Empty hash array"),
    ({"hashes": ["%%%"]}, "Invalid Base64 hash string parameter"),
    ({"hashes": [7]}, "Invalid Base64 hash string parameter"),
    ({"hashes": [None]}, "Invalid Base64 hash string parameter"),
    ({"hashes": [HASH[:-2] + "1="]}, "Invalid Base64 hash string parameter"),  # trailing bits that encode nothing
    ({"hashes": ["A" * 100_000]}, "Invalid Base64 hash string parameter"),
    ({"hashes": [HASH, base64.b64encode(b"short").decode()]}, "Invalid digest value length"),
    ({"hashes": [HASH] * 10_000}, "Numbers of signatures is too high"),
    ({"hashes": [base64.b64encode(bytes(32)).decode()]}, "Hash is not authorized by the SAD"),
    ({"signAlgo": ...}, "Missing (or invalid type) string parameter signAlgo"),
    ({"signAlgo": True}, "Missing (or invalid type) string parameter signAlgo"),
    ({"signAlgo": "1.3.101.112"}, "Invalid parameter signAlgo"),
    ({"signAlgo": "1.3.101.110"}, "Invalid parameter signAlgo"),  # X25519: a key-agreement OID
    ({"signAlgo": "ecdsa"}, "Invalid parameter signAlgo"),
    ({"signAlgo": "1.2.840.113549.1.1.11"}, "Invalid parameter signAlgo"),  # not what this key does
    ({"signAlgo": PSS}, "Missing (or invalid type) string parameter signAlgoParams"),
    ({"signAlgo": PSS, "signAlgoParams": "MAA="}, "Invalid parameter signAlgoParams"),  # the defaults: SHA-1
    ({"signAlgoParams": 7}, "Missing (or invalid type) string parameter signAlgoParams"),
    ({"signAlgo": GENERIC}, "Missing (or invalid type) string parameter hashAlgorithmOID"),
    ({"signAlgo": GENERIC, "hashAlgorithmOID": 1}, "Missing (or invalid type) string parameter hashAlgorithmOID"),
    ({"hashAlgorithmOID": "1.3.14.3.2.26"}, "Invalid parameter hashAlgorithmOID"),  # SHA-1
    ({"hashAlgorithmOID": "2.16.840.1.101.3.4.2.8"}, "Invalid parameter hashAlgorithmOID"),  # SHA3-256: same length
    ({"hashAlgorithmOID": SHA384}, "Invalid parameter hashAlgorithmOID"),  # contradicts signAlgo
    ({"operationMode": "A"}, "Invalid parameter operationMode"),
    ({"operationMode": 1}, "Invalid parameter operationMode"),
    ({"validity_period": "1000"}, "Invalid parameter validity_period"),
    ({"validity_period": True}, "Invalid parameter validity_period"),
    ({"validity_period": 1.5}, "Invalid parameter validity_period"),
    ({"validity_period": 0}, "Out of bounds parameter validity_period"),
    ({"validity_period": 10**12}, "Out of bounds parameter validity_period"),
    ({"response_uri": 7}, "Invalid parameter response_uri"),
]


@pytest.mark.parametrize(("changes", "description"), ROWS)
def test_sign_hash_says_exactly_what_is_wrong(web, sad, changes, description):
    before = list(web.bench.uses)
    assert_error(web.sign_hash(web.a, sad, DIGESTS, **changes), 400, BAD, description)
    assert web.bench.uses == before


def test_the_same_request_without_a_fault_is_answered(web, sad):
    assert len(web.sign_hash(web.a, sad, DIGESTS).json["signatures"]) == 3


def test_a_service_token_alone_needs_a_sad(web, service):
    answer = web.sign_hash(web.a, service, DIGESTS)
    assert_error(answer, 400, BAD, "Missing (or invalid type) string parameter SAD")


@pytest.mark.parametrize("sad", ["x", "svc_" + "A" * 43, "A" * 300, "sad_-" * 60])
def test_a_sad_that_is_none_is_invalid(web, service, sad):
    assert_error(web.sign_hash(web.a, service, DIGESTS, SAD=sad), 400, BAD, "Invalid parameter SAD")


def test_an_expired_sad_in_the_body_says_so(web):
    service, sad = web.service_token(web.a), web.authorise(web.a, DIGESTS)
    web.clock.advance(minutes=5, seconds=1)
    assert_error(web.sign_hash(web.a, service, DIGESTS, SAD=sad), 400, BAD, "SAD expired")


def test_an_expired_certificate_says_so(tmp_path):
    web = WebBench(tmp_path)
    web.clock.advance(days=89, hours=23, minutes=58)
    sad, service = web.authorise(web.a, DIGESTS), web.service_token(web.a)
    web.clock.advance(minutes=3)
    answer = web.sign_hash(web.a, service, DIGESTS, SAD=sad)
    assert_error(answer, 400, BAD, "Signing certificate is expired")
    web.database.close()


def test_a_suspended_credential_signs_nothing_under_an_earlier_sad(tmp_path):
    web = WebBench(tmp_path)
    sad = web.authorise(web.a, DIGESTS)
    web.bench.admin(SetState(web.a.credential, "suspended"))
    answer = web.sign_hash(web.a, sad, DIGESTS)
    assert_error(answer, 400, BAD, "Invalid parameter SAD")  # suspension ends what was open
    assert web.bench.uses == []
    web.database.close()


def test_generic_algorithm_with_its_hash_and_every_null_is_accepted(web):
    sad = web.authorise(web.a, DIGESTS)
    answer = web.sign_hash(
        web.a, sad, DIGESTS, signAlgo=GENERIC, hashAlgorithmOID=SHA256, signAlgoParams=None, SAD=None,
        operationMode=None, validity_period=None, response_uri=None, clientData=None, vendor={"a": [1]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
