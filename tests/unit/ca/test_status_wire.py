"""OCSP and time-stamps over HTTP: what is answered, what is refused, what caches are told."""

import base64
import io
from urllib.parse import quote

import pytest
from cryptography.x509 import ocsp
from werkzeug.test import Client

from ca.ocsp.answer import Refusal
from ca.ocsp.request import LONGEST_REQUEST
from ca.status_web import create_app
from tests.support.status_bench import StatusBench
from tests.unit.ca.test_time_stamps import query

OCSP, TSP = "application/ocsp-request", "application/timestamp-query"


@pytest.fixture
def status(tmp_path):
    bench = StatusBench(tmp_path / "status")
    bench.feed.good(5)
    return bench


@pytest.fixture
def http(status):
    return Client(create_app(status.folder, status.parts, status.probe, status.clock))


def by_get(status, serial: int = 5, **how) -> str:
    return "/ocsp/" + quote(base64.b64encode(status.request(serial, **how)), safe="")


def test_a_posted_request_is_answered_and_not_stored__rfc6960_a_1(status, http):
    answer = http.post("/ocsp", data=status.request(5), content_type=OCSP)
    assert (answer.status_code, answer.mimetype) == (200, "application/ocsp-response")
    assert answer.headers["Cache-Control"] == "no-store"
    assert ocsp.load_der_ocsp_response(answer.data).serial_number == 5


def test_an_answer_by_get_says_how_long_it_may_be_kept__rfc5019_6_2(status, http):
    answer = http.get(by_get(status, nonce=None))
    said = ocsp.load_der_ocsp_response(answer.data)
    assert answer.headers["Cache-Control"] == "max-age=30, public, no-transform, must-revalidate"
    assert answer.last_modified == said.produced_at_utc
    assert answer.expires == said.next_update_utc
    assert answer.headers["Content-Length"] == str(len(answer.data))
    again = http.get(by_get(status, nonce=None), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]


def test_after_a_revocation_the_tag_is_another__attack_n11(status, http):
    tag = http.get(by_get(status, nonce=None)).headers["ETag"]
    status.feed.revoked(5, status.clock.now())
    status.advance(seconds=1)
    answer = http.get(by_get(status, nonce=None), headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert ocsp.load_der_ocsp_response(answer.data).certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_what_is_for_one_client_or_may_change_at_once_is_not_stored(status, http):
    for path in (by_get(status), by_get(status, 6, nonce=None)):  # with a nonce; unknown
        answer = http.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


def test_every_form_of_base64_in_the_path_is_read(status, http):
    encoded = set()
    for serial in range(200, 320):  # among them are plus signs, slashes and two slashes in a row
        text = base64.b64encode(status.request(serial, nonce=bytes([255, 255, serial & 0xFF]) * 5)).decode()
        encoded |= {each for each in ("+", "/", "//") if each in text}
        for path in (quote(text, safe=""), quote(text, safe="/"), quote(text, safe="/+=")):
            answer = http.get(f"/ocsp/{path}")
            assert ocsp.load_der_ocsp_response(answer.data).serial_number == serial
    assert encoded == {"+", "/", "//"}


@pytest.mark.parametrize("text", ["x", "MA", "%FF%FF", "M%20A=", "MAo=MAo=", "%2e%2e/%2e%2e", "-_-_", "ț"])
def test_other_paths_are_malformed_requests(http, text):
    answer = http.get(f"/ocsp/{text}")
    assert (answer.status_code, answer.data) == (200, Refusal.MALFORMED_REQUEST.value)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_head_has_the_headers_and_no_body(status, http):
    answer = http.head(by_get(status, nonce=None))
    assert answer.data == b""
    assert int(answer.headers["Content-Length"]) > 500


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/ocsp", "POST"), ("PUT", "/ocsp", "POST"), ("POST", "/ocsp/MAo=", "GET, HEAD"), ("GET", "/tsa", "POST")],
)
def test_other_methods_are_refused(http, method, path, allowed):
    answer = http.open(path, method=method, data=b"x", content_type=OCSP)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/ocsp", "/tsa"])
@pytest.mark.parametrize("kind", ["", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused__rfc3161_3_4(status, http, path, kind):
    answer = http.post(path, data=status.request(5), content_type=kind)
    assert answer.status_code == 415


@pytest.mark.parametrize(("path", "kind"), [("/ocsp", f"{OCSP.upper()}; charset=binary"), ("/tsa", TSP.upper())])
def test_a_content_type_is_read_as_http_writes_it(status, http, path, kind):
    body = query() if path == "/tsa" else status.request(5)
    assert http.post(path, data=body, content_type=kind).status_code == 200


class Endless(io.RawIOBase):
    """A body of ten megabytes that counts what was read of it."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = min(len(buffer), 10_000_000 - self.taken)
        buffer[:count] = bytes(count)
        self.taken += count
        return count


@pytest.mark.parametrize(("path", "kind"), [("/ocsp", OCSP), ("/tsa", TSP)])
@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_refused_unread(http, path, kind, chunked):
    body = Endless()
    environ = {"wsgi.input": body, "wsgi.input_terminated": chunked, "CONTENT_LENGTH": "" if chunked else "10000000"}
    answer = http.post(path, content_type=kind, environ_overrides=environ)
    assert answer.status_code == 413
    assert body.taken <= LONGEST_REQUEST + 1


@pytest.mark.parametrize(("path", "kind"), [("/ocsp", OCSP), ("/tsa", TSP)])
def test_a_body_without_length_or_end_is_not_waited_for(http, path, kind):
    body = Endless()
    answer = http.post(path, content_type=kind, environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": ""})
    assert answer.status_code == 200  # malformed, as an empty one is
    assert body.taken == 0


@pytest.mark.parametrize("body", [b"", b"\x30\x00", b"text", b"\x30" * 5000])
def test_malformed_bodies_are_told_so_in_the_protocols_own_words(http, body):
    answer = http.post("/ocsp", data=body, content_type=OCSP)
    assert (answer.status_code, answer.data) == (200, Refusal.MALFORMED_REQUEST.value)
    answer = http.post("/tsa", data=body, content_type=TSP)
    assert (answer.status_code, answer.mimetype) == (200, "application/timestamp-reply")
    assert answer.data.endswith(b"\x03\x02\x02\x04")  # badDataFormat


def test_a_time_stamp_is_given_and_not_stored__rfc3161_3_4(status, http):
    answer = http.post("/tsa", data=query(), content_type=TSP)
    assert (answer.status_code, answer.mimetype) == (200, "application/timestamp-reply")
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_answer_says_that_it_is_no_page(status, http):
    for answer in (http.post("/ocsp", data=b"", content_type=OCSP), http.get("/ocsp"), http.get("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


def test_the_probe_notices_what_does_not_work(status):
    status.probe.check([1])
    status.ocsp_key.gone = True
    with pytest.raises(Exception, match="TRY_LATER"):
        status.probe.check([1])
    status.ocsp_key.gone = False
    status.tsu_key.faulty = True
    with pytest.raises(Exception, match="delegated"):
        status.probe.check([1])
    status.tsu_key.faulty = False
    status.clock.advance(hours=-1)
    with pytest.raises(Exception):  # noqa: B017  # whichever part says so first
        status.probe.check([1])
