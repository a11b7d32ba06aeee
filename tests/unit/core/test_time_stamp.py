"""A good time-stamp, and false ones of every kind, each refused for its own reason (attack Y6)."""

import hashlib
import subprocess
from datetime import timedelta

import pytest
from asn1crypto import cms, tsp
from asn1crypto import core as asn1_core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core import time_stamp as ts
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.cms import DATA, TST_INFO, CmsTemplate
from core.der import SEQUENCE, tlv
from core.time_stamp import TimeStampTrust, check_answer, check_token, time_stamp_request
from core.tsp import Accuracy, AlgorithmIdentifier, Extension, MessageImprint, TstInfo
from core.types import Dtbsr
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.software_hsm import SoftwareSigningKey

POLICY = "1.3.6.1.4.1.99999.1.2.1"
DIGEST = hashlib.sha256(b"what is stamped").digest()
SHA256 = HashAlgorithm.SHA256
GRANTED = bytes.fromhex("3003020100")
NOW = FakeClock().now()


class Liar:
    """An authority that certifies and stamps whatever a test wants."""

    def __init__(self) -> None:
        self.root_key, self.key = SoftwareSigningKey(KeyType.EC_P256), SoftwareSigningKey(KeyType.EC_P256)
        self.root = self.certify(self.root_key, "TEST root", ca=True)
        self.unit = self.certify(self.key, "TEST unit")
        self.asked = time_stamp_request(SHA256, DIGEST, FakeEntropy())

    @property
    def trust(self) -> TimeStampTrust:
        return TimeStampTrust((self.root,), frozenset({POLICY}))

    def certify(
        self, key, name, *, ca=False, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,), critical=True, more=(), begins=NOW,
        days=30,
    ) -> x509.Certificate:  # fmt: skip
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST root")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        public, root = key.private_key.public_key(), self.root_key.private_key
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        builder = (
            x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
            .not_valid_before(begins - timedelta(days=1))
            .not_valid_after(begins + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        )
        if purposes and not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(root, hashes.SHA256())

    def info(self, **changes) -> bytes:
        """Return a TSTInfo that answers the question, but for `changes`."""
        identifier = AlgorithmIdentifier(algorithm=x509.ObjectIdentifier(SHA256.oid), parameters=None)
        values = {
            "version": 1,
            "policy": x509.ObjectIdentifier(POLICY),
            "imprint": MessageImprint(hash_algorithm=identifier, hashed_message=DIGEST),
            "serial": 7,
            "gen_time": asn1.GeneralizedTime(NOW),
            "accuracy": Accuracy(seconds=1, millis=None, micros=None),
            "ordering": None,
            "nonce": self.asked.nonce,
            "tsa": None,
            "extensions": None,
        }
        return asn1.encode_der(TstInfo(**(values | changes)))

    def token(self, info=None, unit=None, *, kind=TST_INFO, key=None, more=(), digest=None) -> bytes:
        """Return a token about an info, signed with the unit's key and certificate or with others."""
        info = info or self.info()
        unit, key = unit or self.unit, key or self.key
        chain = [each.public_bytes(Encoding.DER) for each in (unit, *more)]
        template = CmsTemplate.of(chain, SignatureAlgorithm.ECDSA_SHA256, kind)
        digest = digest or hashlib.sha256(info).digest()
        attributes = hashlib.sha256(template.signed_attributes(digest)).digest()
        signature = key.sign(Dtbsr(SHA256, attributes), SignatureAlgorithm.ECDSA_SHA256)
        return template.assemble(digest, signature, info)

    def answer(self, token=None, **changes) -> bytes:
        return tlv(SEQUENCE, GRANTED, token or self.token(self.info(**changes)))

    def check(self, answer: bytes, now=NOW) -> ts.TimeStamp:
        return check_answer(answer, self.asked, self.trust, now)


@pytest.fixture(scope="module")
def liar() -> Liar:
    return Liar()


def imprint(digest=DIGEST, oid=SHA256.oid):
    identifier = AlgorithmIdentifier(algorithm=x509.ObjectIdentifier(oid), parameters=None)
    return MessageImprint(hash_algorithm=identifier, hashed_message=digest)


def edited(token: bytes, change) -> bytes:
    """Return a token after `change(signed_data)` with asn1crypto."""
    info = cms.ContentInfo.load(token)
    change(info["content"])
    return info.dump(force=True)


def test_a_true_answer_is_believed_and_says_when_and_by_whom(liar):
    answer = liar.answer()
    found = liar.check(answer)
    assert found.at == NOW
    assert found.chain == (liar.unit, liar.root)
    assert tsp.TimeStampResp.load(answer)["time_stamp_token"].dump() == found.token


def test_what_was_believed_cannot_be_made_otherwise(liar):
    with pytest.raises(TypeError):
        ts.TimeStamp(None, b"", NOW, (), object())


def test_the_question_is_what_openssl_reads(liar, tmp_path):
    (tmp_path / "q").write_bytes(liar.asked.der)
    command = ["openssl", "ts", "-query", "-in", "q", "-text"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Certificate required: yes" in said
    assert f"Nonce: 0x{liar.asked.nonce:X}" in said
    assert "Hash Algorithm: sha256" in said


def test_two_questions_have_two_nonces():
    entropy = FakeEntropy()
    assert time_stamp_request(SHA256, DIGEST, entropy).nonce != time_stamp_request(SHA256, DIGEST, entropy).nonce


def test_a_foreign_token_may_say_more(liar):
    other = tsp.TSTInfo.load(liar.info())
    other["tsa"] = asn1_x509.GeneralName("directory_name", asn1_x509.Name.load(liar.unit.subject.public_bytes()))
    found = liar.check(liar.answer(liar.token(other.dump(force=True))))
    assert found.at == NOW


@pytest.mark.parametrize("seconds", [-120, 120])
def test_two_minutes_are_the_measure__attack_y6(liar, seconds):
    moved = NOW + timedelta(seconds=seconds)
    assert liar.check(liar.answer(), moved)
    with pytest.raises(ts.TimeDiffers):
        liar.check(liar.answer(), moved + timedelta(seconds=seconds / abs(seconds)))


FALSE_INFOS = {
    "another imprint": (ts.ImprintDiffers, {"imprint": imprint(bytes(32))}),
    "another hash with the same bytes": (ts.ImprintDiffers, {"imprint": imprint(oid="2.16.840.1.101.3.4.2.8")}),
    "no nonce": (ts.NonceDiffers, {"nonce": None}),
    "another nonce": (ts.NonceDiffers, {"nonce": 1}),
    "another policy": (ts.PolicyDiffers, {"policy": x509.ObjectIdentifier("1.2.3.4")}),
    "an hour late": (ts.TimeDiffers, {"gen_time": asn1.GeneralizedTime(NOW - timedelta(hours=1))}),
    "an hour early": (ts.TimeDiffers, {"gen_time": asn1.GeneralizedTime(NOW + timedelta(hours=1))}),
    "no accuracy": (ts.TimeDiffers, {"accuracy": None}),
    "a vague accuracy": (ts.TimeDiffers, {"accuracy": Accuracy(seconds=1, millis=1, micros=None)}),
    "another version": (ts.TokenMalformed, {"version": 2}),
    "a critical extension": (
        ts.PolicyDiffers,
        {"extensions": [Extension(oid=x509.ObjectIdentifier("1.2.3"), critical=True, value=b"")]},
    ),
}


@pytest.mark.parametrize("name", FALSE_INFOS)
def test_a_token_that_says_something_else_is_refused__attack_y6(liar, name):
    wanted, changes = FALSE_INFOS[name]
    with pytest.raises(wanted) as caught:
        liar.check(liar.answer(**changes))
    assert type(caught.value) is wanted


FALSE_UNITS = {
    "no purpose": {"purposes": ()},
    "another purpose": {"purposes": (ExtendedKeyUsageOID.OCSP_SIGNING,)},
    "a purpose beside it": {"purposes": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH)},
    "a purpose that may be passed over": {"critical": False},
    "expired": {"begins": NOW - timedelta(days=60)},
    "not yet valid": {"begins": NOW + timedelta(days=2)},
    "key period over": {
        "more": [x509.PrivateKeyUsagePeriod(NOW.replace(tzinfo=None) - timedelta(days=2), NOW.replace(tzinfo=None) - timedelta(days=1))]
    },
    "a certificate authority": {"ca": True},
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE_UNITS)
def test_a_unit_that_may_not_stamp_is_refused__attack_y6(liar, name):
    unit = liar.certify(liar.key, "TEST other unit", **FALSE_UNITS[name])
    with pytest.raises(ts.UnitUntrusted):
        liar.check(liar.answer(liar.token(unit=unit)))


def test_another_authoritys_unit_is_refused__attack_y6(liar):
    other = Liar()
    token = other.token(liar.info())
    with pytest.raises(ts.UnitUntrusted):
        liar.check(liar.answer(token))
    assert check_answer(liar.answer(token), liar.asked, other.trust, NOW)


def test_certificates_without_a_part_in_the_chain_are_refused__attack_y6(liar):
    assert liar.check(liar.answer(liar.token(more=[liar.root])))
    with pytest.raises(ts.UnitUntrusted):
        liar.check(liar.answer(liar.token(more=[Liar().root])))


def test_another_key_than_the_certificates_is_refused__attack_y6(liar):
    with pytest.raises(ts.TokenInvalid):
        liar.check(liar.answer(liar.token(key=SoftwareSigningKey(KeyType.EC_P256))))


def test_a_digest_of_other_content_is_refused(liar):
    with pytest.raises(ts.TokenInvalid, match="message-digest"):
        liar.check(liar.answer(liar.token(digest=bytes(32))))


def test_content_of_another_type_is_refused(liar):
    with pytest.raises(ts.TokenMalformed, match="another type"):
        liar.check(liar.answer(liar.token(kind=DATA)))


def _twice(signed):
    signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0]]


