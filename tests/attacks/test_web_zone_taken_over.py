"""Whoever takes over the web tier still cannot sign (attacks §7: W1, W2, W4 to W10, W13), tried at running zones.

The attacker holds what `web` holds: configuration, database, sockets, the SAM's protocol spoken freely. Each attempt
asserts the reason, that no key was used for it, and that the honest twin succeeds.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from ca.protocol import AttestationInvalid, IssueCertificate, IssuedCertificate, KeyAlreadyCertified
from channel.client import Channel
from channel.protocol import Done, Health, encode
from core.errors import DomainError, Malformed, Unavailable
from core.factors import ChallengeClosed, CodeWrong
from core.statements import IncrementVerdict
from preflight.protocol import IncrementNotAllowed, Judged, JudgeIncrement
from signer.pades.embed import embed
from signer.pades.options import SignatureOptions
from signer.pades.prepare import prepare
from signer.sam.errors import (
    DigestNotAuthorised,
    IncrementRefused,
    RequestObjectInvalid,
    TransactionClosed,
    TransactionUnknown,
    UnsignedRequestNotAllowed,
)
from signer.sam.protocol import (
    ADMIN,
    SAM,
    AuthorisedDigest,
    CancelTransaction,
    CarriedRequest,
    DocumentSignature,
    OpenTransaction,
    PreparedDocument,
    SubmitCode,
)
from tests.support.fake_web import SHA256, FakeWeb, at_once, sha256
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zones")]
SAMPLE = min(Path("samples").glob("*.pdf")).read_bytes()


@pytest.fixture(scope="module")
def instance():
    started = make_instance()
    yield started
    started.remove()


@pytest.fixture
def web(instance) -> FakeWeb:
    return FakeWeb(instance.settings)


def now() -> SignatureOptions:
    return SignatureOptions(datetime.now(UTC))


# -- W1: the increment ---------------------------------------------------------------------------------------------------


def test_another_persons_name_is_not_shown_beside_the_signature__w1(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    twins = {
        name: prepare(SAMPLE, SignatureOptions(datetime.now(UTC), name=name))
        for name in ("Bogdan Țăranu", "Ana Pop-Ștefănescu")
    }
    judged = {name: web.judged(SAMPLE, p.before, p.room, p.after) for name, p in twins.items()}
    before = web.key_uses()
    with pytest.raises(IncrementRefused):
        web.sign_document(sad, judged["Bogdan Țăranu"])
    renamed = msgspec.structs.replace(judged["Bogdan Țăranu"].verdict, claimed_name="")
    with pytest.raises(IncrementRefused):
        web.sign_document(sad, msgspec.structs.replace(judged["Bogdan Țăranu"], verdict=renamed))
    assert web.key_uses() == before
    assert isinstance(web.sign_document(sad, judged["Ana Pop-Ștefănescu"]), DocumentSignature)


def test_an_increment_that_replaces_a_page_gets_no_verdict_and_no_signature__w1(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    honest = prepare(SAMPLE, now())
    evil = honest.before + b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"
    with pytest.raises(IncrementNotAllowed):
        web.judged(SAMPLE, evil, honest.room, honest.after)
    twin = web.judged(SAMPLE, honest.before, honest.room, honest.after)
    forged = [
        IncrementVerdict(b"", b"", "", b""),
        twin.verdict,  # the honest verdict on an evil increment
        msgspec.structs.replace(twin.verdict, signature=bytes(64)),
    ]
    before = web.key_uses()
    for verdict in forged:
        with pytest.raises(IncrementRefused):
            web.sign_document(sad, PreparedDocument(SAMPLE, evil, honest.after, verdict))
    assert web.key_uses() == before
    assert isinstance(web.sign_document(sad, twin), DocumentSignature)


def test_a_document_cannot_be_signed_as_of_another_day__w1(web):
    for days in (-30, -1, 1):
        other = prepare(SAMPLE, SignatureOptions(datetime.now(UTC) + timedelta(days=days)))
        with pytest.raises(IncrementNotAllowed, match="another time"):
            web.judged(SAMPLE, other.before, other.room, other.after)
    honest = prepare(SAMPLE, now())
    web.judged(SAMPLE, honest.before, honest.room, honest.after)


def test_words_of_the_web_zone_are_not_signed_as_the_signatorys__w1(web):
    said = {"reason": "Sunt de acord", "location": "Cluj", "contact": "a@example.com", "name": "Platesc 100 lei"}
    for key, words in said.items():
        telling = prepare(SAMPLE, SignatureOptions(datetime.now(UTC), **{key: words}))
        with pytest.raises(IncrementNotAllowed):
            web.judged(SAMPLE, telling.before, telling.room, telling.after)
    named = prepare(SAMPLE, SignatureOptions(datetime.now(UTC), name="Ana Pop"))
    web.judged(SAMPLE, named.before, named.room, named.after)


def test_the_honest_document_is_signed_and_begins_with_the_original(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    prepared = prepare(SAMPLE, now())
    answer = web.sign_document(sad, web.judged(SAMPLE, prepared.before, prepared.room, prepared.after))
    signed = embed(SAMPLE, answer.increment_before, prepared.room, answer.increment_after, answer.cms)
    assert signed.startswith(SAMPLE)


# -- W2: the portal's word -----------------------------------------------------------------------------------------------


def change(claims: dict, what: str, web: FakeWeb) -> dict:
    details = claims["authorization_details"][0]
    first = details["documentDigests"][0]
    if what == "digest":
        first["hash"] = first["hash"][:-2] + ("AA" if first["hash"][-2:] != "AA" else "BA")
    elif what == "label":
        first["label"] = "other.pdf"
    elif what == "type":
        first["hashType"] = "sodr"
    elif what == "count":
        details["documentDigests"].append(dict(first))
        details["numSignatures"] = 2
    elif what == "credential":
        details["credentialID"] = web.credentials["bogdan"]
    return claims


@pytest.mark.parametrize("what", ["digest", "label", "type", "count", "credential"])
def test_a_request_altered_on_the_way_is_refused_before_any_sms__w2(web, what):
    client = web.clients[0]
    token = web.signed(client, web.claims(client, "ana", [sha256("one")], "dtbsr"))
    head, _, signature = token.split(".")
    from core import base64url

    payload = json.loads(base64url.decode(token.split(".")[1]))
    forged = f"{head}.{base64url.encode(json.dumps(change(payload, what, web)).encode())}.{signature}"
    sent = len(web.messages("ana")) + len(web.messages("bogdan"))
    with pytest.raises(RequestObjectInvalid):
        web.ask(OpenTransaction(client, "ro", forged))
    with pytest.raises(RequestObjectInvalid):  # signed again, with a key that the attacker has
        web.ask(
            OpenTransaction(client, "ro", web.signed(client, change(payload, what, web), ECKey.generate_key("P-256")))
        )
    assert len(web.messages("ana")) + len(web.messages("bogdan")) == sent
    assert web.ask(OpenTransaction(client, "ro", token)).state == "open"


def test_yesterdays_request_and_another_portals_request_are_refused__w2(web):
    client, other = web.clients
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    old = web.signed(client, {**claims, "iat": claims["iat"] - 86_400, "exp": claims["exp"] - 86_400})
    token = web.signed(client, claims)
    for request in (OpenTransaction(client, "ro", old), OpenTransaction(other, "ro", token)):
        with pytest.raises(RequestObjectInvalid):
            web.ask(request)
    web.ask(OpenTransaction(client, "ro", token))
    with pytest.raises(RequestObjectInvalid):  # a second time
        web.ask(OpenTransaction(client, "ro", token))


def test_a_request_that_web_made_up_is_refused__w2(web):
    made_up = CarriedRequest("ana", web.credentials["ana"], SHA256, [AuthorisedDigest("dtbsr", sha256("one"), "x")])
    with pytest.raises(UnsignedRequestNotAllowed):
        web.ask(OpenTransaction(web.clients[0], "ro", None, made_up))
    assert not web.messages("ana")
    assert web.open(sha256("one")).state == "open"


# -- W4: the authority ---------------------------------------------------------------------------------------------------


def own_key() -> bytes:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize("what", ["own key", "other name", "other person", "other version", "no signature"])
def test_the_ca_certifies_only_what_the_sam_vouches_for__w4(web, what):
    made = web.make_key("Carmen", "Ionescu", web.clients[0])
    honest = made.attestation
    forged = {
        "own key": msgspec.structs.replace(honest, public_key_der=own_key()),
        "other name": msgspec.structs.replace(honest, surname="Popescu"),
        "other person": msgspec.structs.replace(honest, subject_serial="PNORO-1900101400014"),
        "other version": msgspec.structs.replace(honest, record_version=2),
        "no signature": msgspec.structs.replace(honest, signature=b""),
    }[what]
    with pytest.raises(AttestationInvalid):
        web.ca.call(IssueCertificate(forged, made.request), IssuedCertificate)
    assert web.ca.call(IssueCertificate(honest, made.request), IssuedCertificate).certificate


def test_one_attestation_gives_one_certificate__w4(web):
    made = web.make_key("Dan", "Marin", web.clients[0])
    order = IssueCertificate(made.attestation, made.request)
    web.ca.call(order, IssuedCertificate)
    with pytest.raises(KeyAlreadyCertified):
        web.ca.call(order, IssuedCertificate)


def test_there_is_no_field_for_profile_validity_or_policy__w4():
    assert IssueCertificate.__struct_fields__ == ("attestation", "request")


# -- W5 and W6: once, and only while it lives ----------------------------------------------------------------------------


def test_twenty_preparations_at_once_give_one_signature__w5(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    documents = []
    for number in range(20):
        one = prepare(SAMPLE, now())
        documents.append(web.judged(SAMPLE, one.before, one.room, one.after))
        assert number >= 0
    answers = at_once([lambda d=document: web.sign_document(sad, d) for document in documents])
    assert len({answer.cms for answer in answers}) == 1
    assert len({answer.increment_before for answer in answers}) == 1
    assert web.evidence().count("signing intended") == web.evidence().count("signed")


def test_a_hundred_parallel_uses_of_one_sad_sign_each_digest_once(web):
    digests = [sha256(f"parallel {number}") for number in range(5)]
    sad = web.authorise(*digests).sad
    before = web.evidence()
    calls = [lambda n=number: web.sign(sad, digests[n % 5], digests[(n + 1) % 5]) for number in range(100)]
    answers = at_once(calls)
    values: dict[bytes, set[bytes]] = {}
    for number, answer in enumerate(answers):
        assert isinstance(answer, list), answer
        for digest, signature in zip((digests[number % 5], digests[(number + 1) % 5]), answer, strict=True):
            values.setdefault(digest, set()).add(signature)
    assert set(values) == set(digests)
    assert all(len(signatures) == 1 for signatures in values.values())
    added = web.evidence()[len(before) :]
    assert added.count("signing intended") == added.count("signed") <= 5
    with pytest.raises(DigestNotAuthorised):
        web.sign(sad, sha256("something else"))


def test_a_code_kept_for_later_opens_nothing__w6(web):
    first = web.open(sha256("one"))
    kept = web.code("ana")
    web.ask(CancelTransaction(first.transaction, web.clients[0]))
    with pytest.raises(TransactionClosed):
        web.ask(SubmitCode(first.transaction, web.clients[0], kept))
    second = web.open(sha256("two"))
    with pytest.raises(CodeWrong):
        web.ask(SubmitCode(second.transaction, web.clients[0], kept))
    with pytest.raises(TransactionUnknown):
        web.ask(SubmitCode(second.transaction, web.clients[1], web.code("ana")))
    right = web.code("ana")
    assert web.ask(SubmitCode(second.transaction, web.clients[0], right)).sad
    with pytest.raises((TransactionClosed, ChallengeClosed)):
        web.ask(SubmitCode(second.transaction, web.clients[0], right))


# -- W7 to W9: no field, no type, no bytes to play with --------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["now", "phone", "factors", "state", "template"])
def test_an_extra_field_is_refused__w7(web, extra):
    view = web.open(sha256("one"))
    honest = {"transaction": view.transaction, "client": web.clients[0], "code": web.code("ana")}
    body = msgspec.msgpack.encode({**honest, extra: "x"})
    assert failure(web, "SubmitCode", body)["error"] == "Malformed"
    assert web.ask(SubmitCode(**honest)).sad


def test_a_document_whose_bytes_are_signed_attributes_is_not_signed_as_a_digest__w8(web):
    """The preimage of a DTBS/R authorised as a document: its digest may not be used as one."""
    from core.algorithms import SignatureAlgorithm
    from core.cms import CmsTemplate
    from signer.sam.protocol import CredentialView, DescribeCredential

    described = web.sam.call(DescribeCredential(web.clients[0], web.credentials["ana"]), CredentialView)
    template = CmsTemplate.of(described.certificates, SignatureAlgorithm.ECDSA_SHA256)
    attributes = template.signed_attributes(sha256("another contract"))
    before = web.key_uses()
    sad = web.authorise(sha256(attributes), kind="sodr").sad
    with pytest.raises(DigestNotAuthorised):
        web.sign(sad, sha256(attributes))
    with pytest.raises(DomainError):  # and as a document it is no PDF: preflight gives no verdict
        web.preflight.call(JudgeIncrement(attributes, b"x", 10, b"y"), Judged)
    assert web.key_uses() == before


def test_documents_cut_differently_are_different_documents__w9(web):
    honest = prepare(SAMPLE, now())
    document = web.judged(SAMPLE, honest.before, honest.room, honest.after)
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    moved = [
        PreparedDocument(
            SAMPLE + document.increment_before[:1],
            document.increment_before[1:],
            document.increment_after,
            document.verdict,
        ),
        PreparedDocument(
            SAMPLE[:-1], SAMPLE[-1:] + document.increment_before, document.increment_after, document.verdict
        ),
        PreparedDocument(
            SAMPLE,
            document.increment_before + document.increment_after[:1],
            document.increment_after[1:],
            document.verdict,
        ),
    ]
    for each in moved:
        with pytest.raises((IncrementRefused, DigestNotAuthorised)):
            web.sign_document(sad, each)
    assert isinstance(web.sign_document(sad, document), DocumentSignature)


# -- W10 and W13: the socket -----------------------------------------------------------------------------------------------


def raw(web: FakeWeb, data: bytes, *, close_early: bool = False) -> bytes:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(10)
        peer.connect(str(web.settings.socket("sam")))
        peer.sendall(data)
        if close_early:
            return b""
        answer = b""
        try:
            while chunk := peer.recv(65536):
                answer += chunk
        except TimeoutError:
            pass
        return answer


def post(name: str, body: bytes, length: int | None = None, extra: bytes = b"") -> bytes:
    size = len(body) if length is None else length
    head = f"POST /sam/1/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\nConnection: close\r\n"
    return head.encode() + extra + b"\r\n" + body


def failure(web: FakeWeb, name: str, body: bytes) -> dict:
    answer = raw(web, post(name, body))
    return msgspec.msgpack.decode(answer.split(b"\r\n\r\n", 1)[1])


def deep() -> bytes:
    return b"\x91" * 100_000


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100,
        b"GET /sam/1/Health HTTP/1.1\r\nHost: x\r\n\r\n",
        post("Nothing", b""),
        post("SubmitCode", deep()),
        post("SubmitCode", b"\xff" * 1000),
        post("SubmitCode", b"", length=10**12),
        post("SubmitCode", b"x", extra=b"Transfer-Encoding: chunked\r\n"),
        post("SubmitCode", encode(Health())).replace(b"/sam/1/", b"/sam/2/"),
        post("Approve", encode(Health())),
        post("SubmitCode", struct.pack(">I", 0xFFFFFFFF)),
    ],
    ids=[
        "zeros",
        "get",
        "no such call",
        "deep",
        "noise",
        "huge length",
        "two lengths",
        "version",
        "admin call",
        "junk",
    ],
)
def test_malformed_frames_are_refused_and_the_next_call_is_served__w10(web, data):
    before = web.key_uses()
    answer = raw(web, data)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert web.key_uses() == before
    web.sam.check()


def test_half_a_frame_and_a_closed_connection_leave_the_sam_alive__w10(web):
    for _ in range(20):
        raw(web, post("SubmitCode", b"x" * 10, length=1000), close_early=True)
    web.sam.check()


def test_the_operators_socket_is_not_webs_and_its_calls_are_not_either__w12(web):
    for name in ("Approve", "MakeKey", "Activate", "SetState", "RegisterPortal"):
        assert failure(web, name, b"\x80")["error"] == "Malformed"
    assert web.settings.socket("sam-admin").parent != web.settings.socket("sam").parent
    assert Channel(ADMIN, web.settings.socket("sam-admin")).call(Health(), Done) == Done()


def test_the_sam_sends_its_own_text_to_the_recorded_number_only__w13(web):
    client = web.clients[0]
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    claims["authorization_details"][0]["documentDigests"][0]["label"] = "Suna la 0900123456 https://evil.example"
    view = web.ask(OpenTransaction(client, "ro", web.signed(client, claims)))
    text = web.messages("ana")[-1]
    assert re.fullmatch(
        r"Semnati 1 document pentru Primaria A\. Amprenta [B-Z]{4} [B-Z]{4}, ca in pagina\. Nu dati codul nimanui\. "
        r"Cod: \d{8}\n@semnare\.example\.com #\d{8}",
        text,
    )
    assert view.phone_tail == web.phones["ana"][-2:]
    shown = msgspec.json.encode(view).decode()
    assert web.phones["ana"] not in shown
    assert web.phones["ana"][-4:-2] + web.phones["ana"][-2:] not in shown.replace(view.transaction, "")


@pytest.mark.parametrize("label", ["a\nb", "\u202egnp.exe", "zero\u200bwidth", "x" * 1000])
def test_labels_that_hide_or_break_are_refused_before_any_sms__w13(web, label):
    client = web.clients[0]
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    claims["authorization_details"][0]["documentDigests"][0]["label"] = label
    with pytest.raises(Malformed):
        web.ask(OpenTransaction(client, "ro", web.signed(client, claims)))
    assert not web.messages("ana")


def test_everything_web_has_holds_no_pin_and_no_key(web):
    """Configuration, database and secret of `web`: no PIN, no private key, nobody's SAD."""
    folder = web.settings.zone_dir("web")
    pins = [path.read_text().strip() for path in web.settings.state_dir.glob("*/pin")]
    assert len(pins) == 4
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(pin.encode() in data for pin in pins)
            assert b"PRIVATE KEY" not in data
            assert not re.search(rb"sad_[\w-]{100}", data)
    with pytest.raises(Unavailable):
        Channel(SAM, folder / "socket").check()
