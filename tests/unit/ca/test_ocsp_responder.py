"""What the responder says, read with cryptography's and asn1crypto's eyes."""

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.ocsp.answer import Refusal
from ca.ocsp.responder import GIVEN_AGAIN_FOR, VALID_FOR
from ca.protocol import CertificateState
from ca.status_parts import TSU_CERTIFICATE, ocsp_certificate
from core.errors import DomainError
from tests.support.status_bench import StatusBench
from tests.unit.ca.test_ocsp_requests import request

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
ALGORITHMS = [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@pytest.fixture
def status(tmp_path):
    bench = StatusBench(tmp_path / "status")
    bench.feed.good(5)
    bench.advance(seconds=1)
    return bench


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)
def test_a_certificate_on_record_is_good__rfc6960_4_2(status, algorithm):
    said = status.ask(5, algorithm=algorithm)
    assert (said.certificate_status, said.serial_number) == (GOOD, 5)
    assert type(said.hash_algorithm) is type(algorithm)
    now = status.clock.now()
    assert said.this_update_utc <= said.produced_at_utc <= now < said.next_update_utc
    assert said.next_update_utc - said.this_update_utc == VALID_FOR


def test_a_serial_number_that_was_never_issued_is_unknown_and_never_good__ovr_6_6_3_02(status):
    for serial in (1, 4, 6, 1 << 158, (1 << 160) - 1, 1 << 160, 1 << 4000):
        assert status.ask(serial).certificate_status is UNKNOWN


def test_zero_and_negative_serial_numbers_are_unknown(status):
    name_hash, key_hash = status.names(hashes.SHA256())
    named = {"hash_algorithm": {"algorithm": "sha256"}, "issuer_name_hash": name_hash, "issuer_key_hash": key_hash}
    for serial in (0, -5):
        answer = status.parts.answer(request(named | {"serial_number": serial}))
        assert ocsp.load_der_ocsp_response(answer.der).certificate_status is UNKNOWN


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF, 1 << 63, 1 << 159, (1 << 160) - 1])
def test_every_form_of_serial_number_is_found__attack_o12(status, serial):
    status.feed.revoked(serial, status.clock.now())
    status.advance(seconds=1)
    assert status.ask(serial).certificate_status is REVOKED


def test_a_revocation_is_told_with_its_moment_and_reason(status):
    at = status.clock.now()
    status.feed.revoked(5, at, "keyCompromise")
    status.advance(seconds=1)
    said = status.ask(5)
    assert said.certificate_status is REVOKED
    assert (said.revocation_time_utc, said.revocation_reason) == (at, x509.ReasonFlags.key_compromise)


REASONS = [flag for flag in x509.ReasonFlags if flag.value not in ("unspecified", "removeFromCRL")]


@pytest.mark.parametrize("reason", REASONS, ids=lambda flag: flag.value)
def test_every_reason_is_told(status, reason):
    status.feed.revoked(5, status.clock.now(), reason.value)
    status.advance(seconds=1)
    assert status.ask(5).revocation_reason is reason


def test_an_unspecified_reason_is_left_out(status):
    status.feed.revoked(5, status.clock.now(), "unspecified")
    status.advance(seconds=1)
    assert status.ask(5).revocation_reason is None


def test_a_suspension_ends(status):
    status.feed.revoked(5, status.clock.now(), "certificateHold")
    status.advance(seconds=1)
    assert status.ask(5).revocation_reason is x509.ReasonFlags.certificate_hold
    status.feed.good(5)
    status.advance(seconds=1)
    assert status.ask(5).certificate_status is GOOD


def test_the_nonce_comes_back_and_without_one_none_does__rfc9654(status):
    said = status.ask(5, nonce=b"\x00" * 40)
    assert said.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"\x00" * 40
    assert len(status.ask(5, nonce=None).extensions) == 0


