"""Certificates of legal persons, from vetted data, against a PKCS#10."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from ca import profiles
from ca.protocol import (
    KeyAlreadyCertified,
    KeyRefused,
    NameRefused,
    NotLinted,
    PossessionNotProven,
    RequestMalformed,
)
from core.algorithms import KeyType
from tests.support.software_hsm import SoftwareSigningKey

NAME, NUMBER = "Primăria Exemplu", "VATRO-4267095"


def seal(
    bench, request: bytes | None = None, organization=NAME, identifier=NUMBER, common_name=NAME
) -> x509.Certificate:
    issued = bench.admin.certify_legal_person(request or bench.request(NAME), organization, identifier, common_name)
    return x509.load_der_x509_certificate(issued.certificate)


def nameless(key: SoftwareSigningKey | None = None) -> bytes:
    """Return a request that says no name."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = builder.sign((key or SoftwareSigningKey(KeyType.EC_P256)).private_key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def refused(bench, error, because: str, **more) -> None:
    bench.session()
    uses = len(bench.signatures)
    with pytest.raises(error, match=because):
        seal(bench, **more)
    assert len(bench.signatures) == uses
    assert seal(bench)


def test_the_subject_is_what_was_vetted_and_the_rest_is_the_profiles__en_319_412_3_4_2_1(bench):
    certificate = seal(bench)
    assert {attribute.oid: attribute.value for attribute in certificate.subject} == {
        NameOID.COUNTRY_NAME: "RO",
        NameOID.ORGANIZATION_NAME: NAME,
        NameOID.ORGANIZATION_IDENTIFIER: NUMBER,
        NameOID.COMMON_NAME: NAME,
    }
    profile = profiles.seal(bench.settings.ca)
    period = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert period.days + 1 == profile.validity.days
    assert bench.admin.describe(f"{certificate.serial_number:x}").profile == "seal-honest"


def test_a_request_without_a_name_is_as_good(bench):
    assert seal(bench, nameless())


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (NameOID.COMMON_NAME, "Primăria Altundeva"),
        (NameOID.ORGANIZATION_NAME, "Primăria Exemplu SA"),
        (NameOID.ORGANIZATION_IDENTIFIER, "VATRO-4267096"),
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Urbanism"),
    ],
)
def test_a_request_that_says_otherwise_than_was_vetted_is_refused(bench, oid, value):
    refused(bench, NameRefused, "otherwise than was vetted", request=bench.request(NAME, attributes={oid: value}))


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"identifier": "4267095"}, "4267095"),
        ({"identifier": "VATRO-"}, "VATRO"),
        ({"identifier": NAME, "organization": NAME}, "Prim"),
        ({"common_name": "x" * 65}, "65 bytes"),
        ({"common_name": ""}, "name"),
        ({"organization": ""}, "name"),
        ({"organization": "x" * 65}, "65 characters"),
    ],
)
def test_vetted_data_that_no_certificate_may_have_is_refused__en_319_412_1_5_1_4(bench, changes, because):
    refused(bench, (NameRefused, NotLinted), because, request=nameless(), **changes)


@pytest.mark.parametrize("name", ["Prim\u200băria", "Primăria\n", " Primăria", "Prima\u0306ria"])
def test_letters_that_cannot_be_seen_or_are_written_another_way_are_refused(bench, name):
    with pytest.raises((NotLinted, NameRefused)):
        seal(bench, nameless(), common_name=name)


def test_bytes_that_are_no_request_are_malformed(bench):
    whole = bench.request(NAME)
    for der in (b"junk", whole[:-1], whole + b"\0", b"\x30\x80" + whole):
        refused(bench, RequestMalformed, ".", request=der)


def test_a_request_signed_with_another_key_proves_nothing__rfc2986_4_2(bench):
    one, other = (SoftwareSigningKey(KeyType.EC_P256) for _ in range(2))
    forged = nameless(one).replace(one.public_key_der[-64:], other.public_key_der[-64:])
    refused(bench, PossessionNotProven, "not of this key", request=forged)


def test_a_key_that_has_a_certificate_gets_no_other(bench):
    key = SoftwareSigningKey(KeyType.EC_P256)
    seal(bench, bench.request(NAME, key))
    refused(bench, KeyAlreadyCertified, ".", request=bench.request(NAME, key))
    signatorys = SoftwareSigningKey(KeyType.EC_P256)
    bench.issue(signatorys)
    refused(bench, KeyAlreadyCertified, ".", request=bench.request(NAME, signatorys))


def test_weak_keys_are_refused__ts_119_312(bench):
    weak = rsa.generate_private_key(65537, 2048)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(weak, hashes.SHA256())
    refused(bench, KeyRefused, "2048", request=request.public_bytes(serialization.Encoding.DER))
