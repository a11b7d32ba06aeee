"""What the CA refuses, and what is on record when."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from ca import tables
from ca.protocol import (
    AlreadyRevoked,
    AttestationInvalid,
    IssueCertificate,
    IssuedCertificate,
    KeyAlreadyCertified,
    KeyRefused,
    ListCertificates,
    NotLinted,
    PossessionNotProven,
    RequestMalformed,
    ShowCertificate,
)
from core.algorithms import KeyType
from core.approvals import ApprovalLapsed, ProofingTooOld
from core.errors import ClockInDoubt, Unavailable
from core.statements import KeyAttestation
from hsm.errors import HsmUnavailable
from storage.engine import Database
from tests.support.ca_bench import ANA, DAN, attestation, request_of
from tests.support.clocks import FakeClock
from tests.support.software_hsm import SoftwareSigningKey

LATER = FakeClock().now() + timedelta(days=1)


def ask(bench, order) -> IssuedCertificate:
    return bench.caller.call(order, IssuedCertificate)


def changed(order, **word) -> IssueCertificate:
    """Return the order with another word of the SAM's, not signed anew."""
    return msgspec.structs.replace(order, attestation=msgspec.structs.replace(order.attestation, **word))


def refused(bench, order, error, because: str = ".") -> None:
    """Check that the order is refused under this name, and that the issuing key was not used."""
    uses, rows = len(bench.signatures), count(bench)
    with pytest.raises(error, match=because):
        ask(bench, order)
    assert (len(bench.signatures), count(bench)) == (uses, rows)


def count(bench) -> int:
    with bench.database.reading() as connection:
        return connection.scalar(text("SELECT count(*) FROM certificates"))


def spki(key) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def test_an_attested_key_gets_a_certificate_and_its_issuer(bench):
    order = bench.order()
    issued = ask(bench, order)
    certificate = x509.load_der_x509_certificate(issued.certificate)
    assert spki(certificate.public_key()) == order.attestation.public_key_der
    assert issued.issuer == bench.made.issuing
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issued.issuer))


def test_a_key_that_another_than_the_sam_vouches_for_is_refused__attack_w4(bench):
    thief = SoftwareSigningKey(KeyType.EC_P256)
    word, request = attestation(thief, thief.public_key_der), request_of(thief.private_key)
    refused(bench, IssueCertificate(word, request), AttestationInvalid)


@pytest.mark.parametrize(
    "change",
    [
        {"given_name": "Dan"},
        {"surname": "Dănilă"},
        {"subject_serial": DAN["subject_serial"]},
        {"credential": "c-2"},
        {"signatory": "s-2"},
        {"record_version": 2},
        {"public_key_der": SoftwareSigningKey(KeyType.EC_P256).public_key_der},
        {"proofed_at": LATER},
        {"approved_at": LATER},
        {"approved_at": LATER.replace(tzinfo=None)},
        {"signature": b""},
        {"signature": bytes(70)},
    ],
)
def test_no_part_of_an_attestation_can_be_exchanged__attack_w4(bench, change):
    refused(bench, changed(bench.order(), **change), AttestationInvalid)


def test_anas_key_is_not_certified_for_bogdan__attack_w4(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    ask(bench, bench.order(key))
    refused(bench, changed(bench.order(key), **DAN), AttestationInvalid)
    refused(bench, bench.order(key, **DAN), KeyAlreadyCertified)


def test_a_key_gets_one_certificate(bench):
    order = bench.order()
    ask(bench, order)
    refused(bench, order, KeyAlreadyCertified)


def test_a_second_encoding_of_a_key_does_not_pass_for_another_key(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    order = bench.order(key)
    ask(bench, order)
    point = key.private_key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    word = attestation(bench.sam_key, header + point)
    refused(bench, IssueCertificate(word, order.request), PossessionNotProven, "another key")


@pytest.mark.parametrize(
    ("make_key", "because"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), "RSA with 2048 bits: TS 119 312 wants 3000"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "P-256 or P-384"),
    ],
)
def test_weak_keys_are_refused_even_when_attested__ts_119_312(bench, make_key, because):
    key = make_key()
    word = attestation(bench.sam_key, spki(key.public_key()))
    refused(bench, IssueCertificate(word, request_of(key)), KeyRefused, because)


