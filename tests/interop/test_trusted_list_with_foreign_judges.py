"""The trusted list before judges that had no part in it: xmlsec1, openssl, pyHanko's reader and its assessor."""

from __future__ import annotations

import asyncio
import io
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_basic_validation
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry
from pyhanko.sign.validation.qualified.q_status import QcPrivateKeyManagementType
from pyhanko.sign.validation.qualified.tsp import QcCertType, TSPRegistry, TSPTrustManager
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.revinfo.archival import OCSPContainer

from ca.delegated import DelegatedKey
from ca.ocsp.issuers import Delegation
from ca.ocsp.responder import Responder
from ca.replica import Replica
from ca.status_issuers import StatusIssuers
from core.algorithms import KeyType
from storage.engine import Database
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock
from tests.support.pdfs import plain
from tests.support.signatory import SoftwareSignatory
from tests.support.signed_pdfs import completed, increment_of
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.trusted_list_rules import complaints

KEY_TYPES = [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072]
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


def authority(folder, key_type: KeyType = KeyType.EC_P256, **ca: object) -> CaBench:
    """Return an authority of today with a responder, a unit, and a published list."""
    bench = CaBench(folder / "state", clock=FakeClock(datetime.now(UTC) - timedelta(minutes=1)), **ca)
    bench.list_key = SoftwareSigningKey(key_type)
    bench.start()
    bench.ocsp_key = SoftwareSigningKey(KeyType.EC_P256)
    bench.ocsp = bench.certify("ocsp", key=bench.ocsp_key)
    bench.tsu = bench.certify("tsu")
    bench.list_signer = bench.certify_list_signer()
    bench.admin.publish_trusted_list()
    return bench


def xmlsec1(folder, bench: CaBench, document: bytes) -> subprocess.CompletedProcess[str]:
    """Have xmlsec1 verify a list, up to the root."""
    (folder / "list.xml").write_bytes(document)
    (folder / "root.pem").write_bytes(bench.made.root_pem)
    (folder / "issuing.pem").write_bytes(bench.made.issuing_pem)
    return subprocess.run(
        ["xmlsec1", "--verify", "--id-attr:Id", SIGNED_PROPERTIES, "--enabled-key-data", "x509",
         "--trusted-pem", "root.pem", "--untrusted-pem", "issuing.pem", "list.xml"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def registry(bench: CaBench, document: bytes | None = None) -> TSPRegistry:
    """Return what pyHanko reads in a list once it has verified it with the list signer's certificate."""
    signer = asn1_x509.Certificate.load(bench.list_signer.public_bytes(Encoding.DER))
    found, errors = trust_list_to_registry((document or bench.trusted_list()).decode(), [signer])
    assert errors == []
    return found


def signature_of_ana(bench: CaBench) -> bytes:
    """Return a document signed as the service signs it, with a certificate of this authority."""
    key, original = SoftwareSigningKey(KeyType.EC_P256), plain()
    issuing, root = (x509.load_der_x509_certificate(der) for der in (bench.made.issuing, bench.made.root))
    person = SoftwareSignatory(key.private_key, bench.issue(key), issuing, root)
    return completed(original, increment_of(original), person)


def judged(bench: CaBench, document: bytes):
    """Return pyHanko's verdict on a signature, whose only anchors are the services of the list."""
    revocation = RevocationCheckingRule.OCSP_REQUIRED
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(revocation, revocation))
    signature = PdfFileReader(io.BytesIO(document)).embedded_signatures[0]
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(TSPTrustManager(registry(bench)), policy),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(known_ocsps=OCSPContainer.load_multi(ocsp_answer(bench, signature.signer_cert))),
    )
    digest = signature.compute_digest()
    return asyncio.run(ades_basic_validation(signature.signed_data, spec, raw_digest=digest))


