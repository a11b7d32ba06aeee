"""The trusted list: what it says of whom and since when, its numbers, its signature, and what is refused."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from ca import publication
from ca.crl import RecordBehindPublication
from ca.delegated import DelegationOver, DelegationUnusable
from ca.trusted_list import uris
from ca.trusted_list.publisher import PublishedListBroken, number_of
from core.algorithms import KeyType
from core.errors import ClockInDoubt, RecordTampered, Unavailable
from hsm.errors import HsmUnavailable
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.trusted_list_rules import NS, complaints

EC = KeyType.EC_P256


@pytest.fixture
def scheme(bench):
    """An authority with a responder, a time-stamping unit and a list signer."""
    bench.ocsp_key = SoftwareSigningKey(EC)
    bench.clock.advance(minutes=5)
    bench.ocsp = bench.certify("ocsp", "TEST OCSP Responder 1", bench.ocsp_key)
    bench.clock.advance(minutes=5)
    bench.tsu = bench.certify("tsu", "TEST Time-Stamping Unit 1")
    bench.list_signer = bench.certify_list_signer()
    bench.clock.advance(minutes=5)
    return bench


def read(bench):
    return etree.fromstring(bench.trusted_list())


def services(bench) -> dict[str, etree._Element]:
    """Return the services of the published list by their names."""
    found = read(bench).iterfind(".//t:TSPService", NS)
    return {each.findtext(".//t:ServiceName/t:Name", None, NS): each for each in found}


def certificate_of(service) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(service.findtext(".//t:X509Certificate", None, NS)))


def statuses_of(service) -> list[tuple[str, str]]:
    """Return the last word of each status and since when, the present one first."""
    uri = [each.text.rsplit("/", 1)[1] for each in service.iterfind(".//t:ServiceStatus", NS)]
    return list(zip(uri, (each.text for each in service.iterfind(".//t:StatusStartingTime", NS)), strict=True))


def test_list_breaks_no_rule_of_the_schema_and_the_text(scheme):
    scheme.admin.publish_trusted_list()
    assert complaints(scheme.trusted_list()) == []


def test_services_have_the_right_kinds_identities_and_dates__ts119612_5_5(scheme):
    published = scheme.admin.publish_trusted_list()
    assert published.services == 3
    found = services(scheme)
    kinds = {name: each.findtext(".//t:ServiceTypeIdentifier", None, NS) for name, each in found.items()}
    assert kinds == {
        "TEST Natural Person CA G1": uris.QUALIFIED_CERTIFICATES,
        "TEST OCSP Responder 1": uris.QUALIFIED_OCSP,
        "TEST Time-Stamping Unit 1": uris.QUALIFIED_TIME_STAMPS,
    }
    issuing = x509.load_der_x509_certificate(scheme.made.issuing)
    for certificate, service in zip((issuing, scheme.ocsp, scheme.tsu), found.values(), strict=True):
        assert certificate_of(service) == certificate  # the issuing CA itself and not its root
        assert statuses_of(service) == [("granted", f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")]


def test_issuing_service_began_no_later_than_any_certificate_it_issued(scheme):
    scheme.admin.publish_trusted_list()
    (_status, since), *_rest = statuses_of(services(scheme)["TEST Natural Person CA G1"])
    assert since <= f"{scheme.issue().not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"


def test_provider_is_called_as_its_certificates_call_it__ts119612_5_4_1(scheme):
    scheme.admin.publish_trusted_list()
    root, issuing = read(scheme), x509.load_der_x509_certificate(scheme.made.issuing)
    organization = issuing.subject.get_attributes_for_oid(x509.oid.NameOID.ORGANIZATION_NAME)[0].value
    assert root.findtext(".//t:TSPName/t:Name", None, NS) == organization
    assert root.findtext(".//t:SchemeOperatorName/t:Name", None, NS) == organization
    assert root.findtext(".//t:TSPTradeName/t:Name", None, NS) == "VATRO-12345678"


def test_list_says_test_first_in_both_languages(scheme):
    scheme.admin.publish_trusted_list()
    notices = read(scheme).findall(".//t:TSLLegalNotice", NS)
    assert [each.text.split(".")[0] for each in notices] == ["TEST", "TEST"]
    assert "no legal effect" in notices[0].text
    assert "nu are valoare juridică" in notices[1].text


def test_each_issue_has_the_next_number_over_restarts__ts119612_5_3_2(scheme):
    first = scheme.admin.publish_trusted_list()
    scheme.start()
    second = scheme.admin.publish_trusted_list()
    assert (first.number, second.number) == (1, 2)
    assert number_of(scheme.trusted_list()) == 2
    assert second.next_update == second.issued_at + timedelta(days=90)


def test_issue_is_in_the_audit_log(scheme):
    before = scheme.admin.verify_audit().rows
    scheme.admin.publish_trusted_list()
    assert scheme.admin.verify_audit().rows == before + 1


def test_renewed_responder_stays_one_service_with_its_first_date(scheme):
    scheme.admin.publish_trusted_list()
    began = statuses_of(services(scheme)["TEST OCSP Responder 1"])
    scheme.clock.advance(days=20)
    renewed = scheme.certify("ocsp", "TEST OCSP Responder 1", scheme.ocsp_key)
    scheme.admin.publish_trusted_list()
    service = services(scheme)["TEST OCSP Responder 1"]
    assert len(services(scheme)) == 3
    assert statuses_of(service) == began
    assert certificate_of(service) == renewed


def test_new_time_stamping_key_is_a_second_service(scheme):
    scheme.certify("tsu", "TEST Time-Stamping Unit 2")
    scheme.admin.publish_trusted_list()
    assert len(services(scheme)) == 4
    assert statuses_of(services(scheme)["TEST Time-Stamping Unit 1"])[0][0] == "granted"  # its old time-stamps hold


def test_revoked_unit_is_withdrawn_since_then_and_its_past_stays__ts119612_5_5_10(scheme):
    scheme.clock.advance(hours=3)
    scheme.admin.revoke(f"{scheme.tsu.serial_number:x}", "keyCompromise")
    at = f"{scheme.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    scheme.admin.publish_trusted_list()
    began = f"{scheme.tsu.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert statuses_of(services(scheme)["TEST Time-Stamping Unit 1"]) == [("withdrawn", at), ("granted", began)]
    assert complaints(scheme.trusted_list()) == []


def test_round_issues_nothing_before_the_first_list_nor_while_the_last_is_true(scheme):
    scheme.opened.trusted_list.publish_if_due()
    assert not (scheme.settings.published() / publication.TRUSTED_LIST).exists()
    scheme.opened.trusted_list.publish()
    scheme.issue()
    scheme.clock.advance(days=44)
    scheme.opened.trusted_list.publish_if_due()
    assert number_of(scheme.trusted_list()) == 1


def test_round_issues_a_list_when_the_last_is_half_over(scheme):
    scheme.opened.trusted_list.publish()
    scheme.clock.advance(days=45)
    scheme.opened.trusted_list.publish_if_due()
    assert number_of(scheme.trusted_list()) == 2


def test_round_issues_a_list_when_a_service_is_new_or_was_revoked(scheme):
    scheme.opened.trusted_list.publish()
    scheme.certify("ocsp", "TEST OCSP Responder 2")
    scheme.opened.trusted_list.publish_if_due()
    assert "TEST OCSP Responder 2" in services(scheme)
    scheme.admin.revoke(f"{scheme.tsu.serial_number:x}", "superseded")
    scheme.opened.trusted_list.publish_if_due()
    assert number_of(scheme.trusted_list()) == 3
    assert statuses_of(services(scheme)["TEST Time-Stamping Unit 1"])[0][0] == "withdrawn"
    scheme.opened.trusted_list.publish_if_due()
    assert number_of(scheme.trusted_list()) == 3


def test_round_puts_a_list_back_that_is_missing(scheme):
    scheme.opened.trusted_list.publish()
    (scheme.settings.published() / publication.TRUSTED_LIST).unlink()
    scheme.opened.trusted_list.publish_if_due()
    assert number_of(scheme.trusted_list()) == 2


def test_revoked_list_signer_signs_no_list(scheme):
    serial = f"{scheme.list_signer.serial_number:x}"
    scheme.admin.suspend(serial)
    with pytest.raises(DelegationOver):
        scheme.opened.trusted_list.publish()
    scheme.admin.resume(serial)
    assert scheme.opened.trusted_list.publish().number == 1
    scheme.admin.revoke(serial, "keyCompromise")
    with pytest.raises(DelegationOver):
        scheme.opened.trusted_list.publish()


def test_signature_is_the_last_child_and_has_what_baseline_b_wants__en319132_1_6(scheme):
    scheme.admin.publish_trusted_list()
    signature = read(scheme)[-1]
    assert etree.QName(signature).localname == "Signature"
    transforms = [
        [each.get("Algorithm").rsplit("/", 1)[1] for each in reference.iterfind(".//ds:Transform", NS)]
        for reference in signature.iterfind(".//ds:Reference", NS)
    ]
    assert transforms == [["xmldsig#enveloped-signature", "xml-exc-c14n#"], ["xml-exc-c14n#"]]
    assert signature.findtext(".//xades:SigningTime", None, NS) == read(scheme).findtext(
        ".//t:ListIssueDateTime", None, NS
    )
    assert signature.find(".//xades:SigningCertificateV2//ds:DigestValue", NS) is not None
    assert signature.find(".//xades:SigningCertificate", NS) is None
    assert signature.findtext(".//xades:MimeType", None, NS) == "text/xml"
    assert len(signature.findall(".//ds:X509Certificate", NS)) == 1


@pytest.mark.parametrize("key_type", [KeyType.EC_P384, KeyType.RSA_3072])
def test_list_signer_may_have_another_kind_of_key(bench, key_type):
    bench.list_key = SoftwareSigningKey(key_type)
    bench.start()
    bench.certify_list_signer()
    bench.admin.publish_trusted_list()
    assert complaints(bench.trusted_list()) == []


def test_without_a_list_signers_certificate_nothing_is_issued(bench):
    with pytest.raises(Unavailable):
        bench.admin.publish_trusted_list()
    with pytest.raises(DelegationUnusable):
        bench.opened.trusted_list.publish()
    assert not (bench.settings.published() / publication.TRUSTED_LIST).exists()


def test_certificate_of_another_task_does_not_sign_a_list(scheme):
    path = scheme.settings.zone_dir("ca") / "list-signer.crt"
    path.write_bytes(scheme.ocsp.public_bytes(Encoding.PEM))
    with pytest.raises(DelegationUnusable):
        scheme.opened.trusted_list.publish()


def test_list_signers_certificate_that_is_over_signs_nothing(scheme):
    scheme.clock.advance(days=1096)
    with pytest.raises(DelegationOver):
        scheme.opened.trusted_list.publish()


def test_clock_that_was_set_back_issues_no_list(scheme):
    scheme.opened.trusted_list.publish()
    scheme.clock.advance(hours=-1)
    with pytest.raises(ClockInDoubt):
        scheme.opened.trusted_list.publish()


def test_old_copy_of_the_record_issues_no_list(scheme):
    scheme.opened.trusted_list.publish()
    scheme.opened.trusted_list.publish()
    with scheme.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM trusted_lists WHERE number = 2")
    with pytest.raises(RecordBehindPublication):
        scheme.opened.trusted_list.publish()
    assert number_of(scheme.trusted_list()) == 2


def test_published_file_that_is_no_list_stops_the_next(scheme):
    (scheme.settings.published() / publication.TRUSTED_LIST).write_bytes(b"<other/>")
    with pytest.raises(PublishedListBroken):
        scheme.opened.trusted_list.publish()


def test_full_disk_leaves_the_old_list_served_and_the_next_number_free_of_doubt(scheme, monkeypatch):
    scheme.opened.trusted_list.publish()
    old = scheme.trusted_list()

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "publish", full)
        with pytest.raises(Unavailable):
            scheme.opened.trusted_list.publish()
    assert scheme.trusted_list() == old
    assert scheme.opened.trusted_list.publish().number == 3


def test_token_that_is_gone_leaves_no_number_behind(scheme, monkeypatch):
    def gone(*_args):
        raise HsmUnavailable("no token")

    with monkeypatch.context() as patch:
        patch.setattr(type(scheme.list_key), "sign", gone)
        with pytest.raises(HsmUnavailable):
            scheme.opened.trusted_list.publish()
    assert scheme.opened.trusted_list.publish().number == 1


def test_certificate_that_another_hand_wrote_into_the_record_is_not_listed(scheme, tmp_path):
    foreign = CaBench(tmp_path / "foreign").certify("tsu", "TEST Time-Stamping Unit 1")
    with scheme.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE certificates SET certificate = ? WHERE profile = 'tsu'", (foreign.public_bytes(Encoding.DER),)
        )
    with pytest.raises(RecordTampered):
        scheme.opened.trusted_list.publish()
