"""Statuses gathered from an authority of the test's own: what is kept and for how long, and what is not believed (Y7)."""

import threading

import httpx
import pytest
from cryptography import x509

from ca import publication
from core import addresses
from signer.outside import Outside, OutsideFailed
from signer.revocation import CertificateRevoked, Revocation, StatusSource, StatusUnavailable
from signer.validation_data import ValidationData, der_of
from tests.support.trust_services import ZONE, TrustServices


class Asked:
    """What was asked for, and answers that a test may change on the way."""

    def __init__(self, services: TrustServices) -> None:
        self.paths: list[str] = []
        self.changed: dict[str, httpx.Response] = {}
        self._services = services

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return self.changed.get(request.url.path) or self._services.transport.handle_request(request)


@pytest.fixture
def services(tmp_path):
    return TrustServices(tmp_path / "state")


@pytest.fixture
def asked(services):
    return Asked(services)


@pytest.fixture
def revocation(services, asked):
    outside = Outside(httpx.MockTransport(asked))
    sources = (
        StatusSource(services.issuing, ocsp_url=ZONE + addresses.OCSP),
        StatusSource(services.root, crl_url=ZONE + addresses.ROOT_CRL),
    )
    return Revocation(outside, lambda: sources, services.clock)


@pytest.fixture
def chain(services):
    return (services.ca.issue(), services.issuing, services.root)


def answered(content: bytes, kind: str = "application/ocsp-response") -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(content), headers={"Content-Type": kind})


def test_a_chain_gets_an_answer_for_the_signatory_and_a_list_for_the_authority(revocation, chain):
    data = revocation.of_signatory(chain)
    assert data.certificates == tuple(der_of(each) for each in chain)
    assert (len(data.ocsps), len(data.crls)) == (1, 1)


def test_it_is_asked_for_once_and_again_when_it_must_be_newer(services, revocation, asked, chain):
    first = revocation.of_signatory(chain)
    services.advance(minutes=4, seconds=59)
    assert revocation.of_signatory(chain) is first
    assert asked.paths == ["/ocsp", "/crl/root.crl"]
    services.advance(seconds=1)
    assert revocation.of_signatory(chain) != first
    assert asked.paths == ["/ocsp", "/crl/root.crl"] * 2


def test_a_part_of_the_service_is_asked_about_shortly_before_its_answer_ends(services, revocation, asked):
    chain = (services.unit, services.issuing, services.root)
    revocation.of_part(chain)
    services.advance(minutes=57)  # an answer lives for an hour
    revocation.of_part(chain)
    assert asked.paths.count("/ocsp") == 1
    services.advance(minutes=2)
    revocation.of_part(chain)
    assert asked.paths.count("/ocsp") == 2


def test_who_asks_at_the_same_moment_waits_for_the_one_answer(revocation, asked, chain):
    found: list[ValidationData] = []
    crew = [threading.Thread(target=lambda: found.append(revocation.of_signatory(chain))) for _ in range(8)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert asked.paths.count("/ocsp") == 1


def test_a_revoked_signatory_is_told_apart_from_a_status_that_is_not_known(services, revocation, chain):
    services.ca.admin.revoke(f"{chain[0].serial_number:x}", "keyCompromise")
    with pytest.raises(CertificateRevoked):
        revocation.of_signatory(chain)


def test_a_revoked_unit_is_the_services_own_fault(services, revocation):
    services.ca.admin.revoke(f"{services.unit.serial_number:x}", "superseded")
    with pytest.raises(StatusUnavailable, match="revoked"):
        revocation.of_part((services.unit, services.issuing, services.root))


def test_an_issuer_that_became_known_since_is_asked_without_a_restart(services, asked, chain):
    root = StatusSource(services.root, crl_url=ZONE + addresses.ROOT_CRL)
    known = [root]
    revocation = Revocation(Outside(httpx.MockTransport(asked)), lambda: tuple(known), services.clock)
    with pytest.raises(StatusUnavailable):
        revocation.of_signatory(chain)
    known.append(StatusSource(services.issuing, ocsp_url=ZONE + addresses.OCSP))
    assert revocation.of_signatory(chain).ocsps


def test_nothing_that_failed_is_kept(services, revocation, asked, chain):
    asked.changed["/ocsp"] = httpx.Response(503)
    for _ in range(2):
        with pytest.raises(OutsideFailed):
            revocation.of_signatory(chain)
    asked.changed.clear()
    assert revocation.of_signatory(chain).ocsps


def test_an_issuer_that_is_not_in_the_table_is_asked_nothing__attack_y7(tmp_path, revocation, asked):
    """Its certificates name an address, which is anybody's: no connection is made."""
    stranger = TrustServices(tmp_path / "stranger")
    with pytest.raises(StatusUnavailable, match="nobody is asked"):
        revocation.of_signatory((stranger.ca.issue(), stranger.issuing, stranger.root))
    assert asked.paths == []


def test_an_answer_about_another_certificate_is_not_believed__attack_y7(services, revocation, asked, chain):
    other = services.ca.issue()
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    request = ocsp.OCSPRequestBuilder().add_certificate(other, services.issuing, hashes.SHA256()).build()
    asked.changed["/ocsp"] = answered(services.parts.answer(request.public_bytes(Encoding.DER)).der)
    with pytest.raises(StatusUnavailable):
        revocation.of_signatory(chain)


def test_an_answer_by_somebody_else_is_not_believed__attack_y7(tmp_path, services, asked, revocation, chain):
    stranger = TrustServices(tmp_path / "stranger")
    from tests.support.status_bench import StatusBench

    status = StatusBench(tmp_path / "status", clock=services.clock)
    status.feed.good(chain[0].serial_number)
    asked.changed["/ocsp"] = answered(status.parts.answer(status.request(chain[0].serial_number)).der)
    with pytest.raises(StatusUnavailable):
        revocation.of_signatory(chain)
    asked.changed = {"/crl/root.crl": answered((stranger.settings.published() / publication.ROOT_CRL).read_bytes())}
    with pytest.raises(StatusUnavailable):
        revocation.of_signatory(chain)


@pytest.mark.parametrize("content", [b"", b"\x30\x03\x0a\x01\x06", b"\x30\x00", b"text", bytes(5000)])
def test_what_is_no_answer_is_not_believed(revocation, asked, chain, content):
    for path in ("/ocsp", "/crl/root.crl"):
        asked.changed = {path: answered(content)}
        with pytest.raises(StatusUnavailable):
            revocation.of_signatory(chain)


def test_a_list_that_is_over_is_not_believed(services, revocation, chain):
    services.advance(days=400)
    services.renew_responder()
    with pytest.raises(StatusUnavailable):
        revocation.of_part((services.unit, services.issuing, services.root))
    assert isinstance(chain[0], x509.Certificate)
