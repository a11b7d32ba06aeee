"""What may be added to a CMS after it was signed, and that nothing else of it changes."""

import hashlib
import subprocess
from datetime import UTC, datetime

import pytest
from asn1crypto import cms

from core.algorithms import SignatureAlgorithm
from core.cms import TST_INFO, CmsTemplate
from core.der import OCTET_STRING, SEQUENCE, tlv
from signer.cades import CmsMalformed, chain_of, says_when, signature_of, with_content, with_time_stamp
from tests.support.signatory import software_signatory

CONTENT = b"what is signed"
NOW = datetime(2026, 11, 24, 8, 43, tzinfo=UTC)
PERSON = software_signatory()
ECDSA = SignatureAlgorithm.ECDSA_SHA256


def signed(signing_time=None) -> bytes:
    template = CmsTemplate.of(PERSON.chain, ECDSA)
    digest = hashlib.sha256(CONTENT).digest()
    attributes = hashlib.sha256(template.signed_attributes(digest, signing_time)).digest()
    return template.assemble(digest, PERSON.sign(attributes, ECDSA), signing_time=signing_time)


def token() -> bytes:
    return CmsTemplate.of(PERSON.chain, ECDSA, TST_INFO).assemble(bytes(32), b"value", b"info")


def verifies(folder, der: bytes, *, detached: bool) -> bool:
    for name, content in (("cms", der), ("content", CONTENT), ("root", PERSON.root_pem)):
        (folder / name).write_bytes(content)
    command = "openssl cms -verify -binary -inform DER -in cms -CAfile root -purpose any -out out -cades"
    more = ["-content", "content"] if detached else []
    done = subprocess.run([*command.split(), *more], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0 and (folder / "out").read_bytes() == CONTENT


def test_a_time_stamp_comes_beside_the_signature_and_nothing_else_changes__en_319_122_1_5_3(tmp_path):
    before = signed()
    after = with_time_stamp(before, token())
    (signer,) = cms.ContentInfo.load(after, strict=True)["content"]["signer_infos"]
    (attribute,) = signer["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    assert [each.dump() for each in attribute["values"]] == [token()]
    assert signer["signature"].native == signature_of(before) == signature_of(after)
    signer["unsigned_attrs"] = None
    assert verifies(tmp_path, after, detached=True)


def test_a_second_time_stamp_is_not_added():
    with pytest.raises(CmsMalformed):
        with_time_stamp(with_time_stamp(signed(), token()), token())


def test_content_comes_inside_and_openssl_finds_it_there(tmp_path):
    assert not verifies(tmp_path, signed(NOW), detached=False)
    assert verifies(tmp_path, with_content(signed(NOW), CONTENT), detached=False)
    assert verifies(tmp_path, with_content(with_time_stamp(signed(NOW), token()), CONTENT), detached=False)


def test_signing_time_tells_the_forms_apart__en_319_122_1_6_3():
    assert (says_when(signed()), says_when(signed(NOW))) == (False, True)


@pytest.mark.parametrize(("year", "kind"), [(2049, "utc_time"), (2050, "generalized_time")])
def test_signing_time_has_the_type_of_its_century__rfc5652_11_3(year, kind):
    at = NOW.replace(year=year, microsecond=999_999)
    (signer,) = cms.ContentInfo.load(signed(at), strict=True)["content"]["signer_infos"]
    (time,) = (each["values"][0] for each in signer["signed_attrs"] if each["type"].native == "signing_time")
    assert (time.name, time.native) == (kind, at.replace(microsecond=0))


def test_the_chain_leads_to_the_pinned_certificate_or_nowhere():
    assert chain_of(signed(), PERSON.root) == (PERSON.certificate, PERSON.issuing, PERSON.root)
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.support.signatory import _certificate, _name

    key = ec.generate_private_key(ec.SECP256R1())
    stranger = _certificate(_name("TEST alta"), key.public_key(), _name("TEST alta"), key, ca=True)
    with pytest.raises(CmsMalformed, match="lead"):
        chain_of(signed(), stranger)


@pytest.mark.parametrize("der", [b"", b"text", b"\x30\x00", tlv(SEQUENCE, tlv(OCTET_STRING, bytes(100)))])
def test_what_is_no_cms_is_refused(der):
    for read in (
        signature_of,
        says_when,
        lambda der: with_content(der, b""),
        lambda der: with_time_stamp(der, token()),
    ):
        with pytest.raises(CmsMalformed):
            read(der)