def _unsigned(signed):
    value = {"type": "1.2.3.4", "values": [asn1_core.Integer(1)]}
    signed["signer_infos"][0]["unsigned_attrs"] = [value]


def _without_binding(signed):
    signer = signed["signer_infos"][0]
    kept = [each for each in signer["signed_attrs"] if each["type"].native != "signing_certificate_v2"]
    signer["signed_attrs"] = kept


def _no_attributes(signed):
    signed["signer_infos"][0]["signed_attrs"] = None


def _weak_hash(signed):
    signed["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}


def _other_serial(signed):
    signed["signer_infos"][0]["sid"].chosen["serial_number"] = 5


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (_twice, ts.TokenMalformed),
        (_unsigned, ts.TokenMalformed),
        (_without_binding, ts.TokenMalformed),
        (_no_attributes, ts.TokenMalformed),
        (_other_serial, ts.TokenMalformed),
        (_weak_hash, ts.TokenInvalid),
    ],
)
def test_a_token_of_another_form_is_refused__attack_h14(liar, change, wanted):
    with pytest.raises(wanted):
        liar.check(liar.answer(edited(liar.token(), change)))
    assert liar.check(liar.answer(edited(liar.token(), lambda _signed: None)))


@pytest.mark.parametrize("at", [0, 1, 2, 30, -70, -1])
def test_bent_and_cut_tokens_are_refused(liar, at):
    good = liar.answer()
    bent = bytearray(good)
    bent[at] ^= 0x01
    for wrong in (bytes(bent), good[:at] if at else b"", good + b"\0"):
        with pytest.raises(ts.TimeStampWrong):
            liar.check(wrong)


