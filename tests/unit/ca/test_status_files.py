"""The files that the status zone serves, and its health."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import ceremony, crl, protocol, publication
from ca.draft import Issuer
from ca.status_files import NotPublished, check_lists
from ca.status_web import create_pages
from core.algorithms import KeyType
from tests.support.ca_bench import CaBench, settings_for
from tests.support.software_hsm import SoftwareSigningKey


class NothingToProve:
    """A probe that always succeeds: responder and unit have tests of their own."""

    def check(self, generations) -> None:
        assert generations == [1]


@pytest.fixture
def http(bench):
    return create_pages(bench.settings.published(), NothingToProve(), bench.clock).test_client()


def path_of(url: str) -> str:
    return url.removeprefix("http://pki.example.com")


def test_every_url_that_certificates_carry_is_served__rfc2585_4(bench, http):
    issuing = x509.load_der_x509_certificate(bench.made.issuing)
    for certificate, issuer in ((bench.issue(), bench.made.issuing), (issuing, bench.made.root)):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        answer = http.get(path_of(points[0].full_name[0].value))
        assert (answer.status_code, answer.mimetype) == (200, "application/pkix-crl")
        assert x509.load_der_x509_crl(answer.data).issuer == certificate.issuer
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        (place,) = [each for each in access if each.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS]
        answer = http.get(path_of(place.access_location.value))
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pkix-cert", issuer)


def test_an_unchanged_list_is_answered_with_304(bench, http):
    first = http.get("/crl/issuing.crl")
    again = http.get("/crl/issuing.crl", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    bench.clock.advance(days=1)
    bench.authority.make_round()
    assert http.get("/crl/issuing.crl", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("/crl/issuing.crl", 600), ("/crl/root.crl", 3600), ("/ca/issuing.crt", 86400), ("/ca/root.crt", 86400)],
)
def test_caches_are_told_how_long(http, path, seconds):
    answer = http.get(path)
    assert answer.headers["Cache-Control"] == f"public, max-age={seconds}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert http.head(path).headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize(
    "path", ["/", "/crl/", "/ca/private.key", "/crl/../ca/root.crt", "/static/x", "/crl/.issuing.crl.new"]
)
def test_nothing_else_is_served(http, path):
    assert http.get(path).status_code == 404


def test_a_list_is_only_read(http):
    assert http.post("/crl/issuing.crl", data=b"x").status_code == 405


def test_health_is_good_while_both_lists_are_fresh(bench, http):
    assert http.get("/health").data == b"ok\n"
    bench.clock.advance(hours=23)
    assert http.get("/health").status_code == 200


def test_health_notices_a_list_that_was_not_renewed__css_6_3_9_05(bench, http):
    bench.clock.advance(hours=24, seconds=1)
    answer = http.get("/health")
    assert (answer.status_code, answer.data) == (503, b"ListStale\n")
    assert http.get("/crl/issuing.crl").status_code == 200  # relying parties judge for themselves


def test_health_notices_a_root_list_that_is_over(bench, http):
    bench.clock.advance(days=365)
    bench.authority.make_round()
    assert http.get("/health").data == b"ListStale\n"


@pytest.mark.parametrize("name", [publication.issuing_crl(1), publication.ROOT_CRL])
def test_health_notices_a_missing_or_foreign_list(bench, http, name):
    stranger = CaBench(bench.settings.state_dir / "stranger")
    path = bench.settings.published() / name
    path.write_bytes((stranger.settings.published() / name).read_bytes())
    assert http.get("/health").data == b"PublishedCrlBroken\n"
    path.unlink()
    assert http.get("/health").data == b"NotPublished\n"


def test_health_notices_a_broken_certificate(bench, http):
    path = bench.settings.published() / publication.issuing_certificate(1)
    path.write_bytes(b"junk")
    assert http.get("/health").data == b"NotPublished\n"


def test_a_list_that_is_not_published_is_an_outage_and_not_a_wrong_address(bench, http):
    (bench.settings.published() / publication.issuing_crl(1)).unlink()
    answer = http.get("/crl/issuing.crl")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")


# --- generations of the issuing CA --------------------------------------------------------------------------------


def publish_second(bench) -> None:
    """Publish a second generation and its list, as a rotation does."""
    key = SoftwareSigningKey(KeyType.EC_P384)
    made = ceremony.perform(
        bench.root_key, key, settings_for(Path("x"), issuing_name="TEST CA G2").ca, bench.clock, bench.entropy
    )
    issuer = Issuer.of(x509.load_der_x509_certificate(made.issuing))
    published, now = bench.settings.published(), bench.clock.now()
    (published / "issuing-g2.crt").write_bytes(made.issuing)
    (published / "issuing-g2.pem").write_bytes(made.issuing_pem)
    lists = crl.build(issuer, key, number=1, this_update=now, next_update=protocol.NEVER)
    (published / "issuing-g2.crl").write_bytes(lists.public_bytes(Encoding.DER))


def test_a_generation_is_served_under_its_own_addresses_once_it_is_published(bench, http):
    for path in ("/crl/issuing-g2.crl", "/ca/issuing-g2.crt", "/crl/issuing-g1.crl", "/crl/issuing-g02.crl"):
        assert http.get(path).status_code == 404
    publish_second(bench)
    answer = http.get("/crl/issuing-g2.crl")
    assert (answer.mimetype, answer.cache_control.max_age) == ("application/pkix-crl", 600)
    assert (
        x509.load_der_x509_crl(answer.data).issuer
        == x509.load_der_x509_certificate(http.get("/ca/issuing-g2.crt").data).subject
    )
    assert http.get("/crl/issuing-g3.crl").status_code == 404


def test_the_last_list_of_a_generation_does_not_become_stale(bench):
    publish_second(bench)
    assert check_lists(bench.settings.published(), bench.clock.now()) == [1]
    bench.clock.advance(hours=20)
    bench.authority.make_round()
    bench.clock.advance(hours=20)
    bench.authority.make_round()
    assert check_lists(bench.settings.published(), bench.clock.now()) == [1]
    (bench.settings.published() / "issuing-g2.crl").unlink()
    with pytest.raises(NotPublished, match="issuing-g2"):
        check_lists(bench.settings.published(), bench.clock.now())