def test_the_archive_cutoff_is_the_authoritys_beginning__css_6_3_10_10(status):
    raw = status.parts.answer(status.request(5)).der
    (single,) = asn1.OCSPResponse.load(raw).response_data["responses"]
    (extension,) = single["single_extensions"]
    assert extension["extn_id"].native == "archive_cutoff"
    assert extension["extn_value"].parsed.native == status.authority.not_valid_before_utc


def test_the_responder_is_named_by_its_key_and_certified_by_the_authority(status):
    said = status.ask(5)
    (certificate,) = said.certificates
    key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert said.responder_key_hash == key_id
    assert certificate.issuer == status.authority.subject


def test_several_certificates_are_answered_in_one_answer__rfc6960_4_2_1(status):
    status.feed.revoked(6, status.clock.now())
    status.advance(seconds=1)
    name_hash, key_hash = status.names(hashes.SHA256())
    ours = {"hash_algorithm": {"algorithm": "sha256"}, "issuer_name_hash": name_hash, "issuer_key_hash": key_hash}
    asked = [ours | {"serial_number": serial} for serial in (5, 6, 7, 5)]
    asked.append(ours | {"serial_number": 5, "issuer_key_hash": b"x" * 32})  # another issuer, the same serial number
    response = ocsp.load_der_ocsp_response(status.parts.answer(request(*asked)).der)
    found = [(each.serial_number, each.certificate_status) for each in response.responses]
    assert found == [(5, GOOD), (6, REVOKED), (7, UNKNOWN), (5, GOOD), (5, UNKNOWN)]
    status.check_signature(response)


def test_equal_serial_numbers_of_two_issuers_are_told_apart__attack_n9(tmp_path):
    one, other = StatusBench(tmp_path / "one"), StatusBench(tmp_path / "other")
    one.feed.good(5)
    other.feed.revoked(5, other.clock.now())
    assert one.ask(5).certificate_status is GOOD
    assert other.ask(5).certificate_status is REVOKED
    assert one.parts.answer(other.request(5)) is Refusal.UNAUTHORIZED


def test_nothing_is_signed_for_another_issuer__rfc5019_2_2_3(status, tmp_path):
    uses = status.ocsp_key._count
    before = len(uses)
    stranger = StatusBench(tmp_path / "stranger")
    assert status.parts.answer(stranger.request(5)) is Refusal.UNAUTHORIZED
    wrong_hash = {"hash_algorithm": {"algorithm": "md5"}, "issuer_name_hash": b"", "issuer_key_hash": b""}
    assert status.parts.answer(request(wrong_hash | {"serial_number": 5})) is Refusal.UNAUTHORIZED
    assert len(uses) == before


def test_an_answer_without_nonce_is_given_again_until_something_changes__attack_n11(status):
    first = status.parts.answer(status.request(5, nonce=None))
    uses = len(status.ocsp_key._count)
    assert status.parts.answer(status.request(5, nonce=None)) is first
    assert len(status.ocsp_key._count) == uses
    status.feed.good(6)
    status.advance(seconds=0.6)
    assert status.parts.answer(status.request(5, nonce=None)) is not first


def test_an_answer_is_not_given_again_for_long(status):
    first = status.parts.answer(status.request(5, nonce=None))
    status.advance(seconds=GIVEN_AGAIN_FOR.total_seconds() - 1)
    assert status.parts.answer(status.request(5, nonce=None)) is first
    status.advance(seconds=1)
    assert status.parts.answer(status.request(5, nonce=None)) is not first


def test_a_revocation_is_told_within_a_second_with_nonce_and_without__attack_n11(status):
    assert status.ask(5, nonce=None).certificate_status is GOOD
    status.feed.revoked(5, status.clock.now())
    status.advance(seconds=0.6)
    assert status.ask(5, nonce=None).certificate_status is REVOKED
    assert status.ask(5).certificate_status is REVOKED


def test_unknown_certificates_fill_no_memory(status):
    responder = status.parts.responder
    for serial in range(100, 150):
        assert status.ask(serial, nonce=None).certificate_status is UNKNOWN
    assert responder._kept == {}
    assert status.replica._kept == {}


