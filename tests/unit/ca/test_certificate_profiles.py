"""What certificates say, field by field."""

from __future__ import annotations

import hashlib

import pytest
from asn1crypto.x509 import Certificate as RawCertificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

from ca import profiles, qc_statements
from ca.qc_statements import Statement
from ca.rules_extensions import allowed_uses
from core.algorithms import KeyType
from core.errors import Malformed
from tests.support.ca_bench import ANA, NINETY_DAYS_LESS_A_SECOND, CaBench, settings_for
from tests.support.software_hsm import SoftwareSigningKey

# etsi-profiles §1.4: this value went through pkilint.
GOLDEN_QC_STATEMENTS = bytes.fromhex(
    "3081b5301506082b06010505070b023009060704008bec490101"
    "3008060604008e4601013008060604008e460104"
    "305e060604008e4601053054"
    "3028162268747470733a2f2f706b692e6578616d706c652e636f6d2f7064732d656e2e7064661302656e"
    "3028162268747470733a2f2f706b692e6578616d706c652e636f6d2f7064732d726f2e7064661302726f"
    "3013060604008e4601063009060704008e46010601"
    "3013060604008e4601083009060704008e46010803"
)
QC_OID = x509.ObjectIdentifier(qc_statements.EXTENSION)


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def test_qc_statements_of_the_full_claim_are_the_golden_value__en_319_412_5_4(tmp_path):
    claims = profiles.signatory(settings_for(tmp_path, marking="full").ca).qc
    assert claims is not None
    assert qc_statements.encode(claims) == GOLDEN_QC_STATEMENTS


def test_qc_statements_are_read_back():
    statements = qc_statements.decode(GOLDEN_QC_STATEMENTS)
    assert [statement.name for statement in statements] == [
        qc_statements.SEMANTICS,
        qc_statements.COMPLIANCE,
        qc_statements.SSCD,
        qc_statements.PDS,
        qc_statements.TYPE,
        qc_statements.IDENT_METHOD,
    ]
    assert statements[3].locations[1] == ("https://pki.example.com/pds-ro.pdf", "ro")
    assert statements[4] == Statement(qc_statements.TYPE, identifiers=("0.4.0.1862.1.6.1",))


@pytest.mark.parametrize(
    "der",
    [
        b"",
        GOLDEN_QC_STATEMENTS[:-1],
        GOLDEN_QC_STATEMENTS + b"\x00",
        bytes.fromhex("300a3008060604008e460102"),  # a limit of value: not ours
        bytes.fromhex("300c300a060604008e4601010500"),  # QcCompliance with a value
        bytes.fromhex("300a3008060604008e460106"),  # QcType without one
    ],
)
def test_qc_statements_of_another_form_are_malformed(der):
    with pytest.raises(Malformed):
        qc_statements.decode(der)


def test_the_honest_certificate_claims_nothing_qualified__en_319_412_5_4_2(bench):
    certificate = bench.issue()
    value = certificate.extensions.get_extension_for_oid(QC_OID).value.public_bytes()
    names = [statement.name for statement in qc_statements.decode(value)]
    assert names == [qc_statements.SEMANTICS, qc_statements.PDS, qc_statements.TYPE]
    policies = [policy.policy_identifier.dotted_string for policy in extension(certificate, x509.CertificatePolicies)]
    assert policies == ["0.4.0.2042.1.2", "1.3.6.1.4.1.99999.1.1.1"]


def test_the_full_certificate_claims_all_of_it__en_319_412_5_4_2(tmp_path):
    certificate = CaBench(tmp_path / "state", marking="full").issue()
    assert certificate.extensions.get_extension_for_oid(QC_OID).value.public_bytes() == GOLDEN_QC_STATEMENTS
    policies = [policy.policy_identifier.dotted_string for policy in extension(certificate, x509.CertificatePolicies)]
    assert policies == ["0.4.0.194112.1.2", "1.3.6.1.4.1.99999.1.1.1"]


