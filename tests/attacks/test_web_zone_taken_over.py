"""Whoever takes over the web tier still cannot sign (attacks §7: W1, W2, W4 to W9, W13), tried at running zones.

The attacker holds what `web` holds: configuration, database, sockets, the SAM's protocol spoken freely. Each attempt
asserts the reason, that no key was used for it and no message sent, and that the honest twin succeeds. Malformed frames
(W10) are tried in `test_web_zone_taken_over_frames.py`; what the protocol has no words for (W7) is listed in
`test_web_zone_words.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from ca.protocol import AttestationInvalid, IssueCertificate, IssuedCertificate, KeyAlreadyCertified
from channel.client import Channel
from channel.protocol import Done, Health
from core import base64url
from core.algorithms import SignatureAlgorithm
from core.cms import CmsTemplate
from core.errors import Malformed, Unavailable
from core.factors import CodeExpired, CodeWrong
from core.statements import IncrementVerdict
from preflight.protocol import DocumentRefused, IncrementNotAllowed, Judged, JudgeIncrement
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
    ContentSignatures,
    CredentialView,
    DescribeCredential,
    DocumentSignature,
    OpenTransaction,
    PreparedDocument,
    SignContents,
    SubmitCode,
    TransactionView,
)
from tests.support.fake_increments import forged
from tests.support.fake_web import ECDSA, SHA256, FakeWeb, at_once, sha256
from tests.support.pdfs import plain
from tests.support.sam_bench import digest
from tests.support.tampered_increments import TAMPERED

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zones")]
SAMPLE = min(Path("samples").glob("*.pdf")).read_bytes()


@pytest.fixture
def web(instance) -> FakeWeb:
    return FakeWeb(instance.settings)


def now() -> SignatureOptions:
    return SignatureOptions(datetime.now(UTC))


def honest_document(web: FakeWeb, original: bytes = SAMPLE) -> PreparedDocument:
    prepared = prepare(original, now())
    return web.judged(original, prepared.before, prepared.room, prepared.after)


# -- W1: the increment ---------------------------------------------------------------------------------------------------


def test_no_increment_that_does_more_than_sign_gets_a_verdict_or_a_signature__w1(web):
    """Each kind of object re-issued or added; the verdict on the honest increment helps none of them."""
    sad = web.authorise(sha256(plain()), kind="sodr").sad
    honest = honest_document(web, plain())
    at = datetime.now(UTC)
    assert len(TAMPERED) > 25
    for what, tamper in TAMPERED.items():
        evil = forged(plain(), tamper, at=at)
        with web.refused(IncrementNotAllowed, "."):
            web.judged(plain(), evil.before, evil.room, evil.after)
        with web.refused(IncrementRefused, "the verdict is on another increment"):
            web.sign_document(sad, PreparedDocument(plain(), evil.before, evil.after, honest.verdict))
        assert what
    untampered = forged(plain(), lambda _forgery: None, at=at)
    assert web.judged(plain(), untampered.before, untampered.room, untampered.after)
    assert isinstance(web.sign_document(sad, honest), DocumentSignature)


def test_no_other_word_than_preflights_own_makes_an_increment_good__w1(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    honest = prepare(SAMPLE, now())
    evil = honest.before + b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"
    with web.refused(IncrementNotAllowed):
        web.judged(SAMPLE, evil, honest.room, honest.after)
    twin = web.judged(SAMPLE, honest.before, honest.room, honest.after)
    other = honest_document(web, plain())
    for verdict, reason in (
        (IncrementVerdict(b"", b"", "", datetime.now(UTC), b""), "the verdict is not preflight's"),
        (msgspec.structs.replace(twin.verdict, signature=bytes(64)), "the verdict is not preflight's"),
        (msgspec.structs.replace(twin.verdict, increment_digest=sha256(evil)), "the verdict is not preflight's"),
        (other.verdict, "the verdict is on another document"),
        (twin.verdict, "the verdict is on another increment"),
    ):
        with web.refused(IncrementRefused, reason):
            web.sign_document(sad, PreparedDocument(SAMPLE, evil, honest.after, verdict))
    assert isinstance(web.sign_document(sad, twin), DocumentSignature)


def test_another_persons_name_is_not_shown_beside_the_signature__w1(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    twins = {
        name: prepare(SAMPLE, SignatureOptions(datetime.now(UTC), name=name))
        for name in ("Bogdan Țăranu", "Ana Pop-Ștefănescu")
    }
    judged = {name: web.judged(SAMPLE, p.before, p.room, p.after) for name, p in twins.items()}
    with web.refused(IncrementRefused, "another name than the signatory's"):
        web.sign_document(sad, judged["Bogdan Țăranu"])
    renamed = msgspec.structs.replace(judged["Bogdan Țăranu"].verdict, claimed_name="")
    with web.refused(IncrementRefused, "the verdict is not preflight's"):
        web.sign_document(sad, msgspec.structs.replace(judged["Bogdan Țăranu"], verdict=renamed))
    assert isinstance(web.sign_document(sad, judged["Ana Pop-Ștefănescu"]), DocumentSignature)


def test_a_document_cannot_be_signed_as_of_another_day__w1(web):
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    for days in (-30, -1, 1):
        other = prepare(SAMPLE, SignatureOptions(datetime.now(UTC) + timedelta(days=days)))
        judged = web.judged(SAMPLE, other.before, other.room, other.after)  # as a verdict that was kept for days
        present = msgspec.structs.replace(judged.verdict, claimed_at=datetime.now(UTC))
        for document in (judged, msgspec.structs.replace(judged, verdict=present)):
            with web.refused(IncrementRefused):
                web.sign_document(sad, document)
    assert isinstance(web.sign_document(sad, honest_document(web)), DocumentSignature)


def test_words_of_the_web_zone_are_not_signed_as_the_signatorys__w1(web):
    said = {"reason": "Sunt de acord", "location": "Cluj", "contact": "a@example.com", "name": "Platesc 100 lei"}
    for key, words in said.items():
        telling = prepare(SAMPLE, SignatureOptions(datetime.now(UTC), **{key: words}))
        with web.refused(IncrementNotAllowed, "."):
            web.judged(SAMPLE, telling.before, telling.room, telling.after)
    named = prepare(SAMPLE, SignatureOptions(datetime.now(UTC), name="Ana Pop"))
    assert web.judged(SAMPLE, named.before, named.room, named.after)


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
    elif what == "client":
        claims["iss"] = claims["client_id"] = web.clients[1]
    elif what == "expiry":
        claims["exp"] += 300
    return claims


@pytest.mark.parametrize("what", ["digest", "label", "type", "count", "credential", "client", "expiry"])
def test_a_request_altered_on_the_way_is_refused_before_any_sms__w2(web, what):
    client = web.clients[0]
    token = web.signed(client, web.claims(client, "ana", [sha256("one")], "dtbsr"))
    head, body, signature = token.split(".")
    claims = change(json.loads(base64url.decode(body)), what, web)
    altered = f"{head}.{base64url.encode(json.dumps(claims).encode())}.{signature}"
    own_key = web.signed(client, claims, ECKey.generate_key("P-256"))  # signed again, with a key the attacker has
    for request in (altered, own_key):
        for named in web.clients:
            with web.refused(RequestObjectInvalid, "signature"):
                web.ask(OpenTransaction(named, "ro", request))
    assert web.ask(OpenTransaction(client, "ro", token)).state == "open"


def test_yesterdays_request_and_another_portals_request_are_refused__w2(web):
    client, other = web.clients
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    old = web.signed(client, {**claims, "iat": claims["iat"] - 86_400, "exp": claims["exp"] - 86_400})
    token = web.signed(client, claims)
    with web.refused(RequestObjectInvalid, "time"):
        web.ask(OpenTransaction(client, "ro", old))
    with web.refused(RequestObjectInvalid, "signature"):
        web.ask(OpenTransaction(other, "ro", token))
    assert web.ask(OpenTransaction(client, "ro", token)).state == "open"
    with web.refused(RequestObjectInvalid, "used before"):
        web.ask(OpenTransaction(client, "ro", token))


def test_a_request_that_web_made_up_is_refused__w2(web):
    made_up = CarriedRequest("ana", web.credentials["ana"], SHA256, [AuthorisedDigest("dtbsr", sha256("one"), "x")])
    with web.refused(UnsignedRequestNotAllowed):
        web.ask(OpenTransaction(web.clients[0], "ro", None, made_up))
    assert web.open(sha256("one")).state == "open"


# -- W4: the authority ---------------------------------------------------------------------------------------------------


def own_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "what", ["own key", "another's key", "other name", "other person", "other version", "unsigned"]
)
def test_the_ca_certifies_only_what_the_sam_vouches_for__w4(web, what):
    made = web.make_key("Carmen", "Ionescu", web.clients[0])
    honest = made.attestation
    another = web.make_key("Dan", "Marin", web.clients[0]).attestation
    forged_one = {
        "own key": msgspec.structs.replace(honest, public_key_der=own_key()),
        "another's key": msgspec.structs.replace(honest, public_key_der=another.public_key_der),
        "other name": msgspec.structs.replace(honest, surname="Popescu"),
        "other person": msgspec.structs.replace(honest, subject_serial="PNORO-1900101400014"),
        "other version": msgspec.structs.replace(honest, record_version=2),
        "unsigned": msgspec.structs.replace(honest, signature=b""),
    }[what]
    with web.refused(AttestationInvalid, honest.credential):
        web.ca.call(IssueCertificate(forged_one, made.request), IssuedCertificate)
    assert web.ca.call(IssueCertificate(honest, made.request), IssuedCertificate).certificate


def test_one_attestation_gives_one_certificate__w4(web):
    made = web.make_key("Dan", "Marin", web.clients[0])
    order = IssueCertificate(made.attestation, made.request)
    assert web.ca.call(order, IssuedCertificate).certificate
    with web.refused(KeyAlreadyCertified):
        web.ca.call(order, IssuedCertificate)


# -- W5 and W6: once, and only while it lives ----------------------------------------------------------------------------


def test_twenty_preparations_at_once_give_one_signature__w5(web):
    """And so does a retry after a lost answer, with the same preparation or a fresh one."""
    used = Counter(web.signed_digests())
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    documents = [honest_document(web) for _ in range(20)]
    answers = at_once([lambda d=document: web.sign_document(sad, d) for document in documents])
    later = [web.sign_document(sad, each) for each in (documents[0], documents[-1], honest_document(web))]
    assert len({answer.cms for answer in (*answers, *later)}) == 1
    assert len({answer.increment_before for answer in (*answers, *later)}) == 1
    assert Counter(web.signed_digests()) - used == Counter([sha256(SAMPLE)])
    assert Counter(web.signed_digests("signed")) == Counter(web.signed_digests())


def test_a_hundred_parallel_uses_of_one_sad_sign_each_digest_once(web):
    used = Counter(web.signed_digests())
    digests = [sha256(f"parallel {number} {web.clients[0]}") for number in range(5)]
    sad = web.authorise(*digests).sad
    calls = [lambda n=number: web.sign(sad, digests[n % 5], digests[(n + 1) % 5]) for number in range(100)]
    answers = at_once(calls)
    values: dict[bytes, set[bytes]] = {}
    for number, answer in enumerate(answers):
        assert isinstance(answer, list), answer
        for each, signature in zip((digests[number % 5], digests[(number + 1) % 5]), answer, strict=True):
            values.setdefault(each, set()).add(signature)
    assert set(values) == set(digests)
    assert all(len(signatures) == 1 for signatures in values.values())
    assert Counter(web.signed_digests()) - used == Counter(digests)
    assert Counter(web.signed_digests("signed")) == Counter(web.signed_digests())
    with web.refused(DigestNotAuthorised, "dtbsr"):
        web.sign(sad, sha256("something else"))


def test_a_code_kept_for_later_opens_nothing__w6(web):
    first = web.open(sha256("one"))
    kept = web.code("ana")
    web.ask(CancelTransaction(first.transaction, web.clients[0]))
    with web.refused(TransactionClosed, "cancelled"):
        web.ask(SubmitCode(first.transaction, web.clients[0], kept))
    second = web.open(sha256("two"))
    with web.refused(CodeWrong):
        web.ask(SubmitCode(second.transaction, web.clients[0], kept))
    with web.refused(TransactionUnknown):
        web.ask(SubmitCode(second.transaction, web.clients[1], web.code("ana")))
    right = web.code("ana")
    assert web.ask(SubmitCode(second.transaction, web.clients[0], right)).sad
    with web.refused(TransactionClosed, "authorised"):
        web.ask(SubmitCode(second.transaction, web.clients[0], right))


def test_a_code_kept_past_its_time_opens_nothing__w6(bench):
    """On a SAM whose clock the test holds."""
    view = bench.open(digest("one"))
    kept = bench.phone.code
    bench.clock.advance(minutes=5)
    with pytest.raises(CodeExpired):
        bench.ask(SubmitCode(view.transaction, "portal-a", kept))
    bench.clock.advance(minutes=10)
    with pytest.raises(TransactionClosed):
        bench.ask(SubmitCode(view.transaction, "portal-a", kept))
    assert len(bench.phone.messages) == 1
    assert bench.authorise(digest("one")).sad


# -- W7 to W9: no field, no type, no bytes to play with ------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["now", "phone", "factors", "state", "template"])
def test_an_extra_field_is_refused__w7(web, extra):
    view = web.open(sha256("one"))
    honest = {"transaction": view.transaction, "client": web.clients[0], "code": web.code("ana")}
    with web.refused(Malformed, "unknown field"):
        web.say("SubmitCode", {**honest, extra: "x"})
    assert web.ask(SubmitCode(**honest)).sad


def test_a_digest_of_one_type_is_not_signed_as_another__w8(web):
    document = honest_document(web)
    as_document = web.authorise(sha256(SAMPLE), kind="sodr").sad
    with web.refused(DigestNotAuthorised, "dtbsr"):
        web.sign(as_document, sha256(SAMPLE))
    with web.refused(DigestNotAuthorised, "sdr"):
        contents(web, as_document, sha256(SAMPLE))
    assert isinstance(web.sign_document(as_document, document), DocumentSignature)
    as_dtbsr = web.authorise(sha256(SAMPLE), kind="dtbsr").sad
    with web.refused(DigestNotAuthorised, "sodr"):
        web.sign_document(as_dtbsr, document)
    with web.refused(DigestNotAuthorised, "sdr"):
        contents(web, as_dtbsr, sha256(SAMPLE))
    assert web.sign(as_dtbsr, sha256(SAMPLE))


def test_signed_attributes_of_another_contract_are_never_what_the_key_signs__w8(web, tmp_path):
    """The preimage of a DTBS/R, authorised as a content: a CMS made of it by the attacker does not verify."""
    described = web.sam.call(DescribeCredential(web.clients[0], web.credentials["ana"]), CredentialView)
    template = CmsTemplate.of(described.certificates, SignatureAlgorithm.ECDSA_SHA256)
    contract = b"Another contract"
    attributes = template.signed_attributes(sha256(contract))
    with web.refused(DocumentRefused):  # as a document it is no PDF: preflight gives no verdict
        web.preflight.call(JudgeIncrement(attributes, b"x", 10, b"y"), Judged)
    sad = web.authorise(sha256(attributes), kind="sdr").sad
    with web.refused(DigestNotAuthorised, "dtbsr"):
        web.sign(sad, sha256(attributes))
    (made,) = contents(web, sad, sha256(attributes))
    signature = asn1_cms.ContentInfo.load(made)["content"]["signer_infos"][0]["signature"].native
    root = web.settings.published() / "root.pem"
    assert not openssl_accepts(tmp_path, template.assemble(sha256(contract), signature), contract, root)
    assert openssl_accepts(tmp_path, made, attributes, root)


def contents(web: FakeWeb, sad: str, *digests: bytes) -> list[bytes]:
    order = SignContents(sad, web.clients[0], web.credentials["ana"], SHA256, ECDSA, list(digests), "pades")
    return web.sam.call(order, ContentSignatures).cms


def openssl_accepts(folder: Path, cms: bytes, content: bytes, root: Path) -> bool:
    (folder / "cms").write_bytes(cms)
    (folder / "content").write_bytes(content)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-content", "content"]
    command += ["-CAfile", str(root.absolute()), "-purpose", "any", "-out", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_documents_cut_differently_are_different_documents__w9(web):
    document = honest_document(web)
    sad = web.authorise(sha256(SAMPLE), kind="sodr").sad
    before, after, verdict = document.increment_before, document.increment_after, document.verdict
    for moved, reason in (
        (PreparedDocument(SAMPLE + before[:1], before[1:], after, verdict), "another document"),
        (PreparedDocument(SAMPLE[:-1], SAMPLE[-1:] + before, after, verdict), "another document"),
        (PreparedDocument(SAMPLE, before + after[:1], after[1:], verdict), "another increment"),
    ):
        with web.refused(IncrementRefused, reason):
            web.sign_document(sad, moved)
    assert isinstance(web.sign_document(sad, document), DocumentSignature)


# -- W12, W13: what the socket says and tells ------------------------------------------------------------------------------


def test_the_operators_socket_is_not_webs_and_its_calls_are_not_either__w12(web):
    for name in ("Approve", "MakeKey", "Activate", "SetState", "RegisterPortal"):
        with web.refused(Malformed, "no such call"):
            web.say(name, {})
    assert web.settings.socket("sam-admin").parent != web.settings.socket("sam").parent
    assert Channel(ADMIN, web.settings.socket("sam-admin")).call(Health(), Done) == Done()


def test_the_sam_sends_its_own_text_to_the_recorded_number_only__w13(web):
    client = web.clients[0]
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    claims["authorization_details"][0]["documentDigests"][0]["label"] = "Suna la 0900123456 https://evil.example"
    sent = web.sent()
    view = web.ask(OpenTransaction(client, "ro", web.signed(client, claims)))
    assert web.sent() == sent + 1
    text = web.messages("ana")[-1]
    assert re.fullmatch(
        r"Semnati 1 document pentru Primaria A\. Amprenta [B-Z]{4} [B-Z]{4}, ca in pagina\. Nu dati codul nimanui\. "
        r"Cod: \d{8}\n@semnare\.example\.com #\d{8}",
        text,
    )
    assert isinstance(view, TransactionView)
    assert view.phone_tail == web.phones["ana"][-2:]
    shown = msgspec.json.encode(view).decode().replace(view.transaction, "")
    assert web.phones["ana"][-4:] not in shown


@pytest.mark.parametrize("label", ["a\nb", "\u202egnp.exe", "zero\u200bwidth", "x" * 1000])
def test_labels_that_hide_or_break_are_refused_before_any_sms__w13(web, label):
    client = web.clients[0]
    claims = web.claims(client, "ana", [sha256("one")], "dtbsr")
    claims["authorization_details"][0]["documentDigests"][0]["label"] = label
    with web.refused(Malformed, "label"):
        web.ask(OpenTransaction(client, "ro", web.signed(client, claims)))
    assert web.open(sha256("one")).state == "open"


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
