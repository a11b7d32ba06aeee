"""signDoc at every level, against the authority's own responder and time-stamps, judged by programs that did not sign."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from datetime import UTC, datetime

import httpx
import pytest
from asn1crypto import cms, tsp

from tests.support import pdfs
from tests.support.ades import ades, level_of
from tests.support.allowances import forget
from tests.support.clocks import FakeClock
from tests.support.signed_pdfs import pdfsig, qpdf_check
from tests.support.web_bench import ECDSA_OID, WebBench
from tests.support.wire import assert_error

LEVELS = ["AdES-B-B", "AdES-B-T", "AdES-B-LT", "AdES-B-LTA"]
ORIGINAL = pdfs.plain()


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    bench = WebBench(
        tmp_path_factory.mktemp("web"), documents=True, trust=True, clock=FakeClock(datetime.now(UTC).replace(microsecond=0))
    )  # fmt: skip
    yield bench
    bench.database.close()


def element(document: bytes, level="AdES-B-LT", **changes) -> dict:
    full = {"signature_format": "P", "conformance_level": level, "signAlgo": ECDSA_OID}
    full["document"] = base64.b64encode(document).decode()
    return {name: value for name, value in (full | changes).items() if value is not ...}


def numbered(count: int, kind: bytes = b"") -> list[bytes]:
    return [ORIGINAL + b"%" + kind + b"%d\n" % number for number in range(count)]


def authorise(web, documents, kind="sodr", portal=None) -> str:
    forget(web.bench.database, web.bench.seals())  # a day has only so many codes
    return web.authorise(portal or web.a, [hashlib.sha256(each).digest() for each in documents], kind)


def sign(web, sad, elements, **more):
    return web.sign_doc(web.a, sad, [], documents=elements, **more)


def documents_of(answer) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(each) for each in answer.json["DocumentWithSignature"]]


def test_every_level_is_what_it_says_and_every_judge_agrees__en_319_142_1_6_3(web, tmp_path):
    originals = numbered(4, b"levels")
    answer = sign(web, authorise(web, originals), [element(*pair) for pair in zip(originals, LEVELS, strict=True)])
    for original, signed, level in zip(originals, documents_of(answer), LEVELS, strict=True):
        assert signed.startswith(original)
        assert pdfsig(signed).valid[0] is True
        assert qpdf_check(signed) == ""
        assert level_of(signed, web.trust.root, web.clock.now()) == level
    assert "validationInfo" not in answer.json


def test_a_level_is_the_same_in_capitals_and_small_letters__csc_9_3(web):
    (original,) = numbered(1, b"capitals")
    (signed,) = documents_of(sign(web, authorise(web, [original]), [element(original, "ades-b-t")]))
    assert level_of(signed, web.trust.root, web.clock.now()) == "AdES-B-T"


def test_twenty_documents_ask_for_each_status_once_and_the_next_twenty_hardly(web):
    asked: list[str] = []
    count_requests(web, asked)
    originals = numbered(20, b"batch")
    signed = documents_of(sign(web, authorise(web, originals), [element(each) for each in originals]))
    assert [each.startswith(original) for each, original in zip(signed, originals, strict=True)] == [True] * 20
    assert asked.count("/tsa") == 20
    assert asked.count("/ocsp") <= 2  # the signatory, and the unit unless that is known
    assert asked.count("/crl/root.crl") <= 2
    asked.clear()
    again = sign(web, authorise(web, numbered(1, b"more")), [element(each) for each in numbered(1, b"more")])
    assert again.status_code == 200
    assert asked == ["/tsa"]
    asked.clear()
    web.trust.advance(minutes=6)
    assert (
        sign(web, authorise(web, numbered(1, b"later")), [element(each) for each in numbered(1, b"later")]).status_code
        == 200
    )
    assert asked.count("/ocsp") == 1  # the signatory's alone: it must be about the time of the signature


def count_requests(web, asked: list[str]) -> None:
    honest = web.trust.transport

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return honest.handle_request(request)

    web.trust.transport = httpx.MockTransport(handle)
    web.signing._augmentation = web.trust.augmentation()
    web.trust.transport = honest


def test_a_lost_authority_loses_no_signature_and_none_is_made_twice(web):
    originals = numbered(2, b"lost")
    sad, uses = authorise(web, originals), len(web.bench.uses)
    honest = web.trust.transport
    answers = {
        "down": lambda _request: httpx.Response(503),
        "a redirect": lambda _request: httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        "another type": lambda _request: httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"}),
        "too much": lambda _request: httpx.Response(
            200, stream=httpx.ByteStream(bytes(70_000)), headers={"Content-Type": "application/timestamp-reply"}
        ),
        "another answer": lambda _request: httpx.Response(
            200,
            stream=httpx.ByteStream(web.trust.parts.respond(query())),
            headers={"Content-Type": "application/timestamp-reply"},
        ),
    }
    for name, answer in answers.items():
        web.trust.transport = httpx.MockTransport(answer)
        web.signing._augmentation = web.trust.augmentation()
        refused = sign(web, sad, [element(each, "AdES-B-T") for each in originals])
        description = "temporarily unavailable"
        assert refused.status_code == 503, name
        assert refused.json["error"] == "temporarily_unavailable"
        assert description in refused.json["error_description"]
    web.trust.transport = honest
    web.signing._augmentation = web.trust.augmentation()
    signed = documents_of(sign(web, sad, [element(each, "AdES-B-T") for each in originals]))
    assert len(web.bench.uses) == uses + 2
    plain = documents_of(sign(web, sad, [element(each, "AdES-B-B") for each in originals]))
    assert [value_of(each) for each in signed] == [value_of(each) for each in plain]
    assert len(web.bench.uses) == uses + 2


def query() -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 1, "cert_req": True}).dump()


def value_of(signed: bytes) -> bytes:
    return ades(signed).embedded_signatures[0].signer_info["signature"].native


def test_validation_info_is_given_when_it_is_asked_for__csc_9_1(web):
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    (original,) = numbered(1, b"info")
    for spelling in ("returnValidationInfo", "returnValidationInformation"):
        answer = sign(web, authorise(web, [original]), [element(original)], **{spelling: True})
        (signed,) = documents_of(answer)
        info = {
            name: [base64.b64decode(each) for each in values] for name, values in answer.json["validationInfo"].items()
        }
        assert {name: len(values) for name, values in info.items()} == {"ocsp": 2, "crl": 1, "certificates": 4}
        store = DocumentSecurityStore.read_dss(ades(signed))
        assert {each.get_object().data for each in store.ocsps} == set(info["ocsp"])
        original += b"%again\n"


def test_a_certificate_revoked_behind_the_sams_back_gets_no_long_term_signature(web):
    from cryptography.x509 import load_der_x509_certificate

    from signer.sam.protocol import DescribeCredential

    victim = web.register("Primăria Călărași", "https://portal-d.example.com/back", "dana")
    described = web.sam.describe_credential(DescribeCredential(victim.client, victim.credential))
    serial = load_der_x509_certificate(described.certificates[0]).serial_number
    (original,) = numbered(1, b"revoked")
    sad = authorise(web, [original], portal=victim)
    web.trust.ca.admin.revoke(f"{serial:x}", "keyCompromise")
    answer = web.sign_doc(victim, sad, [], documents=[element(original)])
    assert_error(answer, 400, "invalid_request", "The credential identified by credentialID is disabled")
    assert web.sign_doc(victim, sad, [], documents=[element(original, "AdES-B-T")]).status_code == 200


# What a signature field may be.


def test_a_certification_closes_the_document_but_for_forms_and_signatures__iso32000_2_12_8_2_2(web):
    (original,) = numbered(1, b"certified")
    certified = element(original, "AdES-B-LTA", signed_envelope_property="Certification")
    (signed,) = documents_of(sign(web, authorise(web, [original]), [certified]))
    first = ades(signed).embedded_signatures[0]
    assert first.docmdp_level.value == 2
    assert level_of(signed, web.trust.root, web.clock.now()) == "AdES-B-LTA"
    sad = authorise(web, [signed])
    refused = sign(web, sad, [element(signed, signed_envelope_property="Certification")])
    assert_error(refused, 400, "invalid_request", "Invalid parameter signed_envelope_property")
    (twice,) = documents_of(sign(web, sad, [element(signed)]))
    assert pdfsig(twice).valid.count(True) == 2


def test_the_signatorys_name_may_be_shown_and_no_other__h12(web):
    name = "Ana Pop-Ștefănescu"
    originals = numbered(3, b"named")
    value = base64.b64encode(name.encode()).decode()
    wishes = [
        {"signed_props": [{"attribute_name": "Name"}]},
        {"signed_props": [{"attribute_name": "name", "attribute_value": value}]},
        {"appearance": {"page": 1, "position": "top-left"}},
    ]
    sad = authorise(web, originals)
    wrong = base64.b64encode("Președintele României".encode()).decode()
    refused = sign(
        web, sad, [element(originals[0], signed_props=[{"attribute_name": "Name", "attribute_value": wrong}])]
    )
    assert_error(refused, 400, "invalid_request", "Invalid parameter signed_props")
    elements = [element(each, **wish) for each, wish in zip(originals, wishes, strict=True)]
    signed = documents_of(sign(web, sad, elements))
    assert [str(ades(each).embedded_signatures[0].sig_object["/Name"]) for each in signed] == [name] * 3
    left, bottom, right, top = ades(signed[2]).embedded_signatures[0].sig_field["/Rect"]
    assert (left < right, bottom < top) == (True, True)
    assert [level_of(each, web.trust.root, web.clock.now()) for each in signed] == ["AdES-B-LT"] * 3


def test_an_appearance_without_a_place_is_refused_before_anything_is_signed(web):
    (original,) = numbered(1, b"placed")
    sad, uses = authorise(web, [original]), len(web.bench.uses)
    for page in (3, 99):
        refused = sign(web, sad, [element(original, appearance={"page": page})])
        assert_error(refused, 400, "invalid_request", "Invalid parameter appearance")
    assert len(web.bench.uses) == uses
    assert sign(web, sad, [element(original, appearance={"page": -1})]).status_code == 200


# CAdES.


def openssl_cms(tmp_path, root, signature: bytes, content: bytes | None) -> bytes:
    """Return the content that openssl finds signed."""
    (tmp_path / "root").write_bytes(root)
    (tmp_path / "cms").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-CAfile", "root"]
    if content is not None:
        (tmp_path / "content").write_bytes(content)
        command += ["-content", "content"]
    done = subprocess.run(
        [*command, "-purpose", "any", "-out", "out", "-cades"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("level", ["AdES-B-B", "AdES-B-T"])
def test_any_file_gets_a_cades_signature_inside_or_beside_it__en_319_122_1_6_3(web, tmp_path, level):
    files = [b"any file " + level.encode(), b"\0\1\2 another " + level.encode()]
    sad, root = authorise(web, files, "sdr"), web.trust.ca.made.root_pem
    elements = [
        element(files[0], level, signature_format="C", signed_envelope_property="Detached"),
        element(files[1], level, signature_format="C"),
    ]
    answer = sign(web, sad, elements)
    assert set(answer.json) == {"SignatureObject", "DocumentWithSignature"}, answer.text
    (beside,), (inside,) = (
        [base64.b64decode(e) for e in answer.json[k]] for k in ("SignatureObject", "DocumentWithSignature")
    )
    assert openssl_cms(tmp_path, root, beside, files[0]) == files[0]
    assert openssl_cms(tmp_path, root, inside, None) == files[1]
    for signature in (beside, inside):
        (signer,) = cms.ContentInfo.load(signature, strict=True)["content"]["signer_infos"]
        signed = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
        assert set(signed) == {"content_type", "message_digest", "signing_certificate_v2", "signing_time"}
        assert signed["signing_time"].native == web.clock.now().replace(microsecond=0)
        unsigned = [each["type"].native for each in signer["unsigned_attrs"] or ()]
        assert unsigned == ([] if level == "AdES-B-B" else ["signature_time_stamp_token"])
        if unsigned:
            check_stamp(tmp_path, root, signer)


def check_stamp(tmp_path, root: bytes, signer) -> None:
    """Have openssl verify the time-stamp on a signature value."""
    (tmp_path / "root").write_bytes(root)
    (tmp_path / "value").write_bytes(signer["signature"].native)
    (tmp_path / "token").write_bytes(signer["unsigned_attrs"][0]["values"][0].dump())
    command = "openssl ts -verify -in token -token_in -data value -CAfile root"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout, done.stderr


def test_a_file_that_stays_with_the_portal_is_signed_by_its_digest(web, tmp_path):
    content = b"never sent"
    sad = authorise(web, [content], "sdr")
    hashes = [base64.b64encode(hashlib.sha256(content).digest()).decode()]
    digests = {"hashes": hashes, "signature_format": "C", "conformance_level": "AdES-B-T", "signAlgo": ECDSA_OID}
    answer = web.sign_doc(web.a, sad, [], documents=None, documentDigests=[digests])
    assert list(answer.json) == ["SignatureObject"], answer.text
    signature = base64.b64decode(answer.json["SignatureObject"][0])
    assert openssl_cms(tmp_path, web.trust.ca.made.root_pem, signature, content) == content
    as_pades = web.sign_doc(web.a, sad, [], documents=None, documentDigests=[digests | {"signature_format": "P"}])
    assert_error(as_pades, 400, "invalid_request", "Invalid parameter signature_format")


def test_a_pdf_prepared_by_the_portal_gets_what_its_security_store_needs__csc_9_1(web):
    digest = hashlib.sha256(b"the byte range of a prepared file").digest()
    sad = authorise(web, [b"the byte range of a prepared file"], "sdr")
    hashes = [base64.b64encode(digest).decode()]
    digests = {"hashes": hashes, "signature_format": "P", "conformance_level": "AdES-B-LT", "signAlgo": ECDSA_OID}
    answer = web.sign_doc(web.a, sad, [], documents=None, documentDigests=[digests])
    assert set(answer.json) == {"SignatureObject", "validationInfo"}, answer.text
    assert {name: len(values) for name, values in answer.json["validationInfo"].items()} == {
        "ocsp": 2,
        "crl": 1,
        "certificates": 4,
    }


def test_a_document_authorised_for_a_pdf_signature_is_not_signed_as_a_plain_file(web):
    sad = authorise(web, [ORIGINAL])
    refused = sign(web, sad, [element(ORIGINAL, "AdES-B-B", signature_format="C")])
    assert_error(refused, 403, "invalid_hash", "documentDigests or documents are not authorized by the SAD")
    assert sign(web, sad, [element(ORIGINAL, "AdES-B-B")]).status_code == 200
