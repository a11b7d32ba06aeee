"""Time-stamp requests of every wrong kind, tokens read with asn1crypto's eyes, and openssl's verdict on them."""

import hashlib
import subprocess
from datetime import timedelta

import pytest
from asn1crypto import core, parser, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.status_parts import TSU_CERTIFICATE
from ca.time_service import TimeServiceState
from ca.tsa.token import Failure, refused
from tests.support.status_bench import POLICY, StatusBench

IMPRINT = hashlib.sha256(b"what is stamped").digest()


@pytest.fixture
def status(tmp_path):
    return StatusBench(tmp_path / "status")


def imprint(algorithm: str = "sha256", digest: bytes | None = None):
    digest = hashlib.new(algorithm, b"x").digest() if digest is None else digest
    return {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}


def query(**changes) -> bytes:
    """Return a request that asn1crypto wrote."""
    values = {"version": 1, "message_imprint": imprint(digest=IMPRINT), "nonce": 12345, "cert_req": True}
    wanted = {name: value for name, value in (values | changes).items() if value is not None}
    return tsp.TimeStampReq(wanted).dump()


def respond(status, der: bytes) -> tsp.TimeStampResp:
    return tsp.TimeStampResp.load(status.parts.respond(der), strict=True)


def token(status, **changes):
    response = respond(status, query(**changes))
    assert response["status"]["status"].native == "granted"
    return response["time_stamp_token"]["content"]


def info(signed) -> tsp.TSTInfo:
    return signed["encap_content_info"]["content"].parsed


def failure(status, der: bytes) -> str:
    said = status_of(status.parts.respond(der))
    assert said["status"].native == "rejection"
    assert said["status_string"].native
    (name,) = said["fail_info"].native
    return name


def status_of(response: bytes) -> tsp.PKIStatusInfo:
    """Return the status of a response without a token, which asn1crypto wrongly takes for mandatory."""
    return tsp.PKIStatusInfo.load(parser.parse(response, strict=True)[4], strict=True)


def test_a_token_says_what_was_asked__rfc3161_2_4_2(status):
    said = info(token(status))
    assert said["version"].native == "v1"
    assert said["policy"].native == POLICY
    assert said["message_imprint"].native["hashed_message"] == IMPRINT
    assert said["nonce"].native == 12345
    assert said["gen_time"].native == status.clock.now()
    assert said["accuracy"].native == {"seconds": 1, "millis": None, "micros": None}
    assert said["ordering"].native is False
    assert said["extensions"].native is None


def test_the_time_has_milliseconds_without_trailing_zeros__rfc3161_2_4_2(status):
    status.advance(microseconds=120_900)
    assert b"20261124084300.12Z" in status.parts.respond(query())
    status.advance(microseconds=-120_900 + 1_000_000)
    assert b"20261124084301Z" in status.parts.respond(query())


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_every_hash_of_ts_119_312_is_stamped(status, algorithm):
    said = info(token(status, message_imprint=imprint(algorithm)))["message_imprint"]
    assert said["hash_algorithm"]["algorithm"].native == algorithm


@pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha224"])
def test_a_weak_hash_is_refused__attack_n10(status, algorithm):
    assert failure(status, query(message_imprint=imprint(algorithm))) == "bad_alg"


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_an_imprint_of_another_length_than_its_hash_is_refused__attack_n10(status, length):
    assert failure(status, query(message_imprint=imprint(digest=bytes(length)))) == "bad_data_format"


def test_parameters_of_the_hash_come_back_as_they_came(status):
    with_null = {"hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()}, "hashed_message": IMPRINT}
    for asked in (with_null, imprint(digest=IMPRINT)):
        request = tsp.MessageImprint(asked).dump()
        assert info(token(status, message_imprint=asked))["message_imprint"].dump() == request


@pytest.mark.parametrize("version", [0, 2, 3, 255])
def test_another_version_is_refused(status, version):
    der = query().replace(b"\x02\x01\x01", b"\x02\x01" + bytes([version]) if version < 128 else b"\x02\x02\x00\xff", 1)
    if version == 255:
        der = der[:1] + bytes([der[1] + 1]) + der[2:]
    assert failure(status, der) == "bad_request"


def test_a_nonce_comes_back_up_to_a_measure__attack_n10(status):
    for nonce in (0, 1, 2**63, 2**64, 2**512 - 1):
        assert info(token(status, nonce=nonce))["nonce"].native == nonce
    for nonce in (2**512, 2**8000, -1):
        assert failure(status, query(nonce=nonce)) == "bad_request"
    assert info(token(status, nonce=None))["nonce"].native is None


def test_the_own_policy_may_be_asked_for_and_no_other(status):
    assert info(token(status, req_policy=POLICY))["policy"].native == POLICY
    assert failure(status, query(req_policy="1.2.3.4")) == "unaccepted_policy"


@pytest.mark.parametrize("critical", [False, True])
def test_no_extension_is_accepted__attack_n10(status, critical):
    extension = {
        "extn_id": "1.3.6.1.4.1.99999.9",
        "critical": critical,
        "extn_value": core.OctetString(b"\x05\x00"),
    }
    assert failure(status, query(extensions=[extension])) == "unaccepted_extensions"


GOOD = query()


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30", b"\x30\x00", GOOD[:-1], GOOD + b"\x00", b"\x30\x80" + GOOD[2:] + b"\x00\x00", b"\x30" * 3000,
     b"\x30\x84\x7f\xff\xff\xff" + GOOD, b"text", bytes(5000), b"\x02\x01\x01"],
    ids=["empty", "tag", "hollow", "truncated", "trailing", "indefinite", "deep", "huge length", "text", "long", "integer"],
)  # fmt: skip
def test_other_bytes_are_told_so(status, der):
    assert failure(status, der) == "bad_data_format"
    assert status.tsu_key._count == []


