"""Every row of the error table of signatures/signDoc that can happen in synchronous mode (CSC API v2 §11.11)."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.support.web_bench import ECDSA_OID
from tests.support.wire import DOCUMENT, assert_error

BAD = "invalid_request"
B64 = base64.b64encode(DOCUMENT).decode()
DIGEST = base64.b64encode(hashlib.sha256(DOCUMENT).digest()).decode()
NOT_AUTHORISED = "documentDigests or documents are not authorized by the SAD"


def element(**changes):
    full = {"document": B64, "signature_format": "P", "conformance_level": "AdES-B-B", "signAlgo": ECDSA_OID}
    return {name: value for name, value in (full | changes).items() if value is not ...}


def digests(**changes):
    return element(**({"document": ..., "hashes": [DIGEST]} | changes))


def cades(**changes):
    return element(**({"signature_format": "C"} | changes))


WRONG_APPEARANCES: tuple[object, ...] = (
    "here",
    [],
    {"page": 0},
    {"page": True},
    {"page": 1.0},
    {"position": "middle"},
    {"position": 7},
    {"position": []},
)
WRONG_PROPERTIES: list = [
    [{"attribute_name": "Reason"}],
    [{"attribute_name": "Location", "attribute_value": "QnVj"}],
    [{"attribute_name": "ContactInfo"}],
    [{"attribute_name": "Name"}, {"attribute_name": "Reason"}],
    [{"attribute_name": "Name", "attribute_value": "%"}],
    [{"attribute_name": "Name", "attribute_value": 7}],
    [{"attribute_name": "Name", "attribute_value": "QWx0Y2luZXZh"}],  # somebody else
    [{"attribute_name": []}],
    [{}],
    ["Name"],
    "Name",
    "",
    {},
    0,
]

ROWS = [
    ({"documents": None}, "Empty documentDigests and documents objects"),
    ({"documents": []}, "Empty documentDigests and documents objects"),
    ({"documents": [], "documentDigests": []}, "Both documentDigests and documents parameters passed"),
    ({"documents": [element()], "documentDigests": [digests()]}, "Both documentDigests and documents parameters passed"),
    ({"documents": "x"}, "Invalid array parameter documents"),
    ({"documents": {"document": B64}}, "Invalid array parameter documents"),
    ({"documents": ["x"]}, "Invalid array parameter documents"),
    ({"documents": [element(document=...)]}, "Invalid array parameter documents"),
    ({"documents": [element(document=7)]}, "Invalid array parameter documents"),
    ({"documents": [element(document="%%%")]}, "Invalid Base64 documents string parameter"),
    ({"documents": [element(document=B64[:-1] + "é")]}, "Invalid Base64 documents string parameter"),
    ({"documents": [element()] * 21}, "Numbers of signatures is too high"),
    ({"documents": None, "documentDigests": "x"}, "Invalid object parameter documentDigests"),
    ({"documents": None, "documentDigests": [7]}, "Invalid object parameter documentDigests"),
    ({"documents": None, "documentDigests": [digests(hashes=...)]}, "Invalid object parameter documentDigests"),
    ({"documents": None, "documentDigests": [digests(hashes=[])]}, "Invalid object parameter documentDigests"),
    ({"documents": None, "documentDigests": [digests(hashes=["?"])]}, "Invalid Base64 hashes string parameter"),
    ({"documents": None, "documentDigests": [digests(hashes=["AAAA"])]}, "Invalid digest value length"),
    ({"documents": None, "documentDigests": [digests(hashes=[DIGEST] * 101)]}, "Numbers of signatures is too high"),
    ({"documents": None, "documentDigests": [digests()]}, NOT_AUTHORISED),  # authorised as a document, not as content
    ({"documents": [element(signature_format=...)]}, "Missing (or invalid type) string parameter signature_format"),
    ({"documents": [element(signature_format=1)]}, "Missing (or invalid type) string parameter signature_format"),
    *[({"documents": [element(signature_format=f)]}, "Invalid parameter signature_format") for f in ("X", "J", "p")],
    *[
        ({"documents": [element(conformance_level=level)]}, "Invalid parameter conformance_level")
        for level in ("AdES-T", "AdES-LTA", "B-B", "", 7)
    ],
    *[
        ({"documents": [element(signed_envelope_property=each)]}, "Invalid parameter signed_envelope_property")
        for each in ("Attached", "Enveloped", "revision", 7)
    ],
    *[
        ({"documents": [element(signed_props=each)]}, "Invalid parameter signed_props")
        for each in WRONG_PROPERTIES
    ],
    *[
        ({"documents": [element(appearance=each)]}, "Invalid parameter appearance")
        for each in WRONG_APPEARANCES
    ],
    # CAdES: what is not served of it is refused by name
    *[
        ({"documents": [cades(signed_envelope_property=each)]}, "Invalid parameter signed_envelope_property")
        for each in ("Parallel", "Revision", "Certification")
    ],
    *[
        ({"documents": [cades(conformance_level=level)]}, "Invalid parameter conformance_level")
        for level in ("AdES-B-LT", "AdES-B-LTA")
    ],
    ({"documents": [cades(signed_props=[{"attribute_name": "mime-type"}])]}, "Invalid parameter signed_props"),
    ({"documents": [cades(), element()]}, "Invalid parameter signature_format"),
    ({"documents": None, "documentDigests": [digests(signature_format="C", signed_envelope_property="Attached")]},
     "Invalid parameter signed_envelope_property"),
    ({"documents": None, "documentDigests": [digests(conformance_level="AdES-B-LTA")]},
     "Invalid parameter conformance_level"),
    ({"documents": None, "documentDigests": [digests(signed_props=[{"attribute_name": "Name"}])]},
     "Invalid parameter signed_props"),
    ({"documents": [element(signAlgo=...)]}, "Missing (or invalid type) string parameter signAlgo"),
    ({"documents": [element(signAlgo="1.2.3")]}, "Invalid parameter signAlgo"),
    (
        {"documents": [element(hashAlgorithmOID="2.16.840.1.101.3.4.2.2")]},
        "String parameter hashAlgorithmOID contradicts with signAlgo parameter",
    ),
    ({"documents": [element(hashAlgorithmOID="1.2.3")]}, "Invalid parameter hashAlgorithmOID"),
    ({"operationMode": "A"}, "Invalid parameter operationMode"),
    ({"validity_period": -1}, "Out of bounds parameter validity_period"),
    ({"returnValidationInfo": "yes"}, "Invalid parameter returnValidationInfo"),
    ({"credentialID": None}, "Missing (or invalid type) string parameter credentialID"),
    ({"credentialID": "c-else"}, "Invalid parameter credentialID"),
    ({"SAD": "other"}, "Invalid parameter SAD"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "description"), ROWS)
def test_sign_doc_says_exactly_what_is_wrong(web, document_sad, changes, description):
    before = list(web.bench.uses)
    assert_error(web.sign_doc(web.b, document_sad, [DOCUMENT], **changes), 400, BAD, description)
    assert web.bench.uses == before


@pytest.mark.parametrize("document", [DOCUMENT + b" ", DOCUMENT[:-1], DOCUMENT.replace(b"t", b"T", 1)])
def test_a_document_that_differs_by_one_byte_is_invalid_hash(web, document_sad, document):
    before = list(web.bench.uses)
    assert_error(web.sign_doc(web.b, document_sad, [document]), 403, "invalid_hash", NOT_AUTHORISED)
    assert web.bench.uses == before


def test_a_document_that_cannot_be_signed_is_named_with_the_reason(web, document_sad):
    answer = web.sign_doc(web.b, document_sad, [DOCUMENT, b"%BAD"])
    assert_error(answer, 400, BAD, "Document 2 cannot be signed: encrypted")
    assert web.bench.uses == []  # nothing is half done: the first document was not signed either


def test_a_hash_authorised_as_dtbsr_is_no_document(web, sad):
    answer = web.sign_doc(web.a, sad, [bytes([0])])
    assert_error(answer, 403, "invalid_hash", NOT_AUTHORISED)


def test_a_content_digest_gives_a_signature_object(web):
    content = hashlib.sha256(b"prepared by the portal").digest()
    token = web.authorise(web.a, [content], "sdr")
    hashes = base64.b64encode(content).decode()
    shapes = [[digests(hashes=[hashes])], [digests(hashes=hashes)], digests(hashes=[hashes])]
    for shape in shapes:
        answer = web.sign_doc(web.a, token, [], documents=None, documentDigests=shape)
        assert list(answer.json) == ["SignatureObject"], answer.text
        assert base64.b64decode(answer.json["SignatureObject"][0])[:1] == b"\x30"


def test_the_authorised_document_comes_back_signed_and_begins_with_itself(web, document_sad):
    for more in ({}, {"documents": [element(conformance_level="ades-b-b")]}, {"documents": [element(signed_props=[])]}):
        answer = web.sign_doc(web.b, document_sad, [DOCUMENT], **more)
        assert list(answer.json) == ["DocumentWithSignature"], answer.text
        assert base64.b64decode(answer.json["DocumentWithSignature"][0]).startswith(DOCUMENT)
    assert len(web.bench.uses) == len(set(web.bench.uses))


def test_without_time_stamps_and_statuses_nothing_higher_is_delivered(web, document_sad):
    for level in ("AdES-B-T", "AdES-B-LT", "AdES-B-LTA"):
        answer = web.sign_doc(web.b, document_sad, [], documents=[element(conformance_level=level)])
        assert_error(answer, 503, "temporarily_unavailable", "The service is temporarily unavailable")
    answer = web.sign_doc(web.b, document_sad, [DOCUMENT], returnValidationInfo=True)
    assert_error(answer, 503, "temporarily_unavailable", "The service is temporarily unavailable")
    assert len(web.bench.uses) == len(set(web.bench.uses))


def test_a_signature_qualifier_names_the_credential_of_the_token(web, document_sad):
    changes = {"credentialID": None, "signatureQualifier": "eu_eidas_aes"}
    assert web.sign_doc(web.b, document_sad, [DOCUMENT], **changes).status_code == 200
