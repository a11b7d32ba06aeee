"""OCSP requests of every wrong kind are refused before anything is looked up or signed."""

import subprocess

import pytest
from asn1crypto import core, ocsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ca.ocsp.request import LONGEST_NONCE, MOST_CERTIFICATES, OcspRequestMalformed, read

HASH = {"algorithm": "sha256"}


def cert_id(serial=5, **changes):
    values = {"hash_algorithm": HASH, "issuer_name_hash": b"a" * 32, "issuer_key_hash": b"b" * 32}
    return values | {"serial_number": serial} | changes


def request(*cert_ids, extensions=None, single=None, **more) -> bytes:
    """Return a request that asn1crypto wrote."""
    each = [{"req_cert": named} | ({"single_request_extensions": single} if single else {}) for named in cert_ids]
    tbs = {"request_list": each} | ({"request_extensions": extensions} if extensions else {}) | more
    return ocsp.OCSPRequest({"tbs_request": tbs}).dump()


def nonce(value: bytes, **more):
    return {"extn_id": "nonce", "extn_value": core.OctetString(value)} | more


def test_what_is_asked_is_read_in_its_order():
    asked = read(request(cert_id(1), cert_id(2), cert_id(1), extensions=[nonce(b"n" * 32)]))
    assert [each.serial for each in asked.certificates] == [1, 2, 1]
    assert asked.nonce == b"n" * 32
    assert read(request(cert_id())).nonce is None


@pytest.mark.parametrize("length", [1, 16, 32, LONGEST_NONCE])
def test_a_nonce_has_1_to_128_octets__rfc9654_2_1(length):
    assert read(request(cert_id(), extensions=[nonce(b"x" * length)])).nonce == b"x" * length


@pytest.mark.parametrize("length", [0, LONGEST_NONCE + 1, 10_000])
def test_another_length_is_malformed__rfc9654_2_1(length):
    with pytest.raises(OcspRequestMalformed):
        read(request(cert_id(), extensions=[nonce(b"x" * length)]))


@pytest.mark.parametrize("tag", [b"\x02", b"\x0c", b"\x30"])
def test_a_nonce_that_is_no_octet_string_is_malformed(tag):
    der = request(cert_id(), extensions=[nonce(b"nnnnn")]).replace(b"\x04\x05nnnnn", tag + b"\x05nnnnn")
    with pytest.raises(OcspRequestMalformed, match="nonce"):
        read(der)


def test_two_nonces_are_malformed():
    with pytest.raises(OcspRequestMalformed, match="2 nonces"):
        read(request(cert_id(), extensions=[nonce(b"1"), nonce(b"2")]))


def test_as_many_certificates_as_the_limit_and_no_more__attack_n9():
    assert len(read(request(*[cert_id(each) for each in range(1, MOST_CERTIFICATES + 1)])).certificates) == 32
    for count in (0, MOST_CERTIFICATES + 1, 60):
        with pytest.raises(OcspRequestMalformed):
            read(request(*[cert_id(each) for each in range(1, count + 1)]))


UNKNOWN = {"extn_id": "1.3.6.1.4.1.99999.9", "extn_value": core.ParsableOctetString(b"\x05\x00")}


def test_an_extension_that_is_not_known_is_passed_over_unless_it_is_critical():
    assert read(request(cert_id(), extensions=[UNKNOWN], single=[UNKNOWN])).certificates
    critical = UNKNOWN | {"critical": True}
    for wrong in ({"extensions": [critical]}, {"single": [critical]}):
        with pytest.raises(OcspRequestMalformed, match="critical"):
            read(request(cert_id(), **wrong))


def test_version_1_may_be_written_or_left_out_and_no_other_exists():
    written = request(cert_id())
    inside = written[2:]
    body = inside[2:]
    for number, good in ((0, True), (1, False), (2, False)):
        version = bytes([0xA0, 3, 2, 1, number])
        tbs = bytes([0x30, len(version + body)]) + version + body
        der = bytes([0x30, len(tbs)]) + tbs
        if good:
            assert read(der).certificates[0].serial == 5
        else:
            with pytest.raises(OcspRequestMalformed, match="version"):
                read(der)


@pytest.mark.parametrize(
    "name",
    [
        x509.GeneralName("directory_name", x509.Name.build({"common_name": "Somebody"})),
        x509.GeneralName("rfc822_name", "a@example.com"),
        x509.GeneralName("dns_name", "example.com"),
        x509.GeneralName("uniform_resource_identifier", "http://example.com"),
    ],
    ids=lambda name: name.name,
)
def test_a_requestor_may_say_its_name(name):
    assert read(request(cert_id(), requestor_name=name)).certificates


def test_a_signed_request_is_answered_like_any_other(tmp_path):
    commands = [
        "openssl ecparam -name prime256v1 -genkey -noout -out key.pem",
        "openssl req -x509 -new -key key.pem -subj /CN=asker -out cert.pem",
        "openssl ocsp -sha256 -issuer cert.pem -serial 0x1234 -signer cert.pem -signkey key.pem -reqout req.der",
    ]
    for command in commands:
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    asked = read((tmp_path / "req.der").read_bytes())
    assert asked.certificates[0].serial == 0x1234
    assert asked.nonce is not None


GOOD = request(cert_id())


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        GOOD[:-1],
        GOOD + b"\x00",
        b"\x30\x80" + GOOD[2:] + b"\x00\x00",
        b"\x30\x81" + GOOD[1:],
        b"\x30\x84\x7f\xff\xff\xff" + GOOD,
        b"\x30" * 10_000,
        b"A" * 1000,
        b"\x00" * 20_000,
        ocsp.OCSPResponse({"response_status": "try_later"}).dump(),
    ],
    ids=["empty", "tag", "hollow", "truncated", "trailing", "indefinite", "long form", "huge length", "deep", "text", "long", "answer"],
)  # fmt: skip
def test_other_bytes_are_malformed(der):
    with pytest.raises(OcspRequestMalformed):
        read(der)


def test_a_request_cut_short_anywhere_is_malformed():
    whole = request(cert_id(), cert_id(6), extensions=[nonce(b"n" * 32), UNKNOWN])
    assert read(whole).nonce
    for length in range(len(whole)):
        with pytest.raises(OcspRequestMalformed):
            read(whole[:length])


def test_a_request_is_read_as_cryptography_and_openssl_write_it():
    from cryptography.x509 import ocsp as library

    builder = library.OCSPRequestBuilder().add_certificate_by_hash(b"a" * 20, b"b" * 20, 2**159, hashes.SHA1())
    (named,) = read(builder.build().public_bytes(Encoding.DER)).certificates
    assert (named.serial, named.issuer_name_hash) == (2**159, b"a" * 20)