def test_a_signatorys_certificate_has_the_rows_of_the_profile_in_order(bench):
    certificate = bench.issue()
    found = [(each.oid, each.critical) for each in certificate.extensions]
    assert found == [
        (ExtensionOID.AUTHORITY_KEY_IDENTIFIER, False),
        (ExtensionOID.SUBJECT_KEY_IDENTIFIER, False),
        (ExtensionOID.KEY_USAGE, True),
        (ExtensionOID.CERTIFICATE_POLICIES, False),
        (ExtensionOID.CRL_DISTRIBUTION_POINTS, False),
        (ExtensionOID.AUTHORITY_INFORMATION_ACCESS, False),
        (QC_OID, False),
    ]
    assert allowed_uses(certificate) == {"content_commitment"}


def test_urls_come_from_the_configuration(tmp_path):
    urls = {"public_url": "http://status.test.example.org", "documents_url": "https://docs.test.example.org"}
    certificate = CaBench(tmp_path / "state", **urls).issue()
    access = [each.access_location.value for each in extension(certificate, x509.AuthorityInformationAccess)]
    assert access == ["http://status.test.example.org/ocsp", "http://status.test.example.org/ca/issuing.crt"]
    points = extension(certificate, x509.CRLDistributionPoints)
    assert points[0].full_name[0].value == "http://status.test.example.org/crl/issuing.crl"
    policies = extension(certificate, x509.CertificatePolicies)
    assert policies[0].policy_qualifiers == ["https://docs.test.example.org/cps.pdf"]


def test_subject_attributes_stand_alone_and_have_the_right_string_types__rfc5280_4_1_2_4(bench):
    raw = RawCertificate.load(bench.issue().public_bytes(Encoding.DER))
    attributes = [rdn[0] for rdn in raw.subject.chosen]
    assert all(len(rdn) == 1 for rdn in raw.subject.chosen)
    kinds = [attribute["type"].native for attribute in attributes]
    assert kinds == ["country_name", "surname", "given_name", "serial_number", "common_name"]
    assert attributes[0]["value"].chosen.tag == 19  # PrintableString
    assert [attribute["value"].chosen.tag for attribute in (attributes[1], attributes[2], attributes[4])] == [12] * 3


def test_diacritics_stay(bench):
    subject = bench.issue().subject
    (common_name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common_name.value == "Ștefăniță Ioana Brânză-Țuțea"


def test_validity_is_ninety_days_less_a_second_from_now__rfc5280_4_1_2_5(bench):
    certificate = bench.issue()
    assert certificate.not_valid_before_utc == bench.clock.now()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == NINETY_DAYS_LESS_A_SECOND


def test_a_fraction_of_a_second_is_dropped(bench):
    bench.clock.advance(milliseconds=900)
    assert bench.issue().not_valid_before_utc.microsecond == 0


def test_serials_are_positive_random_and_at_most_twenty_octets__rfc5280_4_1_2_2(bench):
    serials = [bench.issue().serial_number for _ in range(20)]
    assert len(set(serials)) == 20
    assert all(0 < serial < 1 << 159 for serial in serials)
    assert max(serials).bit_length() > 128


def test_the_issuing_ca_can_certify_end_entities_only(bench):
    issuing = x509.load_der_x509_certificate(bench.made.issuing)
    assert extension(issuing, x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=0)
    assert issuing.not_valid_after_utc <= x509.load_der_x509_certificate(bench.made.root).not_valid_after_utc


def test_an_rsa_3072_key_is_certified_too(bench):
    key = SoftwareSigningKey(KeyType.RSA_3072)
    spki = bench.issue(key).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(spki).digest() == hashlib.sha256(key.public_key_der).digest()


def test_a_person_with_two_given_names_too_long_together_is_called_by_the_first(bench):
    given_name = "Maria-Magdalena-Antoaneta Alexandrina-Constantina-Elisabeta"
    certificate = bench.issue(given_name=given_name)
    (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common_name.value == f"Maria-Magdalena-Antoaneta {ANA['surname']}"
    assert certificate.subject.get_attributes_for_oid(NameOID.GIVEN_NAME)[0].value == given_name
