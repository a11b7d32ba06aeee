"""The pinned issuing CAs: a set, to which a new one may come while the SAM runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from signer.sam.errors import CertificateMismatch
from signer.sam.issuers import Issuers, PinnedIssuerUnusable
from signer.sam.protocol import DescribeCredential
from tests.support.sam_bench import Workbench, digest
from tests.support.small_pki import SmallCa

DAN = ("Dan", "Pop", "PNORO-1850505400018", "+40722000333", "portal-a", "dan")


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path)


@pytest.fixture
def second(bench) -> SmallCa:
    return SmallCa(bench.clock.now() - timedelta(days=1), "TEST small CA G2")


def pin(bench, authority: SmallCa, name: str = "issuing-g2.pem") -> None:
    (bench.folder / name).write_bytes(authority.certificate.public_bytes(Encoding.PEM))


def enrolled(bench, authority: SmallCa) -> str:
    ours, bench.ca = bench.ca, authority
    try:
        return bench.enrol(*DAN)
    finally:
        bench.ca = ours


def test_a_certificate_of_a_ca_that_is_not_pinned_is_not_taken(bench, second):
    with pytest.raises(CertificateMismatch):
        enrolled(bench, second)


def test_a_ca_that_was_pinned_since_is_noticed_without_a_restart(bench, second):
    pin(bench, second)
    credential = enrolled(bench, second)
    view = bench.ask(DescribeCredential("portal-a", credential))
    assert view.certificates[1] == second.certificate_der
    assert bench.sign_hashes(bench.authorise(digest("x"), account="dan").sad, digest("x"), account="dan")


def test_each_credential_keeps_its_own_issuer(bench, second):
    pin(bench, second)
    enrolled(bench, second)
    ana = bench.ask(DescribeCredential("portal-a", bench.credentials["ana"]))
    assert ana.certificates[1] == bench.ca.certificate_der


def test_a_ca_with_the_name_of_a_pinned_one_and_another_key_is_not_taken(bench, second):
    pin(bench, second)
    impostor = SmallCa(bench.clock.now() - timedelta(days=1), "TEST small CA G2")
    with pytest.raises(CertificateMismatch, match="InvalidSignature"):
        enrolled(bench, impostor)


def test_what_is_pinned_must_be_certificates(tmp_path, bench, second):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PinnedIssuerUnusable):
        Issuers(tmp_path / "empty")
    issuers = Issuers(bench.folder)
    (bench.folder / "issuing-g2.pem").write_bytes(b"junk")
    assert issuers.of(load_der_x509_certificate(bench.ca.certificate_der).public_bytes(Encoding.DER))
    with pytest.raises(PinnedIssuerUnusable, match="issuing-g2"):
        issuers.of(second.certificate_der)
    with pytest.raises(CertificateMismatch):
        Issuers.of(issuers, b"junk")