def test_a_refusal_and_other_bytes_are_told_apart_in_the_log(liar):
    from ca.tsa.token import Failure, refused

    with pytest.raises(ts.NotGranted, match="time is in doubt"):
        liar.check(refused(Failure.TIME_NOT_AVAILABLE))
    with pytest.raises(ts.NotGranted, match="not a response"):
        liar.check(b"<html>")
    with pytest.raises(ts.NotGranted, match="with a token"):
        liar.check(tlv(SEQUENCE, bytes.fromhex("3003020102"), liar.token()))
    with pytest.raises(ts.TokenMalformed, match="bytes"):
        liar.check(bytes(ts.LONGEST_ANSWER + 1))


def test_a_kept_token_is_checked_again_at_its_own_time(liar):
    token = liar.token()
    assert check_token(token, SHA256, DIGEST, liar.trust).at == NOW
    with pytest.raises(ts.ImprintDiffers):
        check_token(token, SHA256, bytes(32), liar.trust)


@pytest.mark.parametrize(
    ("key_type", "algorithm"),
    [
        (KeyType.EC_P384, SignatureAlgorithm.ECDSA_SHA384),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA512),
    ],
)
def test_units_with_other_keys_and_algorithms(liar, key_type, algorithm):
    key = SoftwareSigningKey(key_type)
    unit, info = liar.certify(key, "TEST unit"), liar.info()
    template = CmsTemplate.of([unit.public_bytes(Encoding.DER)], algorithm, TST_INFO)
    digest = algorithm.hash.new(info).digest()
    attributes = algorithm.hash.new(template.signed_attributes(digest)).digest()
    signature = key.sign(Dtbsr(algorithm.hash, attributes), algorithm)
    assert liar.check(liar.answer(template.assemble(digest, signature, info))).at == NOW
    with pytest.raises(ts.TokenInvalid):
        liar.check(liar.answer(template.assemble(digest, signature[:-1] + bytes([signature[-1] ^ 1]), info)))
