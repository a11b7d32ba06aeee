"""The files that the status zone serves, and its health."""

from __future__ import annotations

import pytest
from cryptography import x509

from ca import publication
from ca.status_web import create_pages
from tests.support.ca_bench import CaBench


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