def test_memory_of_answers_is_bounded(status, monkeypatch):
    monkeypatch.setattr("ca.ocsp.responder._MOST_KEPT", 3)
    for serial in range(10, 20):
        status.feed.good(serial)
    status.advance(seconds=1)
    for serial in range(10, 20):
        assert status.ask(serial, nonce=None).certificate_status is GOOD
        assert len(status.parts.responder._kept) <= 3


def test_a_lost_token_means_try_later_and_a_lying_one_no_answer__attack_y8(status):
    assert status.ask(5).certificate_status is GOOD
    status.ocsp_key.gone = True
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER
    status.ocsp_key.gone, status.ocsp_key.faulty = False, True
    assert status.parts.answer(status.request(5)) is Refusal.INTERNAL_ERROR
    status.ocsp_key.faulty = False
    assert status.ask(5).certificate_status is GOOD


def test_an_authority_out_of_reach_is_bridged_for_ten_seconds_and_never_longer__attack_n11(status):
    assert status.ask(5).certificate_status is GOOD
    status.feed.caller.down = True
    status.advance(seconds=9)
    said = status.ask(5)
    assert said.certificate_status is GOOD
    assert status.clock.now() - said.this_update_utc > timedelta(seconds=8)  # it says how old it is
    status.advance(seconds=2)
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER
    status.feed.caller.down = False
    status.advance(seconds=1)
    assert status.ask(5).certificate_status is GOOD


def test_nothing_is_told_before_the_authority_was_reached(status):
    status.feed.caller.down = True
    status.start()
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER


def test_a_certificate_of_the_responder_that_is_over_signs_nothing__attack_o13(status):
    status.advance(days=29, hours=23)
    assert status.ask(5).next_update_utc <= status.ask(5).certificates[0].not_valid_after_utc
    status.advance(hours=2)
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER


def test_a_renewed_certificate_is_taken_without_a_restart(status):
    old = status.ask(5).certificates[0]
    status.advance(days=20)
    new = status.certify(status.ocsp_key, ExtendedKeyUsageOID.OCSP_SIGNING)
    status.write(ocsp_certificate(1), new)
    assert status.ask(5).certificates[0] == new != old


@pytest.mark.parametrize(
    "what", ["another key", "another purpose", "two purposes", "no purpose", "stranger", "junk", "none"]
)
def test_a_certificate_that_is_not_the_responders_is_not_used(status, tmp_path, what):
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING
    if what == "another key":
        wrong = status.certify(status.tsu_key, purpose)
    elif what == "another purpose":
        wrong = status.certify(status.ocsp_key, ExtendedKeyUsageOID.TIME_STAMPING)
    elif what == "stranger":
        wrong = StatusBench(tmp_path / "stranger").certify(status.ocsp_key, purpose)
    else:
        wrong = None
    path = status.folder / ocsp_certificate(1)
    if wrong is not None:
        status.write(ocsp_certificate(1), wrong)
    elif what == "none":
        path.unlink()
    elif what == "junk":
        path.write_bytes(b"junk")
    else:
        purposes = [purpose, ExtendedKeyUsageOID.CLIENT_AUTH] if what == "two purposes" else []
        status.write(ocsp_certificate(1), status.certify_purposes(status.ocsp_key, purposes))
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER


def test_a_clock_in_doubt_means_try_later__attack_o6(status):
    assert status.ask(5).certificate_status is GOOD
    status.clock.advance(hours=-1)
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER


def test_a_token_that_is_lost_at_the_start_is_found_later(tmp_path):
    status = StatusBench(tmp_path / "late")
    status.feed.good(5)
    status.ocsp_key.gone = True
    assert status.parts.answer(status.request(5)) is Refusal.TRY_LATER
    status.ocsp_key.gone = False
    assert status.ask(5).certificate_status is GOOD


# --- several generations of the authority -------------------------------------------------------------------------


