"""What is refused before a method looks at it: tokens, bodies, media types, hosts. Always JSON, never HTML."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import create_environ

from core.errors import RecordTampered
from tests.support.wire import DIGESTS, assert_error

BAD = "invalid_request"
METHODS = ["credentials/list", "credentials/info", "signatures/signHash", "signatures/signDoc"]


@pytest.mark.parametrize("method", METHODS)
def test_without_a_token_nothing_is_answered(web, method):
    assert_error(web.call(method, {}), 401, "invalid_token", "The access token is missing")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a, Bearer b", "Token x", "Bearer é", "Bearer " + "x" * 5000],
)  # fmt: skip
def test_a_malformed_authorization_header_says_so(web, method, header):
    answer = web.call(method, {}, Authorization=header)
    assert_error(answer, 400, BAD, "Malformed authorization header")


@pytest.mark.parametrize("method", METHODS)
def test_a_token_of_nobody_is_not_valid(web, method):
    answer = web.call(method, {}, "svc_" + "A" * 43)
    assert_error(answer, 401, "invalid_token", "The access token is not valid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_an_expired_token_says_so(web):
    service, sad = web.service_token(web.a), web.authorise(web.a, DIGESTS)
    web.clock.advance(minutes=5)
    text = "The access token is expired or revoked"
    assert_error(web.sign_hash(web.a, sad, DIGESTS), 401, "expired_token", text)
    assert web.call("credentials/list", {"userID": "ana"}, service).status_code == 200
    web.clock.advance(minutes=55)
    assert_error(web.call("credentials/list", {"userID": "ana"}, service), 401, "expired_token", text)


@pytest.mark.parametrize(
    "body",
    [
        b"x", b"[]", b'"x"', b"null", b"7", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"\xff"}',
        rb'{"a":"\ud800"}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1}{"a":2}', b"\xef\xbb\xbf{}", b"{}\x00",
    ],
)  # fmt: skip
def test_a_body_that_two_readers_might_read_differently_is_malformed(web, service, body):
    answer = web.call("credentials/list", body, service)
    if len(body) > 20_000:
        assert_error(answer, 413, BAD, "The request body is too large")
        answer = web.call("signatures/signHash", body, service)
    assert_error(answer, 400, BAD, "The request body is malformed")


@pytest.mark.parametrize(
    ("method", "limit"),
    [("info", 20_000), ("credentials/list", 20_000), ("credentials/info", 20_000), ("signatures/signHash", 1_000_000)],
)
def test_a_body_over_the_limit_of_its_method_is_not_read(web, service, method, limit):
    def sized(size: int) -> bytes:
        return json.dumps({"clientData": "x" * (size - 18)}).encode()

    assert len(sized(limit)) == limit
    answer = web.call(method, sized(limit + 1), service)
    assert_error(answer, 413, BAD, "The request body is too large")
    assert web.call(method, sized(limit), service).status_code != 413


def test_a_body_without_a_length_is_limited_too(web, service):
    """Attack N4: what gunicorn makes of a chunked body that never ends."""
    read = []

    class Endless:
        def read(self, size=-1):
            read.append(size)
            return b"x" * size

    environ = create_environ(
        "/csc/v2/credentials/list", web.origin, method="POST", content_type="application/json",
        headers={"Authorization": f"Bearer {service}"},
    )  # fmt: skip
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"wsgi.input": Endless(), "wsgi.input_terminated": True}
    answer = web.app.response_class.from_app(web.app, environ)
    assert answer.status_code == 413
    assert sum(read) < 100_000


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}), ("application/x-www-form-urlencoded", {}), (None, {}), ("application/jsonx", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
    ],
)  # fmt: skip
def test_another_media_type_is_not_supported(web, service, content_type, headers):
    answer = web.http.post(
        "/csc/v2/credentials/list", data=b"{}", content_type=content_type,
        headers={"Authorization": f"Bearer {service}", **headers},
    )  # fmt: skip
    assert_error(answer, 415, BAD, "The media type of the request body is not supported")


def test_charset_beside_the_media_type_is_accepted(web, service):
    answer = web.http.post(
        "/csc/v2/credentials/list", data=b'{"userID":"ana"}', content_type="application/json; charset=utf-8",
        headers={"Authorization": f"bearer {service}"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    "path", ["/csc/v2/nothing", "/csc/v1/info", "/csc/v2/info/", "/oauth2/nothing", "/csc/v2/INFO"]
)
def test_an_unknown_method_is_json_404(web, path):
    assert_error(web.http.post(path), 404, BAD, "There is no such method")


@pytest.mark.parametrize(
    "path", ["/csc/v2/info", "/csc/v2/signatures/signHash", "/oauth2/token", "/oauth2/pushed_authorize"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_http_method_is_json_405(web, path, method):
    answer = web.http.open(path, method=method, headers={"X-HTTP-Method-Override": "POST"})
    assert_error(answer, 405, BAD, "The method takes another HTTP method")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "host", ["evil.example", "service.example.com.evil.example", "service.example.com:81", "", "localhost", "a b"]
)
def test_another_host_is_refused(web, host):
    answer = web.http.post("/csc/v2/info", environ_overrides={"HTTP_HOST": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_forwarded_headers_change_nothing(web):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    answer = web.http.get("/.well-known/oauth-authorization-server", headers=headers)
    assert answer.json["issuer"] == web.origin


def test_a_zone_that_does_not_answer_is_503(web, service, sad):
    web.channel.down = True
    try:
        for answer in (
            web.call("credentials/list", {"userID": "ana"}, service),
            web.sign_hash(web.a, web.service_token(web.a), DIGESTS, SAD=sad),
            web.http.get("/health"),
        ):
            assert_error(answer, 503, "temporarily_unavailable", "The service is temporarily unavailable")
            assert answer.headers["Retry-After"] == "5"
    finally:
        web.channel.down = False
    assert web.http.get("/health").json == {"status": "ok"}


def test_an_error_nobody_foresaw_is_a_bare_500(web, service, monkeypatch):
    monkeypatch.setattr(web.sam, "list_credentials", lambda request: 1 / 0)
    assert_error(web.call("credentials/list", {"userID": "ana"}, service), 500, "server_error", None)


def test_a_broken_seal_is_500_without_a_reason(web, service, monkeypatch):
    def tampered(request):
        raise RecordTampered("credentials")

    monkeypatch.setattr(web.sam, "list_credentials", tampered)
    assert_error(web.call("credentials/list", {"userID": "ana"}, service), 500, "server_error", None)


def test_token_kinds_go_only_where_the_table_says(web, service, sad):
    """Attack T3: every method, token kind and place."""
    cells = {
        "service token, SAD in the body": web.sign_hash(web.a, service, DIGESTS, SAD=sad),
        "SAD alone": web.sign_hash(web.a, sad, DIGESTS),
        "SAD in both places": web.sign_hash(web.a, sad, DIGESTS, SAD=sad),
        "service token as SAD": web.sign_hash(web.a, service, DIGESTS, SAD=service),
        "SAD, service token as SAD": web.sign_hash(web.a, sad, DIGESTS, SAD=service),
        "foreign service token, SAD in the body": web.sign_hash(web.a, web.service_token(web.b), DIGESTS, SAD=sad),
    }
    passed = {name for name, answer in cells.items() if answer.status_code == 200}
    assert passed == {"service token, SAD in the body", "SAD alone", "SAD in both places"}
    in_query = web.http.post(f"/csc/v2/credentials/list?access_token={service}", json={"userID": "ana"})
    assert_error(in_query, 401, "invalid_token", "The access token is missing")