def test_bytes_that_are_no_key_are_refused(bench):
    word = attestation(bench.sam_key, b"no key")
    refused(bench, IssueCertificate(word, bench.order().request), PossessionNotProven)


# -- the key's own request ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_der", [b"", b"no request", b"\x30\x80", bytes(20_000)])
def test_a_request_that_is_none_is_refused(bench, request_der):
    refused(bench, msgspec.structs.replace(bench.order(), request=request_der), RequestMalformed)


def test_an_attested_key_without_proof_of_possession_is_refused__rfc2986_4_2(bench):
    mine, thiefs = SoftwareSigningKey(KeyType.EC_P256), SoftwareSigningKey(KeyType.EC_P256)
    order = bench.order(mine)
    theirs = msgspec.structs.replace(order, request=request_of(thiefs.private_key))
    refused(bench, theirs, PossessionNotProven, "another key than the attestation")
    broken = order.request[:-1] + bytes([order.request[-1] ^ 1])
    refused(bench, msgspec.structs.replace(order, request=broken), PossessionNotProven)
    assert ask(bench, order).certificate


def test_a_request_hashed_with_what_is_not_used_any_more_proves_nothing(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    old = request_of(key.private_key, hashing=hashes.SHA224())
    refused(bench, msgspec.structs.replace(bench.order(key), request=old), PossessionNotProven, "SHA-256")


def test_a_name_in_the_request_is_not_read_the_vetted_one_counts__attack_w4(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dan Dănilă")])
    order = msgspec.structs.replace(bench.order(key), request=request_of(key.private_key, subject=other))
    subject = x509.load_der_x509_certificate(ask(bench, order).certificate).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == f"{ANA['given_name']} {ANA['surname']}"


def test_the_request_is_on_record_with_the_word_of_the_sam(bench):
    order = bench.order()
    ask(bench, order)
    with bench.database.reading() as connection:
        (grounds,) = connection.scalars(text("SELECT grounds FROM certificates")).all()
    kept, request = msgspec.msgpack.decode(grounds, type=tuple[KeyAttestation, bytes])
    assert (kept, request) == (order.attestation, order.request)


# -- how old an approval may be -------------------------------------------------------------------------------------------


def test_an_approval_that_was_not_activated_in_its_days_gets_no_certificate(bench):
    order = bench.order()
    bench.clock.advance(days=7)
    refused(bench, order, ApprovalLapsed)
    bench.clock.advance(microseconds=-1)
    assert ask(bench, order).certificate


def test_a_proofing_too_long_ago_gets_no_certificate__en_319_411_1_6_3_7(bench):
    now = bench.clock.now()
    refused(bench, bench.order(proofed_at=now - timedelta(days=365)), ProofingTooOld)
    assert ask(bench, bench.order(proofed_at=now - timedelta(days=364))).certificate


@pytest.mark.parametrize("instant", ["proofed_at", "approved_at"])
def test_an_approval_of_the_future_gets_no_certificate(bench, instant):
    ahead = bench.clock.now() + timedelta(minutes=1)
    refused(bench, bench.order(**{instant: ahead + timedelta(seconds=1)}), ClockInDoubt)
    assert ask(bench, bench.order(**{instant: ahead})).certificate


def test_the_authoritys_own_key_is_refused__attack_w4(bench):
    refused(bench, bench.order(bench.issuing_key), NotLinted)


@pytest.mark.parametrize(
    "person",
    [
        {"surname": "Popa, CN=Dan"},
        {"surname": ""},
        {"given_name": "Ana\N{RIGHT-TO-LEFT OVERRIDE}"},
        {"given_name": "\N{CYRILLIC CAPITAL LETTER A}na"},
        {"given_name": "A" * 300},
        {"subject_serial": "2900101400016"},
    ],
)
def test_names_that_no_document_has_are_refused_before_the_key_is_used__attack_z10(bench, person):
    refused(bench, bench.order(**person), NotLinted)


def test_a_clock_set_back_stops_issuance(bench):
    bench.clock.advance(hours=1)
    bench.issue()
    bench.clock.advance(seconds=-1)
    bench.issue(**DAN)  # within what a time service corrects
    bench.clock.advance(seconds=-10)
    refused(bench, bench.order(), ClockInDoubt)
    bench.clock.advance(seconds=20)
    bench.issue()


def test_a_lost_token_hands_out_nothing_and_the_key_can_be_certified_later(bench, monkeypatch):
    order = bench.order()

    def lost(*_args):
        raise HsmUnavailable("no token")

    with monkeypatch.context() as patch:
        patch.setattr(bench.issuing_key, "sign", lost)
        with pytest.raises(Unavailable):
            ask(bench, order)
    assert bench.authority.list(ListCertificates()).certificates == []
    assert ask(bench, order).certificate


def test_the_intent_is_on_record_before_the_key_is_used(bench, monkeypatch):
    seen = []
    honest = bench.issuing_key.sign

    def sign(dtbsr, algorithm):
        with Database(bench.settings.zone_dir("ca") / "db.sqlite").reading() as connection:
            seen.append(connection.execute(text("SELECT credential, certificate FROM certificates")).all())
        return honest(dtbsr, algorithm)

    monkeypatch.setattr(bench.issuing_key, "sign", sign)
    bench.issue()
    assert seen == [[("c-1", None)]]


def test_a_certificate_that_cannot_be_recorded_is_not_handed_out(bench, monkeypatch):
    def broken(*_args):
        raise Unavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "record", broken)
        with pytest.raises(Unavailable):
            ask(bench, bench.order())
    assert bench.authority.list(ListCertificates()).certificates == []


def test_of_two_processes_with_the_same_key_one_hands_out_a_certificate(bench, monkeypatch):
    order, honest = bench.order(), bench.issuing_key.sign
    answers = []

    def sign(dtbsr, algorithm):  # while this one signs, another one does the whole way
        monkeypatch.setattr(bench.issuing_key, "sign", honest)
        answers.append(ask(bench, order))
        return honest(dtbsr, algorithm)

    monkeypatch.setattr(bench.issuing_key, "sign", sign)
    with pytest.raises(KeyAlreadyCertified):
        ask(bench, order)
    assert len(answers) == 1
    assert len(bench.authority.list(ListCertificates()).certificates) == 1


@pytest.fixture
def while_signing(bench, monkeypatch):
    """Have something done by another process while the next certificate is signed."""

    def arranged(act):
        honest = bench.issuing_key.sign

        def sign(dtbsr, algorithm):
            monkeypatch.setattr(bench.issuing_key, "sign", honest)
            act()
            return honest(dtbsr, algorithm)

        monkeypatch.setattr(bench.issuing_key, "sign", sign)

    return arranged


def test_a_list_asked_for_during_an_issuance_is_issued_and_so_is_the_certificate(bench, while_signing):
    numbers = []
    while_signing(lambda: numbers.append(bench.admin.publish_crl().number))
    certificate = bench.issue()
    assert (numbers, bench.admin.publish_crl().number) == ([2], 3)
    assert bench.authority.show(ShowCertificate(f"{certificate.serial_number:x}")).certificate
    bench.admin.verify_audit()


def test_a_revocation_during_an_issuance_is_not_undone_by_it__rev_6_3_9_04(bench, while_signing):
    serials = []

    def revoke():
        (line,) = bench.authority.list(ListCertificates(unfinished=True)).certificates
        serials.append(line.serial)
        bench.admin.revoke(line.serial, "cessationOfOperation")

    while_signing(revoke)
    with pytest.raises(AlreadyRevoked, match="before it was handed out"):
        ask(bench, bench.order())
    assert bench.admin.describe(serials[0]).status == "revoked"
    assert bench.authority.list(ListCertificates()).certificates == []
    bench.admin.verify_audit()