def ocsp_answer(bench: CaBench, certificate: asn1_x509.Certificate) -> asn1_ocsp.OCSPResponse:
    """Return what the authority's responder says of a certificate."""
    issuing = x509.load_der_x509_certificate(bench.made.issuing)
    replica = Replica(Database(bench.settings.state_dir / "replica.sqlite"), bench.status_caller, bench.clock, clock)
    key = DelegatedKey(bench.ocsp_key, bench.ocsp, issuing, ExtendedKeyUsageOID.OCSP_SIGNING)
    asked = x509.load_der_x509_certificate(certificate.dump())
    request = ocsp.OCSPRequestBuilder().add_certificate(asked, issuing, hashes.SHA256()).build()
    issuers = StatusIssuers(bench.settings.published(), lambda _number, _issuer: lambda: Delegation(key))
    answer = Responder(issuers, replica, bench.clock).answer(request.public_bytes(Encoding.DER))
    return asn1_ocsp.OCSPResponse.load(answer.der)


def clock() -> float:
    """Return the seconds of a machine on which no time passes."""
    return 1000.0


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_xmlsec1_verifies_the_list_up_to_the_root(tmp_path, key_type):
    bench = authority(tmp_path, key_type)
    done = xmlsec1(tmp_path, bench, bench.trusted_list())
    assert done.returncode == 0, done.stderr
    assert "SignedInfo References (ok/all): 2/2" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Svcstatus/granted", b"Svcstatus/withdrawn"),
        (b"<TSLSequenceNumber>1<", b"<TSLSequenceNumber>2<"),
        (b"<xades:SigningTime>20", b"<xades:SigningTime>21"),
        (b"text/xml", b"text/txt"),
        (b"ForeSignatures", b"ForeSeals"),
    ],
)
def test_altered_list_is_refused_by_xmlsec1_and_pyhanko(tmp_path, old, new):
    bench = authority(tmp_path)
    forged = bench.trusted_list().replace(old, new, 1)
    assert forged != bench.trusted_list()
    assert xmlsec1(tmp_path, bench, forged).returncode != 0
    with pytest.raises(SignatureValidationError):
        registry(bench, forged)


def test_list_of_another_signer_is_refused(tmp_path):
    bench, other = authority(tmp_path / "a"), authority(tmp_path / "b")
    assert xmlsec1(tmp_path, bench, other.trusted_list()).returncode != 0
    with pytest.raises(SignatureValidationError):
        registry(bench, other.trusted_list())


def test_openssl_takes_the_list_signers_certificate_strictly(tmp_path):
    bench = authority(tmp_path)
    (tmp_path / "signer.pem").write_bytes(bench.list_signer.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(bench.made.root_pem)
    (tmp_path / "issuing.pem").write_bytes(bench.made.issuing_pem)
    command = "openssl verify -x509_strict -CAfile root.pem -untrusted issuing.pem signer.pem"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_pyhanko_reads_the_issuing_ca_and_the_unit_as_the_services_they_are(tmp_path):
    bench = authority(tmp_path)
    found = registry(bench)
    assert [each.certificate.dump() for each in found.known_certificate_authorities] == [bench.made.issuing]
    unit = bench.tsu.public_bytes(Encoding.DER)
    assert [each.certificate.dump() for each in found.known_timestamp_authorities] == [unit]


def test_signature_of_design_b_is_qualified(tmp_path):
    bench = authority(tmp_path, marking="full")
    verdict = judged(bench, signature_of_ana(bench))
    assert verdict.ades_subindic is AdESPassed.OK
    status = verdict.api_status.qualification_result.status
    assert status.qualified
    assert status.qc_type is QcCertType.QC_ESIGN
    assert status.qc_key_security is QcPrivateKeyManagementType.QSCD_DELEGATED  # keys that the provider keeps


def test_signature_of_design_a_is_valid_and_not_qualified(tmp_path):
    bench = authority(tmp_path, marking="honest")
    verdict = judged(bench, signature_of_ana(bench))
    assert verdict.ades_subindic is AdESPassed.OK
    assert not verdict.api_status.qualification_result.status.qualified


def test_list_with_a_history_still_breaks_no_rule_and_verifies(tmp_path):
    bench = authority(tmp_path)
    bench.admin.revoke(f"{bench.tsu.serial_number:x}", "cessationOfOperation")
    bench.clock.advance(seconds=30)
    bench.admin.publish_trusted_list()
    assert b"Svcstatus/withdrawn" in bench.trusted_list()
    assert complaints(bench.trusted_list()) == []
    assert xmlsec1(tmp_path, bench, bench.trusted_list()).returncode == 0
    assert len(list(registry(bench).known_timestamp_authorities)) == 1  # as it was: its old time-stamps hold
