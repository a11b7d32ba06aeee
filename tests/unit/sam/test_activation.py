"""Activation: what was authorised, once, and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate

from core.algorithms import HashAlgorithm
from core.errors import RecordTampered, UnknownAlgorithm
from hsm.errors import HsmUnavailable
from signer.sam.errors import (
    AlgorithmNotAuthorised,
    CredentialMismatch,
    CredentialNotUsable,
    DigestNotAuthorised,
    IncrementRefused,
    OutcomeUnknown,
    SadExpired,
    SadInvalid,
    SignatureFaulty,
    TransactionClosed,
)
from signer.sam.policy import check_usable
from signer.sam.protocol import (
    DescribeCredential,
    PreparedDocument,
    RevokeSad,
    SetState,
    SignContents,
    SignDocument,
    VerifyEvidence,
)
from signer.sam.sad import SadCodec
from signer.sam.verify import VerifiedActivation
from tests.support.sam_bench import ECDSA, SHA256, digest

ONE, TWO, OTHER = digest("one"), digest("two"), digest("other")


def verify(bench, signature: bytes, dtbsr: bytes, account="ana", client="portal-a") -> None:
    view = bench.ask(DescribeCredential(client, bench.credentials[account]))
    certificate = load_der_x509_certificate(view.certificates[0])
    certificate.public_key().verify(signature, dtbsr, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_signatures_come_in_the_order_asked_and_verify(bench):
    sad = bench.authorise(ONE, TWO).sad
    first, second = bench.sign_hashes(sad, TWO, ONE)
    verify(bench, first, TWO)
    verify(bench, second, ONE)


def test_a_digest_meets_the_key_once_however_often_it_is_asked__t1(bench):
    sad = bench.authorise(ONE, TWO).sad
    first = bench.sign_hashes(sad, ONE, ONE)
    assert first[0] == first[1]
    again = bench.sign_hashes(sad, ONE, TWO)
    assert again[0] == first[0]
    assert bench.sign_hashes(sad, ONE, TWO) == again
    assert sorted(bench.uses) == sorted([ONE, TWO])


def test_a_digest_authorised_twice_is_signed_twice(bench):
    sad = bench.authorise(ONE, ONE).sad
    signatures = bench.sign_hashes(sad, ONE, ONE, ONE)
    assert len(bench.uses) == 2
    assert signatures[1] == signatures[2]


@pytest.mark.parametrize("asked", [(OTHER,), (ONE, OTHER), (ONE, bytes(32))])
def test_what_was_not_authorised_is_not_signed_and_nothing_of_the_call_is(bench, asked):
    sad = bench.authorise(ONE).sad
    with pytest.raises(DigestNotAuthorised):
        bench.sign_hashes(sad, *asked)
    assert bench.uses == []
    assert bench.sign_hashes(sad, ONE)


def test_every_flipped_byte_and_every_prefix_of_a_sad_is_refused__t15(bench):
    sad = bench.authorise(ONE).sad
    altered = [sad[:i] + ("A" if c != "A" else "B") + sad[i + 1 :] for i, c in enumerate(sad)]
    for attempt in [*altered, *(sad[:i] for i in range(len(sad)))]:
        with pytest.raises(SadInvalid):
            bench.sign_hashes(attempt, ONE)
    assert bench.uses == []
    assert bench.sign_hashes(sad, ONE)


@pytest.mark.parametrize(
    ("changes", "refusal", "why"),
    [
        ({"binding_digest": bytes(32)}, SadInvalid, "another content"),
        ({"signatory": "s-another"}, CredentialMismatch, "signatory"),
        ({"credential": "c-another"}, CredentialMismatch, "credential"),
        ({"client": "portal-b"}, CredentialMismatch, "client"),
    ],
)
def test_a_sad_of_our_own_that_says_other_than_its_transaction_is_refused(bench, changes, refusal, why):
    """Made with the right key: what is compared with the sealed records does not rest on the MAC alone."""
    sad = bench.authorise(ONE).sad
    codec = SadCodec(bench.keys.sad)
    with pytest.raises(refusal, match=why):
        bench.sign_hashes(codec.make(replace(codec.open(sad), **changes)), ONE)
    assert bench.uses == []
    assert bench.sign_hashes(sad, ONE)


def test_a_sad_has_one_spelling(bench):
    sad = bench.authorise(ONE).sad
    for spelling in (sad.removeprefix("sad_"), sad + "A" * 10_000, f" {sad}", f"{sad}="):
        with pytest.raises(SadInvalid, match="form"):
            bench.sign_hashes(spelling, ONE)
    assert bench.uses == []
    assert bench.sign_hashes(sad, ONE)


def test_a_certificate_that_is_not_valid_yet_signs_nothing(bench):
    with bench.database.reading() as connection:
        record = bench.sam._parts.records.find(connection, bench.credentials["ana"])
    begin = load_der_x509_certificate(record.certificate).not_valid_before_utc
    with pytest.raises(CredentialNotUsable, match="not valid yet"):
        check_usable(record, begin - timedelta(seconds=1))
    check_usable(record, begin)


def test_a_sad_ends_after_its_minutes(bench):
    sad = bench.authorise(ONE).sad
    bench.clock.advance(minutes=5)
    with pytest.raises(SadExpired):
        bench.sign_hashes(sad, ONE)
    assert bench.uses == []


@pytest.mark.parametrize("client", ["portal-a", "portal-b"])
@pytest.mark.parametrize("account", ["ana", "bogdan"])
@pytest.mark.parametrize("whose", ["ana", "bogdan"])
def test_only_the_diagonal_of_sad_client_and_credential_signs__t2(bench, whose, account, client):
    home = {"ana": "portal-a", "bogdan": "portal-b"}
    sad = bench.authorise(ONE, client=home[whose], account=whose).sad
    if account == whose and client == home[whose]:
        assert bench.sign_hashes(sad, ONE, client=client, account=account)
    else:
        with pytest.raises(CredentialMismatch):
            bench.sign_hashes(sad, ONE, client=client, account=account)
        assert bench.uses == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"hash_oid": HashAlgorithm.SHA384.oid}, AlgorithmNotAuthorised),
        ({"algorithm": "rsa-pkcs1-sha256"}, AlgorithmNotAuthorised),
        ({"algorithm": "ecdsa-sha384"}, AlgorithmNotAuthorised),
        ({"hash_oid": "2.16.840.1.101.3.4.2.8"}, UnknownAlgorithm),  # SHA3-256: same length as SHA-256
        ({"algorithm": "none"}, UnknownAlgorithm),
    ],
)
def test_algorithms_are_those_authorised__t12(bench, changes, refusal):
    sad = bench.authorise(ONE).sad
    one = digest("one") if "hash_oid" not in changes or changes["hash_oid"] != HashAlgorithm.SHA384.oid else bytes(48)
    with pytest.raises(refusal):
        bench.sign_hashes(sad, one, **changes)
    assert bench.uses == []
    assert bench.sign_hashes(sad, ONE)


@pytest.mark.parametrize("kind", ["sodr", "sdr"])
def test_a_digest_of_one_type_is_not_signed_as_another__w8(bench, kind):
    document = b"a document whose digest was authorised"
    sad = bench.authorise(hashlib.sha256(document).digest(), kind=kind).sad
    with pytest.raises(DigestNotAuthorised):
        bench.sign_hashes(sad, hashlib.sha256(document).digest())
    assert bench.uses == []


def test_a_dtbsr_is_not_taken_for_a_document__w8(bench):
    document = b"bytes"
    sad = bench.authorise(hashlib.sha256(document).digest(), kind="dtbsr").sad
    with pytest.raises(DigestNotAuthorised):
        bench.sign_document(sad, bench.prepared(document))
    assert bench.uses == []


def test_suspension_between_code_and_signature_stops_it__t13(bench):
    sad = bench.authorise(ONE).sad
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    with pytest.raises((CredentialNotUsable, TransactionClosed)):
        bench.sign_hashes(sad, ONE)
    assert bench.uses == []


def test_suspension_between_two_digests_leaves_the_first_and_stops_the_second__t13(bench):
    sad = bench.authorise(ONE, TWO).sad
    bench.sign_hashes(sad, ONE)
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    with pytest.raises((CredentialNotUsable, TransactionClosed)):
        bench.sign_hashes(sad, TWO)
    assert bench.uses == [ONE]


def test_a_certificate_that_ended_meanwhile_stops_it(bench):
    bench.clock.advance(days=89, hours=23, minutes=58)
    sad = bench.authorise(ONE).sad
    bench.clock.advance(minutes=3)
    with pytest.raises(CredentialNotUsable):
        bench.sign_hashes(sad, ONE)


def test_a_revoked_sad_signs_nothing_and_returns_nothing__t10(bench):
    sad = bench.authorise(ONE).sad
    bench.sign_hashes(sad, ONE)
    bench.ask(RevokeSad(sad, "portal-a"))
    with pytest.raises(TransactionClosed):
        bench.sign_hashes(sad, ONE)


def test_a_document_is_signed_over_original_and_increment(bench):
    original = b"%PDF original"
    sad = bench.authorise(hashlib.sha256(original).digest(), kind="sodr").sad
    answer = bench.sign_document(sad, bench.prepared(original, b"<<", b">>"))
    signed = cms.ContentInfo.load(answer.cms)["content"]
    (signer_info,) = signed["signer_infos"]
    attributes = {each["type"].native: each["values"][0].native for each in signer_info["signed_attrs"]}
    assert attributes["message_digest"] == hashlib.sha256(original + b"<<" + b">>").digest()
    dtbsr = hashlib.sha256(signer_info["signed_attrs"].untag().dump()).digest()
    verify(bench, signer_info["signature"].native, dtbsr)
    assert bench.uses == [dtbsr]


def test_the_first_increment_is_the_only_one__w5(bench):
    original = b"%PDF original"
    sad = bench.authorise(hashlib.sha256(original).digest(), kind="sodr").sad
    first = bench.sign_document(sad, bench.prepared(original, b"first", b"1"))
    second = bench.sign_document(sad, bench.prepared(original, b"second", b"2"))
    assert second == first
    assert len(bench.uses) == 1


def test_an_increment_that_names_another_person_is_refused_and_reserves_nothing__w1(bench):
    original = b"%PDF-1.7 a document"
    sad = bench.authorise(hashlib.sha256(original).digest(), kind="sodr").sad
    with pytest.raises(IncrementRefused):
        bench.sign_document(sad, bench.prepared(original, name="Bogdan Țăranu"))
    assert bench.uses == []
    assert bench.sign_document(sad, bench.prepared(original, name="Ana Pop-Ștefănescu"))


def test_an_increment_of_another_time_is_refused_however_old_its_verdict__w1(bench):
    """`web` may have known the document for days, and have had the verdict on an increment of then."""
    original = b"%PDF-1.7 a document"
    of_then = bench.prepared(original)
    bench.clock.advance(days=2)
    sad = bench.authorise(hashlib.sha256(original).digest(), kind="sodr").sad
    other_times = [timedelta(minutes=-10, seconds=-1), timedelta(minutes=10, seconds=1), timedelta(days=-400)]
    for document in (of_then, *(bench.prepared(original, at=bench.clock.now() + span) for span in other_times)):
        with pytest.raises(IncrementRefused, match="another time"):
            bench.sign_document(sad, document)
    present = msgspec.structs.replace(of_then.verdict, claimed_at=bench.clock.now())
    with pytest.raises(IncrementRefused, match="not preflight's"):
        bench.sign_document(sad, msgspec.structs.replace(of_then, verdict=present))
    assert bench.uses == []
    assert bench.sign_document(sad, bench.prepared(original, at=bench.clock.now() - timedelta(minutes=10))).cms


@pytest.mark.parametrize("what", ["none", "other original", "other increment", "moved border", "forged"])
def test_an_increment_without_preflights_verdict_is_refused__w1(bench, what):
    original = b"%PDF original"
    sad = bench.authorise(hashlib.sha256(original).digest(), kind="sodr").sad
    honest = bench.prepared(original, b"before", b"after")
    verdicts = {
        "none": bench.prepared(original).verdict.__class__(b"", b"", "", bench.clock.now(), b""),
        "other original": bench.prepared(b"another", b"before", b"after").verdict,
        "other increment": bench.prepared(original, b"before", b"evil").verdict,
        "moved border": bench.prepared(original, b"beforea", b"fter").verdict,
        "forged": msgspec.structs.replace(honest.verdict, signature=bytes(64)),
    }
    with pytest.raises(IncrementRefused):
        bench.sign_document(sad, PreparedDocument(original, b"before", b"after", verdicts[what]))
    assert bench.uses == []
    assert bench.sign_document(sad, honest).cms


def test_one_changed_byte_of_the_document_is_not_authorised(bench):
    sad = bench.authorise(hashlib.sha256(b"%PDF original").digest(), kind="sodr").sad
    with pytest.raises(DigestNotAuthorised):
        bench.sign_document(sad, bench.prepared(b"%PDF originaL"))


def test_contents_prepared_by_the_portal_become_message_digests(bench):
    sad = bench.authorise(ONE, TWO, kind="sdr").sad
    order = SignContents(sad, "portal-a", bench.credentials["ana"], SHA256, ECDSA, [ONE, TWO], "pades")
    answers = bench.ask(order).cms
    digests = []
    for answer in answers:
        (signer_info,) = cms.ContentInfo.load(answer)["content"]["signer_infos"]
        digests += [a["values"][0].native for a in signer_info["signed_attrs"] if a["type"].native == "message_digest"]
    assert digests == [ONE, TWO]


def test_a_token_that_is_gone_before_the_key_was_used_costs_nothing(bench):
    sad = bench.authorise(ONE).sad
    bench.keys.vault.broken = True
    with pytest.raises(HsmUnavailable):
        bench.sign_hashes(sad, ONE)
    bench.keys.vault.broken = False
    assert bench.sign_hashes(sad, ONE)


def test_a_faulty_signature_is_withheld_and_never_tried_again__y8(bench):
    sad = bench.authorise(ONE).sad
    bench.keys.vault.faulty = True
    with pytest.raises(SignatureFaulty):
        bench.sign_hashes(sad, ONE)
    bench.keys.vault.faulty = False
    bench.clock.advance(seconds=6)
    with pytest.raises(OutcomeUnknown):
        bench.sign_hashes(sad, ONE)
    assert len(bench.uses) == 1


def test_a_verified_activation_is_made_by_the_check_alone():
    with pytest.raises(TypeError):
        VerifiedActivation(None, None, (0,), object())


def test_intent_and_outcome_are_on_record_and_the_chain_verifies(bench):
    sad = bench.authorise(ONE).sad
    bench.sign_hashes(sad, ONE)
    from sqlalchemy import select

    from signer.sam.tables import evidence

    with bench.database.reading() as connection:
        events = connection.scalars(select(evidence.c.event).order_by(evidence.c.id)).all()
    assert events[-4:] == ["transaction opened", "authorised", "signing intended", "signed"]
    assert bench.admin(VerifyEvidence()).rows == len(events)


def test_rsa_signs_with_pss_and_its_cms_names_it(bench):
    credential = bench.enrol("Rodica", "Sa", "PNORO-9", "+40722000999", "portal-a", "rodica", key_type="rsa-3072")
    original = b"%PDF rsa"
    sad = bench.authorise(hashlib.sha256(original).digest(), account="rodica", kind="sodr").sad
    order = SignDocument(sad, "portal-a", credential, SHA256, "rsa-pss-sha256", bench.prepared(original))
    (signer_info,) = cms.ContentInfo.load(bench.ask(order).cms)["content"]["signer_infos"]
    assert signer_info["signature_algorithm"]["algorithm"].native == "rsassa_pss"


def test_a_tampered_record_signs_nothing__d1(bench):
    sad = bench.authorise(ONE).sad
    with bench.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE credentials SET phone = '+40722999999' WHERE account = 'ana'")
    with pytest.raises(RecordTampered):
        bench.sign_hashes(sad, ONE)
    assert bench.uses == []
