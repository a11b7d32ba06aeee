"""What the CA refuses, and what is on record when."""

from __future__ import annotations

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sqlalchemy import text

from ca import tables
from ca.protocol import (
    AttestationInvalid,
    IssueCertificate,
    IssuedCertificate,
    KeyAlreadyCertified,
    ListCertificates,
    NotLinted,
)
from core.algorithms import KeyType
from core.errors import ClockInDoubt, Unavailable
from hsm.errors import HsmUnavailable
from storage.engine import Database
from tests.support.ca_bench import DAN, attestation
from tests.support.software_hsm import SoftwareSigningKey


def ask(bench, word) -> IssuedCertificate:
    return bench.caller.call(IssueCertificate(word), IssuedCertificate)


def refused(bench, word, error, because: str = ".") -> None:
    """Check that the request is refused under this name, and that the issuing key was not used."""
    uses, rows = len(bench.signatures), count(bench)
    with pytest.raises(error, match=because):
        ask(bench, word)
    assert (len(bench.signatures), count(bench)) == (uses, rows)


def count(bench) -> int:
    with bench.database.reading() as connection:
        return connection.scalar(text("SELECT count(*) FROM certificates"))


def spki(key) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def test_an_attested_key_gets_a_certificate_and_its_issuer(bench):
    word = bench.attest()
    issued = ask(bench, word)
    certificate = x509.load_der_x509_certificate(issued.certificate)
    assert spki(certificate.public_key()) == word.public_key_der
    assert issued.issuer == bench.made.issuing
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issued.issuer))


def test_a_key_that_another_than_the_sam_vouches_for_is_refused__attack_w4(bench):
    thief = SoftwareSigningKey(KeyType.EC_P256)
    refused(bench, attestation(thief, thief.public_key_der), AttestationInvalid)


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
        {"signature": b""},
        {"signature": bytes(70)},
    ],
)
def test_no_part_of_an_attestation_can_be_exchanged__attack_w4(bench, change):
    refused(bench, msgspec.structs.replace(bench.attest(), **change), AttestationInvalid)


def test_anas_key_is_not_certified_for_bogdan__attack_w4(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    ask(bench, bench.attest(key))
    refused(bench, msgspec.structs.replace(bench.attest(key), **DAN), AttestationInvalid)
    refused(bench, bench.attest(key, **DAN), KeyAlreadyCertified)


def test_a_key_gets_one_certificate(bench):
    word = bench.attest()
    ask(bench, word)
    refused(bench, word, KeyAlreadyCertified)


def test_a_second_encoding_of_a_key_does_not_pass_for_another_key(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    ask(bench, bench.attest(key))
    point = key.private_key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    word = attestation(bench.sam_key, header + point)
    refused(bench, word, NotLinted, "KeyRefused")


@pytest.mark.parametrize(
    "make_key",
    [lambda: rsa.generate_private_key(65537, 2048), lambda: ec.generate_private_key(ec.SECP256K1())],
)
def test_weak_keys_are_refused_even_when_attested__ts_119_312(bench, make_key):
    refused(bench, attestation(bench.sam_key, spki(make_key().public_key())), NotLinted, "KeyRefused")


def test_bytes_that_are_no_key_are_refused(bench):
    refused(bench, attestation(bench.sam_key, b"no key"), NotLinted, "KeyRefused")


def test_the_authoritys_own_key_is_refused__attack_w4(bench):
    refused(bench, attestation(bench.sam_key, bench.issuing_key.public_key_der), NotLinted)


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
    refused(bench, bench.attest(**person), NotLinted)


def test_a_clock_set_back_stops_issuance(bench):
    bench.clock.advance(hours=1)
    bench.issue()
    bench.clock.advance(seconds=-1)
    bench.issue(**DAN)  # within what a time service corrects
    bench.clock.advance(seconds=-10)
    refused(bench, bench.attest(), ClockInDoubt)
    bench.clock.advance(seconds=20)
    bench.issue()


def test_a_lost_token_hands_out_nothing_and_the_key_can_be_certified_later(bench, monkeypatch):
    word = bench.attest()

    def lost(*_args):
        raise HsmUnavailable("no token")

    with monkeypatch.context() as patch:
        patch.setattr(bench.issuing_key, "sign", lost)
        with pytest.raises(Unavailable):
            ask(bench, word)
    assert bench.authority.list(ListCertificates()).certificates == []
    assert ask(bench, word).certificate


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
            ask(bench, bench.attest())
    assert bench.authority.list(ListCertificates()).certificates == []


def test_of_two_processes_with_the_same_key_one_hands_out_a_certificate(bench, monkeypatch):
    word, honest = bench.attest(), bench.issuing_key.sign
    answers = []

    def sign(dtbsr, algorithm):  # while this one signs, another one does the whole way
        monkeypatch.setattr(bench.issuing_key, "sign", honest)
        answers.append(ask(bench, word))
        return honest(dtbsr, algorithm)

    monkeypatch.setattr(bench.issuing_key, "sign", sign)
    with pytest.raises(KeyAlreadyCertified):
        ask(bench, word)
    assert len(answers) == 1
    assert len(bench.authority.list(ListCertificates()).certificates) == 1