def test_a_request_cut_short_anywhere_is_told_so(status):
    whole = query(nonce=2**63, req_policy=POLICY)
    for length in range(len(whole)):
        assert failure(status, whole[:length]) == "bad_data_format"
    assert status.tsu_key._count == []
    assert token(status, nonce=2**63, req_policy=POLICY)


def test_certificates_are_in_the_token_when_they_were_asked_for_and_not_otherwise__rfc3161_2_4_1(status):
    included = {each.chosen.dump() for each in token(status, cert_req=True)["certificates"]}
    expected = {status.authority.public_bytes(Encoding.DER)}
    expected.add(status.parts.unit.current()._delegated.certificate_der)
    assert included == expected
    for cert_req in (False, None):
        assert len(token(status, cert_req=cert_req)["certificates"]) == 0


def test_the_signed_attributes_bind_the_units_certificate_by_sha_256__rfc5816(status):
    signed = token(status)
    assert signed["version"].native == "v3"
    (signer,) = signed["signer_infos"]
    attributes = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
    assert attributes["content_type"].native == "tst_info"
    (identified,) = attributes["signing_certificate_v2"]["certs"]
    der = status.parts.unit.current()._delegated.certificate_der
    assert identified["cert_hash"].native == hashlib.sha256(der).digest()


def test_a_qualified_unit_says_so_and_another_does_not__en_319_422_9_1(status):
    assert info(token(status))["extensions"].native is None
    status.qualified = True
    status.start()
    (extension,) = info(token(status))["extensions"]
    assert (extension["extn_id"].dotted, extension["critical"].native) == ("1.3.6.1.5.5.7.1.3", False)
    assert extension["extn_value"].contents.hex() == "300b30090607040081975e0101"


def test_serial_numbers_are_positive_short_and_never_repeat(status):
    from core.entropy import SystemEntropy

    status.entropy = SystemEntropy()
    numbers = set()
    for _start in range(3):
        status.start()
        numbers |= {info(token(status))["serial_number"].native for _ in range(50)}
    assert len(numbers) == 150
    assert all(0 < number < 1 << 160 for number in numbers)


def test_a_clock_in_doubt_means_no_token__tis_7_7_1(status):
    token(status)
    uses = len(status.tsu_key._count)
    status.clock.advance(seconds=-3)
    assert failure(status, query()) == "time_not_available"
    status.clock.advance(seconds=3)
    token(status)
    status.time_service.said = TimeServiceState(synchronised=True, largest_error=timedelta(seconds=2))
    assert failure(status, query()) == "time_not_available"
    assert len(status.tsu_key._count) == uses + 1


def test_a_lost_token_and_a_lying_one_give_none__attack_y8(status):
    token(status)
    status.tsu_key.gone = True
    assert failure(status, query()) == "system_failure"
    status.tsu_key.gone, status.tsu_key.faulty = False, True
    assert failure(status, query()) == "system_failure"


def test_the_key_is_used_no_longer_than_its_certificate_says__tis_7_7_1_09(status):
    now = status.clock.now().replace(tzinfo=None)
    period = x509.PrivateKeyUsagePeriod(now, now + timedelta(days=365))
    certificate = status.certify(status.tsu_key, ExtendedKeyUsageOID.TIME_STAMPING, days=1826, more=[(period, False)])
    status.write(TSU_CERTIFICATE, certificate)
    status.advance(days=364)
    token(status)
    status.advance(days=2)
    assert failure(status, query()) == "system_failure"


def test_without_a_certificate_there_is_no_token(status):
    (status.folder / TSU_CERTIFICATE).unlink()
    assert failure(status, query()) == "system_failure"


@pytest.mark.parametrize("reason", Failure, ids=lambda each: each.name)
def test_every_refusal_has_its_bit_and_no_zeros_behind_it__x690_11_2_2(reason):
    bits = status_of(refused(reason))["fail_info"]
    unused = bits.contents[0]
    assert bits.contents[-1] >> unused & 1 == 1
    assert 8 * (len(bits.contents) - 1) - unused == reason.value + 1


def test_openssl_verifies_the_token_and_refuses_it_for_other_data(status, tmp_path):
    (tmp_path / "data").write_bytes(b"what is stamped")
    (tmp_path / "other").write_bytes(b"what is not")
    (tmp_path / "ca.pem").write_bytes(status.authority.public_bytes(Encoding.PEM))
    (tmp_path / "r.tsr").write_bytes(status.parts.respond(query()))
    command = "openssl ts -verify -in r.tsr -CAfile ca.pem -attime 1795509780 -data"
    good = subprocess.run([*command.split(), "data"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in good.stdout, good.stderr
    bad = subprocess.run([*command.split(), "other"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode != 0
    assert "message imprint mismatch" in bad.stdout + bad.stderr
