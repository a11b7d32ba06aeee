"""Root and issuing CA."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from ca import ceremony, crl
from ca.draft import Issuer
from ca.protocol import KeyRefused, NotLinted
from core.algorithms import KeyType
from tests.support.ca_bench import settings_for
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.software_hsm import SoftwareSigningKey


def perform(settings, root_key=None, issuing_key=None):
    root_key = root_key or SoftwareSigningKey(KeyType.EC_P384)
    issuing_key = issuing_key or SoftwareSigningKey(KeyType.EC_P384)
    return ceremony.perform(root_key, issuing_key, settings.ca, FakeClock(), FakeEntropy())


def test_the_root_certifies_itself_and_the_issuing_ca(tmp_path):
    made = perform(settings_for(tmp_path))
    root, issuing = x509.load_der_x509_certificate(made.root), x509.load_der_x509_certificate(made.issuing)
    root.verify_directly_issued_by(root)
    issuing.verify_directly_issued_by(root)
    assert root.subject.rfc4514_string().startswith("CN=TEST Root CA G1,2.5.4.97=VATRO-12345678")
    assert made.root_pem.startswith(b"-----BEGIN CERTIFICATE-----")


def test_the_roots_list_lasts_a_year__css_6_3_9_12(tmp_path):
    made = perform(settings_for(tmp_path))
    arl = crl.read(made.root_crl, Issuer.of(x509.load_der_x509_certificate(made.root)))
    assert (crl.number_of(arl), len(arl)) == (1, 0)
    assert arl.next_update_utc - arl.last_update_utc == timedelta(days=365)


def test_one_key_is_not_both_root_and_issuing_ca(tmp_path):
    key = SoftwareSigningKey(KeyType.EC_P384)
    with pytest.raises(NotLinted, match="own key"):
        perform(settings_for(tmp_path), key, key)


def test_a_key_of_another_type_than_the_settings_say_makes_no_ca(tmp_path):
    with pytest.raises(NotLinted, match="key type ec-p384"):
        perform(settings_for(tmp_path, key="rsa-4096"))
    with pytest.raises(NotLinted, match="key type ec-p256"):
        perform(settings_for(tmp_path), SoftwareSigningKey(KeyType.EC_P256))


def test_a_key_that_is_none_makes_no_ca(tmp_path):
    class Broken(SoftwareSigningKey):
        public_key_der = b"junk"

    with pytest.raises(KeyRefused):
        perform(settings_for(tmp_path), Broken(KeyType.EC_P384))


@pytest.mark.parametrize(
    "change",
    [
        {"root_name": "Root CA G1"},
        {"issuing_name": "Natural Person CA"},
        {"public_url": "http://127.0.0.1:8620"},
        {"public_url": "https://pki.example.com"},
        {"organization": ""},
    ],
)
def test_settings_that_would_make_an_unclean_ca_are_refused_before_a_key_is_used(tmp_path, change):
    uses: list[bytes] = []
    root_key = SoftwareSigningKey(KeyType.EC_P384, count=uses)
    with pytest.raises(NotLinted):
        perform(settings_for(tmp_path, **change), root_key)
    assert len(uses) <= 1  # the root may stand; nothing is published
