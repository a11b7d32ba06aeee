"""CMS that a tolerant verifier would take: assembled with the right key, wrong in form or in what it says (H14, H15)."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime

import pytest
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from portal.verification import failures
from portal.verification.cms import check_cms
from tests.support.portal_pki import PortalPki

CONTENT = b"what the byte range covers"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def pki():
    return PortalPki()


@pytest.fixture(scope="module")
def ana(pki):
    return pki.signatory("Ana", "Pop")


def _attribute(name, *values):
    return cms.CMSAttribute({"type": name, "values": list(values)})


def _attributes(holder, content=CONTENT, **changes):
    certificate = {"hash_algorithm": {"algorithm": "sha256"}, "cert_hash": hashlib.sha256(holder.der).digest()}
    attributes = {
        "content_type": _attribute("content_type", "data"),
        "message_digest": _attribute("message_digest", hashlib.sha256(content).digest()),
        "signing_certificate_v2": _attribute(
            "signing_certificate_v2", tsp.SigningCertificateV2({"certs": [certificate]})
        ),
    } | changes
    return [each for each in attributes.values() if each is not None]


def _cms(holder, attributes, *, key=None, tbs=None, **changes):
    signed = cms.CMSAttributes(attributes) if attributes is not None else None
    to_sign = tbs if tbs is not None else (signed.dump() if signed is not None else CONTENT)
    certificate = asn1_x509.Certificate.load(holder.der)
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}},
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": (key or holder.key).sign(to_sign, ec.ECDSA(hashes.SHA256())),
    }
    if signed is not None:
        signer["signed_attrs"] = signed
    signer |= changes.pop("signer", {})
    data = {
        "version": "v1",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": "data"},
        "certificates": [certificate],
        "signer_infos": [cms.SignerInfo(signer)],
    } | changes
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()


def test_the_honest_form_is_good(ana):
    assert check_cms(_cms(ana, _attributes(ana)), CONTENT, ana.der).certificates == [ana.der]


def test_no_signed_attributes_is_refused_though_openssl_accepts_it__h15(ana, pki, tmp_path):
    forged = _cms(ana, None)
    for name, content in (("cms", forged), ("content", CONTENT), ("root.pem", pki.root.pem + pki.issuing.pem)):
        (tmp_path / name).write_bytes(content)
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "cms", "-content", "content", "-binary"]
    command += ["-CAfile", "root.pem", "-purpose", "any", "-out", "/dev/null"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with pytest.raises(failures.CmsMalformed):
        check_cms(forged, CONTENT, ana.der)


def test_attributes_offered_as_content_are_refused__w8(ana):
    """The signature over attributes is also a signature over a "document" that is those very bytes."""
    honest = cms.CMSAttributes(_attributes(ana)).dump()
    forged = _cms(ana, None, tbs=honest)
    with pytest.raises(failures.CmsMalformed):
        check_cms(forged, honest, ana.der)


@pytest.mark.parametrize("name", ["content_type", "message_digest", "signing_certificate_v2"])
def test_a_missing_attribute_is_refused(ana, name):
    with pytest.raises(failures.SignedAttributesWrong):
        check_cms(_cms(ana, _attributes(ana, **{name: None})), CONTENT, ana.der)


def test_a_repeated_attribute_is_refused(ana):
    twice = [*_attributes(ana), _attribute("message_digest", hashlib.sha256(b"other").digest())]
    with pytest.raises(failures.SignedAttributesWrong):
        check_cms(_cms(ana, twice), CONTENT, ana.der)


def test_an_attribute_with_two_values_is_refused(ana):
    digests = [hashlib.sha256(each).digest() for each in (CONTENT, b"other")]
    with pytest.raises(failures.SignedAttributesWrong):
        check_cms(_cms(ana, _attributes(ana, message_digest=_attribute("message_digest", *digests))), CONTENT, ana.der)


def test_a_signing_time_is_refused__en_319_142_1_6_3(ana):
    time = _attribute("signing_time", cms.Time({"utc_time": datetime.now(UTC)}))
    with pytest.raises(failures.SignedAttributesWrong):
        check_cms(_cms(ana, [*_attributes(ana), time]), CONTENT, ana.der)


def test_another_content_type_is_refused(ana):
    with pytest.raises(failures.SignedAttributesWrong):
        check_cms(_cms(ana, _attributes(ana, content_type=_attribute("content_type", "tst_info"))), CONTENT, ana.der)


def test_a_digest_of_other_content_is_refused(ana):
    with pytest.raises(failures.DigestMismatch):
        check_cms(_cms(ana, _attributes(ana, content=b"other")), CONTENT, ana.der)


def test_a_signing_certificate_attribute_of_another_certificate_is_refused(ana, pki):
    other = pki.signatory("Ana", "Pop")
    attribute = _attributes(other)[2]
    with pytest.raises(failures.OtherSignatory):
        check_cms(_cms(ana, _attributes(ana, signing_certificate_v2=attribute)), CONTENT, ana.der)


def test_a_signature_by_another_key_is_refused(ana):
    with pytest.raises(failures.SignatureInvalid):
        check_cms(_cms(ana, _attributes(ana), key=ec.generate_private_key(ec.SECP256R1())), CONTENT, ana.der)


def test_the_other_form_of_an_ecdsa_signature_gets_the_same_verdict(ana):
    """s and n - s are both valid: the verdict must not depend on which, and nothing may use the bytes as a name."""
    der = _cms(ana, _attributes(ana))
    info = cms.ContentInfo.load(der)
    value = info["content"]["signer_infos"][0]["signature"].native
    r, s = decode_dss_signature(value)
    mirrored = der.replace(value, encode_dss_signature(r, P256_ORDER - s))
    if len(mirrored) == len(der):  # else a length further up would be wrong, and DER broken
        assert check_cms(mirrored, CONTENT, ana.der).certificates == [ana.der]


def test_two_signers_are_refused(ana, pki):
    two = [cms.ContentInfo.load(_cms(each, _attributes(each)))["content"]["signer_infos"][0] for each in (ana, ana)]
    with pytest.raises(failures.CmsMalformed):
        check_cms(_cms(ana, _attributes(ana), signer_infos=two), CONTENT, ana.der)


def test_unsigned_attributes_are_refused(ana):
    extra = [_attribute("content_type", "data")]
    with pytest.raises(failures.CmsMalformed):
        check_cms(_cms(ana, _attributes(ana), signer={"unsigned_attrs": cms.CMSAttributes(extra)}), CONTENT, ana.der)


def test_content_inside_is_refused(ana):
    inside = {"content_type": "data", "content": core.OctetString(CONTENT)}
    with pytest.raises(failures.CmsMalformed):
        check_cms(_cms(ana, _attributes(ana), encap_content_info=inside), CONTENT, ana.der)


def test_the_certificate_twice_or_not_at_all_is_refused(ana):
    certificate = asn1_x509.Certificate.load(ana.der)
    for certificates in ([], [certificate, certificate]):
        with pytest.raises(failures.SignatoryWrong):
            check_cms(_cms(ana, _attributes(ana), certificates=certificates), CONTENT, ana.der)


def test_another_digest_algorithm_than_the_signatures_is_refused(ana):
    forged = _cms(ana, _attributes(ana), signer={"digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha512"})})
    with pytest.raises(failures.CmsMalformed):
        check_cms(forged, CONTENT, ana.der)


def test_a_weak_hash_is_refused(ana):
    weak = algos.DigestAlgorithm({"algorithm": "sha1"})
    with pytest.raises(failures.CmsMalformed):
        check_cms(
            _cms(ana, _attributes(ana), signer={"digest_algorithm": weak}, digest_algorithms=[weak]), CONTENT, ana.der
        )


def test_bytes_behind_the_structure_are_refused(ana):
    with pytest.raises(failures.CmsMalformed):
        check_cms(_cms(ana, _attributes(ana)) + b"\0", CONTENT, ana.der)


def test_an_extra_member_that_a_strict_loader_passes_over_is_refused(ana):
    """asn1crypto's strict mode reads only the members it knows (H14)."""
    der = _cms(ana, _attributes(ana))
    inner = der[der.index(b"\xa0\x82") :]
    padded = inner + b"\x05\x00"
    forged = b"\x30\x82" + (len(padded) + 11).to_bytes(2) + der[4:15] + padded
    assert cms.ContentInfo.load(forged, strict=True).native["content_type"] == "signed_data"
    with pytest.raises(failures.CmsMalformed):
        check_cms(forged, CONTENT, ana.der)


def test_deep_nesting_is_a_clean_refusal(ana):
    bomb = b""
    for _ in range(5000):
        bomb = b"\x30" + (bytes([len(bomb)]) if len(bomb) < 128 else b"\x83" + len(bomb).to_bytes(3)) + bomb
    with pytest.raises(failures.CmsMalformed):
        check_cms(bomb, CONTENT, ana.der)