def second_generation(status, tmp_path) -> StatusBench:
    """Publish another generation, and give it a responder's certificate of its own."""
    second = StatusBench(tmp_path / "second", name="TEST CA of the status bench G2")
    pem = second.authority.public_bytes(Encoding.PEM)
    (status.published / "issuing-g2.pem").write_bytes(pem)
    second.ocsp_key = status.ocsp_key
    status.write(ocsp_certificate(2), second.certify(status.ocsp_key, ExtendedKeyUsageOID.OCSP_SIGNING))
    second.parts = status.parts
    identifier = hashlib.sha256(second.authority_key.public_key_der).hexdigest()
    ends = status.clock.now() + timedelta(days=90)
    number = len(status.feed.states) + 1
    status.feed.states.append(CertificateState(number, identifier, f"{6:040x}", ends, None, ""))
    status.advance(seconds=1)
    return second


def test_a_new_generation_is_answered_for_without_a_restart_each_by_its_own_delegate__rfc6960_4_2_2_2(status, tmp_path):
    assert status.ask(5).certificate_status is GOOD
    second = second_generation(status, tmp_path)
    assert second.ask(6).certificate_status is GOOD  # whose check of the signature is against the second issuer
    assert status.ask(5).certificate_status is GOOD
    assert second.ask(5).certificate_status is UNKNOWN  # the first's serial number is not the second's
    assert status.ask(6).certificate_status is UNKNOWN
    status.probe.check([1, 2])


def test_a_request_about_two_issuers_is_answered_for_the_first_of_them(status, tmp_path):
    second = second_generation(status, tmp_path)
    wanted = [(status, 5), (second, 6)]
    for (first, one), (other, two) in (wanted, wanted[::-1]):
        named = []
        for bench, serial in ((first, one), (other, two)):
            name_hash, key_hash = bench.names(hashes.SHA256())
            hashed = {"hash_algorithm": {"algorithm": "sha256"}, "issuer_name_hash": name_hash}
            named.append(hashed | {"issuer_key_hash": key_hash, "serial_number": serial})
        answer = status.parts.answer(request(*named))
        said = list(ocsp.load_der_ocsp_response(answer.der).responses)
        assert [each.certificate_status for each in said] == [GOOD, UNKNOWN]
        assert answer.repeatable is False
        ocsp.load_der_ocsp_response(answer.der).certificates[0].verify_directly_issued_by(first.authority)


def test_a_generation_without_a_delegate_waits_and_the_others_are_answered(status, tmp_path):
    second = second_generation(status, tmp_path)
    (status.folder / ocsp_certificate(2)).unlink()
    assert status.parts.answer(second.request(6)) is Refusal.TRY_LATER
    assert status.ask(5).certificate_status is GOOD
    with pytest.raises(DomainError):
        status.probe.check([1, 2])
    status.probe.check([1])
    with pytest.raises(DomainError, match="generation 3"):
        status.probe.check([3])


def test_a_delegate_of_one_generation_does_not_answer_for_another(status, tmp_path):
    second = second_generation(status, tmp_path)
    status.write(ocsp_certificate(2), status.certify(status.ocsp_key, ExtendedKeyUsageOID.OCSP_SIGNING))
    assert status.parts.answer(second.request(6)) is Refusal.TRY_LATER


def test_a_published_certificate_that_is_none_is_no_reason_to_stop_answering(status):
    assert status.ask(5).certificate_status is GOOD
    (status.published / "issuing-g2.pem").write_bytes(b"junk")
    assert status.ask(5).certificate_status is GOOD


def test_a_time_stamping_unit_may_be_of_any_generation(status, tmp_path):
    second = second_generation(status, tmp_path)
    status.write(TSU_CERTIFICATE, second.certify(status.tsu_key, ExtendedKeyUsageOID.TIME_STAMPING))
    status.probe.check([1, 2])
    stranger = StatusBench(tmp_path / "stranger", name="TEST stranger")
    status.write(TSU_CERTIFICATE, stranger.certify(status.tsu_key, ExtendedKeyUsageOID.TIME_STAMPING))
    with pytest.raises(DomainError, match="not a certificate of this authority"):
        status.probe.check([1])
