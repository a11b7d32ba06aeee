"""`core.cms` against pyHanko's own CMS, octet for octet."""

import asyncio
import hashlib
import subprocess
import sys
import time

import pytest
from asn1crypto import algos, cms, keys, x509
from pyhanko.sign.attributes import SigningCertificateV2Provider
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from core.algorithms import KeyType, SignatureAlgorithm
from core.cms import CmsTemplate
from core.errors import Malformed, MalformedDigest
from tests.support.signatory import software_signatory

CASES = [
    (KeyType.EC_P256, SignatureAlgorithm.ECDSA_SHA256),
    (KeyType.EC_P384, SignatureAlgorithm.ECDSA_SHA384),
    (KeyType.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256),
    (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA256),
    (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA384),
    (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA512),
]


class FixedSigner(SimpleSigner):
    """pyHanko's signer with a signature value given beforehand."""

    value = b""

    async def async_sign_raw(self, data, digest_algorithm, dry_run=False):
        return self.value


def pyhanko_cms(person, algorithm, digest: bytes, signature: bytes) -> tuple[bytes, bytes]:
    """Return the signed attributes and the CMS that pyHanko makes of the same input."""
    name = algorithm.hash.hashlib_name
    certificates = [x509.Certificate.load(der) for der in person.chain]
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves its constructor untyped
    store.register_multiple(certificates[1:])  # the signer's own is added by pyHanko
    signer = FixedSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(person.key_der),
        cert_registry=store,
        signature_mechanism=pss_mechanism(name) if algorithm is SignatureAlgorithm.RSA_PSS_SHA256 else None,
    )
    signer.value = signature
    attributes = asyncio.run(signer.signed_attrs(digest, name, use_pades=True))
    content = asyncio.run(signer.async_sign_prescribed_attributes(name, attributes, cms_version="v1"))
    return attributes.dump(), content.dump()


def pss_mechanism(name: str) -> algos.SignedDigestAlgorithm:
    digest = algos.DigestAlgorithm({"algorithm": name})
    mask = algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": digest})
    parameters = {"hash_algorithm": digest, "mask_gen_algorithm": mask, "salt_length": 32}
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(parameters)})


@pytest.mark.parametrize(("key_type", "algorithm"), CASES)
def test_cms_is_octet_for_octet_what_pyhanko_makes(key_type, algorithm):
    person = software_signatory(key_type)
    template = CmsTemplate.of(person.chain, algorithm)
    digest = algorithm.hash.new(b"document").digest()
    attributes = template.signed_attributes(digest)
    signature = person.sign(algorithm.hash.new(attributes).digest(), algorithm)

    expected_attributes, expected_cms = pyhanko_cms(person, algorithm, digest, signature)

    assert attributes == expected_attributes
    assert template.assemble(digest, signature) == expected_cms


@pytest.mark.parametrize(("key_type", "algorithm"), CASES)
def test_openssl_verifies_the_assembled_cms(key_type, algorithm, tmp_path):
    person = software_signatory(key_type)
    template = CmsTemplate.of(person.chain, algorithm)
    digest = algorithm.hash.new(b"document").digest()
    signature = person.sign(algorithm.hash.new(template.signed_attributes(digest)).digest(), algorithm)
    (tmp_path / "cms").write_bytes(template.assemble(digest, signature))
    (tmp_path / "content").write_bytes(b"document")
    (tmp_path / "root").write_bytes(person.root_pem)

    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-content", "content"]
    purpose = ["-CAfile", "root", "-purpose", "any", "-out", "out"]
    done = subprocess.run(command + purpose, cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def test_signed_attributes_are_the_three_of_pades_b_b__en_319_142_1_6_3():
    template = CmsTemplate.of(software_signatory().chain, SignatureAlgorithm.ECDSA_SHA256)
    attributes = cms.CMSAttributes.load(template.signed_attributes(bytes(32)), strict=True)
    assert sorted(a["type"].native for a in attributes) == ["content_type", "message_digest", "signing_certificate_v2"]


def test_attribute_values_come_back_as_given():
    template = CmsTemplate.of(software_signatory().chain, SignatureAlgorithm.ECDSA_SHA256)
    digest = hashlib.sha256(b"x").digest()
    attributes = {a["type"].native: a["values"][0] for a in cms.CMSAttributes.load(template.signed_attributes(digest))}
    assert attributes["message_digest"].native == digest
    provider = SigningCertificateV2Provider(x509.Certificate.load(software_signatory().chain[0]))
    assert attributes["signing_certificate_v2"].dump() == asyncio.run(provider.build_attr_value()).dump()


@pytest.mark.parametrize("length", [0, 31, 33, 48, 64])
def test_digest_of_another_length_is_refused(length):
    template = CmsTemplate.of(software_signatory().chain, SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(MalformedDigest):
        template.signed_attributes(bytes(length))
    with pytest.raises(MalformedDigest):
        template.assemble(bytes(length), b"signature")


@pytest.mark.parametrize("chain", [[], [b""], [b"not a certificate"], [b"\x30\x03\x02\x01\x01"]])
def test_chain_without_a_certificate_is_refused(chain):
    with pytest.raises(Malformed):
        CmsTemplate.of(chain, SignatureAlgorithm.ECDSA_SHA256)


def test_size_counts_the_whole_structure():
    template = CmsTemplate.of(software_signatory().chain, SignatureAlgorithm.ECDSA_SHA256)
    assert template.size(72) == len(template.assemble(bytes(32), bytes(72)))


def test_filling_in_takes_microseconds():
    template = CmsTemplate.of(software_signatory().chain, SignatureAlgorithm.ECDSA_SHA256)
    best = min(_once(template) for _ in range(200))
    assert best < 0.0005


def _once(template: CmsTemplate) -> float:
    start = time.perf_counter()
    template.signed_attributes(bytes(32))
    template.assemble(bytes(32), bytes(72))
    return time.perf_counter() - start


def test_importing_it_loads_no_pdf_library():
    code = "import sys, core.cms; sys.exit(any(m.split('.')[0] in {'pyhanko', 'pypdfium2'} for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
