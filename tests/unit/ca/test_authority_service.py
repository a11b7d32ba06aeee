"""The zone's other calls: show, list, health, start."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from ca.attestation import Attestations, PinnedKeyUnusable
from ca.client import CaClient
from ca.protocol import CertificateUnknown
from ca.publication import issuing_certificate_pem
from ca.server import ROOT_PEM, SAM_ATTESTATION_KEY, PinnedFileUnusable
from ca.signing import SignatureUnusable
from core.algorithms import KeyType
from core.errors import Unavailable
from tests.support.ca_bench import DAN, CaBench
from tests.support.software_hsm import SoftwareSigningKey


@pytest.fixture
def client(bench):
    return CaClient(bench.caller)


def test_a_certificate_is_shown_by_its_serial_number_however_it_is_written(bench, client):
    certificate = bench.issue()
    wanted = certificate.public_bytes(Encoding.DER)
    plain = f"{certificate.serial_number:x}"
    colons = certificate.serial_number.to_bytes(20, "big").hex(":").upper()
    for written in (plain, plain.upper(), f"00{plain}", colons):
        assert client.show(written).certificate == wanted
    assert client.show(plain).issuer == bench.made.issuing


@pytest.mark.parametrize("serial", ["", "zz", "1", "-1", "0x", "f" * 5000, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_unknown_serial_number_is_named_so(client, serial):
    with pytest.raises(CertificateUnknown):
        client.show(serial)


def test_the_record_is_listed_newest_first_and_page_by_page(bench, client):
    issued = [bench.issue(), bench.issue(**DAN), bench.issue()]
    serials = [f"{each.serial_number:040x}" for each in reversed(issued)]
    assert [each.serial for each in client.list()] == serials
    assert [each.serial for each in client.list(2)] == serials[:2]
    assert [each.serial for each in client.list(2, serials[1])] == serials[2:]
    assert client.list(after_serial="1") == []
    with pytest.raises(CertificateUnknown):
        client.list(after_serial="no number")
    assert len(client.list(0)) == 1  # a limit out of range is moved into it
    assert len(client.list(-5)) == 1


def test_a_line_of_the_record_says_who_and_how_long(bench, client):
    certificate = bench.issue()
    (line,) = client.list()
    assert "CN=Ștefăniță Ioana Brânză-Țuțea" in line.subject
    assert (line.profile, line.status) == ("signatory-honest", "good")
    assert (line.not_before, line.not_after) == (certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def test_a_row_changed_or_inserted_by_another_hand_is_not_shown__attack_d9(bench, client):
    ana, dan = bench.issue(), bench.issue(**DAN)
    stranger = CaBench(bench.settings.state_dir / "stranger").issue()
    for content in (b"junk", dan.public_bytes(Encoding.DER), stranger.public_bytes(Encoding.DER)):
        with bench.database.transaction() as connection:
            change = text("UPDATE certificates SET certificate = :certificate WHERE serial = :serial")
            connection.execute(change, {"certificate": content, "serial": f"{ana.serial_number:040x}"})
        with pytest.raises(Unavailable, match="RecordTampered"):
            client.show(f"{ana.serial_number:x}")
        with pytest.raises(Unavailable, match="RecordTampered"):
            client.list()


def test_a_serial_number_changed_in_the_database_is_noticed__attack_d9(bench, client):
    bench.issue()
    with bench.database.transaction() as connection:
        connection.execute(text(f"UPDATE certificates SET serial = '{5:040x}'"))
    with pytest.raises(Unavailable, match="RecordTampered"):
        client.show("5")


def test_the_client_asks_for_certificates_and_lists(bench, client):
    order = bench.order()
    issued = client.issue(order.attestation, order.request)
    assert client.show(client.list()[0].serial) == issued
    assert bench.admin.publish_crl().number == 2


def test_health_signs_and_verifies_a_probe(bench, client):
    uses = len(bench.signatures)
    client.check()
    assert len(bench.signatures) == uses + 1


def test_health_notices_a_key_that_is_not_the_certified_one(bench, client, monkeypatch):
    monkeypatch.setattr(bench.issuing_key, "sign", SoftwareSigningKey(KeyType.EC_P384).sign)
    with pytest.raises(Unavailable, match="SignatureUnusable"):
        client.check()


def start(bench, key=None):
    return bench.open(key)


def test_a_zone_with_another_key_does_not_start(bench):
    with pytest.raises(SignatureUnusable):
        start(bench, SoftwareSigningKey(KeyType.EC_P384))


@pytest.mark.parametrize("name", [issuing_certificate_pem(1), ROOT_PEM, SAM_ATTESTATION_KEY])
def test_a_zone_without_a_pinned_file_does_not_start(bench, name):
    path = bench.settings.zone_dir("ca") / name
    path.write_bytes(b"junk")
    with pytest.raises(PinnedFileUnusable):
        start(bench)
    path.unlink()
    with pytest.raises(PinnedFileUnusable):
        start(bench)


def test_a_zone_whose_root_did_not_certify_it_does_not_start(bench):
    stranger = CaBench(bench.settings.state_dir / "stranger")
    (bench.settings.zone_dir("ca") / ROOT_PEM).write_bytes(stranger.made.root_pem)
    with pytest.raises(PinnedFileUnusable):
        start(bench)


@pytest.mark.parametrize(
    "make", [lambda: ec.generate_private_key(ec.SECP384R1()), lambda: rsa.generate_private_key(65537, 2048)]
)
def test_a_pinned_key_of_another_kind_is_refused(make):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    with pytest.raises(PinnedKeyUnusable):
        Attestations(make().public_key().public_bytes(Encoding.PEM, form))


def test_an_rsa_authority_works_like_an_elliptic_one(tmp_path):
    bench = CaBench(
        tmp_path / "state",
        key="rsa-4096",
        root_key=SoftwareSigningKey(KeyType.RSA_4096),
        issuing_key=SoftwareSigningKey(KeyType.RSA_4096),
    )
    certificate = bench.issue()
    hashes = [
        x509.load_der_x509_certificate(each).signature_hash_algorithm.name
        for each in (bench.made.root, bench.made.issuing)
    ]
    assert (certificate.signature_hash_algorithm.name, hashes) == ("sha256", ["sha512", "sha512"])
    CaClient(bench.caller).check()
