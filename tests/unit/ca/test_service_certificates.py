"""Certificates of the service's own parts: responder, time-stamping unit, signer of the list; and what is refused."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID

from ca import csr, profiles
from ca.lint import lint
from ca.names import LegalPerson, NameTooLong, OrganizationIdentifierMalformed, legal_person_name
from ca.protocol import (
    KeyAlreadyCertified,
    KeyRefused,
    NameRefused,
    NotLinted,
    PossessionNotProven,
    RequestMalformed,
)
from ca.rules_extensions import allowed_uses
from ca.signing import sign
from core.algorithms import KeyType
from core.errors import Malformed
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey

CITY = LegalPerson("Primăria Sectorului 3", "NTRRO-J40/1234/2020", "Primăria Sectorului 3 - registratură")


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def oids(certificate):
    return [(each.oid, each.critical) for each in certificate.extensions]


def access(certificate) -> list:
    return [each.access_method for each in extension(certificate, x509.AuthorityInformationAccess)]


def test_a_responder_answers_for_thirty_days_and_nobody_asks_for_its_own_status__rfc6960_4_2_2_2(bench):
    certificate = bench.certify("ocsp")
    assert oids(certificate) == [
        (ExtensionOID.AUTHORITY_KEY_IDENTIFIER, False),
        (ExtensionOID.SUBJECT_KEY_IDENTIFIER, False),
        (ExtensionOID.KEY_USAGE, True),
        (ExtensionOID.EXTENDED_KEY_USAGE, False),
        (ExtensionOID.OCSP_NO_CHECK, False),
        (ExtensionOID.AUTHORITY_INFORMATION_ACCESS, False),
    ]
    assert allowed_uses(certificate) == {"digital_signature"}
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert access(certificate) == [AuthorityInformationAccessOID.CA_ISSUERS]  # CSS-6.6.3-01B
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=30, seconds=-1)


def test_a_time_stamping_unit_uses_its_key_for_a_year_and_is_verified_for_six__en_319_422_6(bench):
    certificate = bench.certify("tsu")
    assert (ExtensionOID.EXTENDED_KEY_USAGE, True) in oids(certificate)  # RFC 3161 §2.3
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.TIME_STAMPING]
    period = extension(certificate, x509.PrivateKeyUsagePeriod)
    assert period.not_before.replace(tzinfo=UTC) == certificate.not_valid_before_utc
    assert period.not_after - period.not_before == timedelta(days=365, seconds=-1)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=2557, seconds=-1)
    policies = [each.policy_identifier for each in extension(certificate, x509.CertificatePolicies)]
    assert policies == [profiles.NCP_PLUS]  # TIS-8.1-01
    assert access(certificate) == [AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS]


def test_the_lists_signer_is_no_ca_and_signs_lists_only__ts_119_612_5_7_1(bench):
    certificate = bench.certify("list-signer")
    assert extension(certificate, x509.BasicConstraints).ca is False
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [profiles.TSL_SIGNING]
    assert allowed_uses(certificate) == {"content_commitment"}


@pytest.mark.parametrize("kind", ["ocsp", "tsu", "list-signer"])
def test_a_part_of_the_service_has_the_providers_name_and_one_of_its_own(bench, kind):
    subject = bench.certify(kind, f"TEST Part (2026/1) {kind}").subject
    values = {attribute.oid: attribute.value for attribute in subject}
    assert values == {
        NameOID.COUNTRY_NAME: "RO",
        NameOID.ORGANIZATION_NAME: "Test Trust Provider SRL",
        NameOID.ORGANIZATION_IDENTIFIER: "VATRO-12345678",
        NameOID.COMMON_NAME: f"TEST Part (2026/1) {kind}",
    }


def test_the_authoritys_own_organization_may_be_said_and_another_may_not(bench):
    own = {NameOID.COUNTRY_NAME: "RO", NameOID.ORGANIZATION_NAME: "Test Trust Provider SRL"}
    bench.admin.certify("ocsp", bench.request(attributes=own))
    for other in (
        {NameOID.ORGANIZATION_NAME: "Someone Else SRL"},
        {NameOID.COUNTRY_NAME: "DE"},
        {NameOID.ORGANIZATIONAL_UNIT_NAME: "unit"},
        {NameOID.EMAIL_ADDRESS: "a@example.com"},
    ):
        refused(bench, NameRefused, bench.request(attributes=other))


@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072])
def test_keys_of_every_kind_that_end_entities_may_have_are_certified__ts_119_312(bench, key_type):
    assert bench.certify("ocsp", key=SoftwareSigningKey(key_type))


def refused(bench, error, request: bytes, because: str = ".", kind="ocsp") -> None:
    uses = len(bench.signatures)
    with pytest.raises(error, match=because):
        bench.admin.certify(kind, request)
    assert len(bench.signatures) == uses


def test_bytes_that_are_no_request_are_malformed(bench):
    whole = bench.request()
    for der in (b"", b"junk", whole[:-1], whole + b"\x00", whole[1:], b"\x30\x80" + whole):
        refused(bench, RequestMalformed, der)
    refused(bench, RequestMalformed, bytes(csr.LONGEST + 1), "16001 bytes")


def test_a_request_that_asks_for_extensions_is_refused__attack_w4(bench):
    wish = x509.BasicConstraints(ca=True, path_length=None)
    refused(bench, RequestMalformed, bench.request(extensions=[wish]), "profile decides")


def test_a_request_signed_with_another_key_proves_nothing__rfc2986_4_2(bench):
    key, thief = SoftwareSigningKey(KeyType.EC_P256), SoftwareSigningKey(KeyType.EC_P256)
    unsigned = bench.request(key=key)
    stolen = bench.request(key=thief)
    spki = (key.public_key_der, thief.public_key_der)
    refused(bench, PossessionNotProven, stolen.replace(spki[1], spki[0]))
    refused(bench, PossessionNotProven, unsigned.replace(b"TEST OCSP", b"TEST OCSQ"))


def test_a_request_signed_with_an_old_hash_is_refused__ts_119_312(bench):
    refused(bench, PossessionNotProven, bench.request(hashing=hashes.SHA224()), "SHA-256")


def signed_by(key, hashing) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST Weak")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashing)
    return request.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("make", "hashing", "because"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), hashes.SHA256(), "3000 or more"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), hashes.SHA256(), "P-256 or P-384"),
        (ed25519.Ed25519PrivateKey.generate, None, "P-256 or P-384"),
    ],
)
def test_weak_keys_are_refused_with_the_reason__ts_119_312(bench, make, hashing, because):
    refused(bench, KeyRefused, signed_by(make(), hashing), because)


def test_the_authoritys_own_key_is_refused(bench):
    refused(bench, NotLinted, bench.request(key=bench.issuing_key), "own key")


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("OCSP Responder", "TEST"),
        ("TEST ", "TEST"),
        ("TEST a, O=b", "letters"),
        ("TEST \N{CYRILLIC SMALL LETTER A}", "letters"),
        ("TEST a\N{RIGHT-TO-LEFT OVERRIDE}", "letters"),
        ("TEST a\x00", "letters"),
        ("TEST a\u0306", "letters"),
        ("TEST blank ", "letters"),
    ],
)
def test_forbidden_and_over_long_names_are_refused__attack_z10(bench, name, because):
    refused(bench, NameRefused, bench.request(name), because)


def test_a_name_longer_than_its_attribute_may_be_is_refused__rfc5280_a_1(bench):
    with pytest.warns(UserWarning, match="length"):
        long = x509.NameAttribute(NameOID.COMMON_NAME, "TEST " + "ș" * 30, _validate=False)
    key = SoftwareSigningKey(KeyType.EC_P256).private_key
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([long])).sign(key, hashes.SHA256())
    refused(bench, NameRefused, request.public_bytes(serialization.Encoding.DER), "64 bytes")


def test_a_request_without_a_name_is_refused(bench):
    key = SoftwareSigningKey(KeyType.EC_P256).private_key
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    refused(bench, NameRefused, request.public_bytes(serialization.Encoding.DER), "is needed")


def test_a_service_is_not_called_like_its_authority(bench):
    refused(bench, NotLinted, bench.request("TEST Natural Person CA G1"), "like its authority")


def test_a_key_is_certified_once_but_for_the_renewal_of_a_responders(bench):
    tsu, responder = SoftwareSigningKey(KeyType.EC_P256), SoftwareSigningKey(KeyType.EC_P256)
    bench.certify("tsu", key=tsu)
    for kind in ("tsu", "ocsp", "list-signer"):
        refused(bench, KeyAlreadyCertified, bench.request(key=tsu), kind=kind)
    first, second = (bench.certify("ocsp", key=responder) for _ in range(2))
    assert first.serial_number != second.serial_number
    for kind in ("tsu", "list-signer"):
        refused(bench, KeyAlreadyCertified, bench.request(key=responder), kind=kind)
    with pytest.raises(KeyAlreadyCertified):
        bench.issue(responder)


def seal_of(bench, person=CITY) -> x509.Certificate:
    draft = bench.draft(profile=profiles.seal(bench.settings.ca), subject=legal_person_name(person))
    return sign(lint(draft), bench.issuing_key)


@pytest.mark.parametrize(("marking", "policy"), [("honest", profiles.NCP_PLUS), ("full", profiles.QCP_L_QSCD)])
def test_a_seal_is_for_a_legal_person__en_319_412_3(tmp_path, marking, policy):
    certificate = seal_of(CaBench(tmp_path / "state", marking=marking))
    assert extension(certificate, x509.CertificatePolicies)[0].policy_identifier == policy
    assert certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value == "RO"
    assert allowed_uses(certificate) == {"content_commitment"}


@pytest.mark.parametrize(
    ("identifier", "error"),
    [
        ("VAT-12345678", OrganizationIdentifierMalformed),
        ("VATro-12345678", OrganizationIdentifierMalformed),
        ("PNORO-2900101400016", OrganizationIdentifierMalformed),
        ("LEIRO-5299000J2N45DDNE4Y28", OrganizationIdentifierMalformed),
        (CITY.organization, OrganizationIdentifierMalformed),
    ],
)
def test_an_organization_identifier_of_another_form_is_refused__en_319_412_1_5_1_4(identifier, error):
    with pytest.raises(error):
        legal_person_name(LegalPerson(CITY.organization, identifier, CITY.common_name))


def test_a_legal_person_is_not_named_by_its_number__en_319_412_2_gen_4_2_3_1_9():
    with pytest.raises(Malformed, match="in place of the name"):
        legal_person_name(LegalPerson("VATRO-12345678", "VATRO-12345678", "Registratură"))
    with pytest.raises(NameTooLong):
        legal_person_name(LegalPerson(CITY.organization, CITY.identifier, "x" * 65))


def test_a_seal_for_another_country_than_the_registers_is_not_linted(bench):
    subject = legal_person_name(CITY)
    other = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), *list(subject)[1:]])
    with pytest.raises(NotLinted, match="country"):
        lint(bench.draft(profile=profiles.seal(bench.settings.ca), subject=other))


def test_a_person_is_no_seal_and_a_city_no_signatory(bench):
    with pytest.raises(NotLinted):
        lint(bench.draft(profile=profiles.seal(bench.settings.ca)))
    with pytest.raises(NotLinted):
        lint(bench.draft(subject=legal_person_name(CITY)))
