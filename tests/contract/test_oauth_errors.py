"""Error bodies of the OAuth endpoints: CSC API v2 §8.2, RFC 6749 §5.2, RFC 9126 §2.3, RFC 9396 §5, RFC 9101 §6."""

from __future__ import annotations

import base64
import json

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.oauth.clients import Scope
from tests.support.web_bench import CHALLENGE, CSC_TYPE
from tests.support.wire import DIGESTS, assert_error

BAD = "invalid_request"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def code(web):
    """A fresh authorization code of portal A."""
    browser = web.browser().authorise(web.pushed(web.a, DIGESTS))
    return browser.answer["code"]


@pytest.fixture(autouse=True)
def _a_new_day(web):
    yield
    web.clock.advance(hours=6)


# -- client authentication: the same at every endpoint -----------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["token", "pushed_authorize", "revoke"])
class TestClientAuthentication:
    def send(self, web, endpoint, form, headers=None):
        base = {"grant_type": "client_credentials"} if endpoint == "token" else {"token": "x", "request": "x"}
        return web.http.post(f"/oauth2/{endpoint}", data=base | form, headers=headers)

    def test_nobody(self, web, endpoint):
        assert_error(self.send(web, endpoint, {}), 400, BAD, "Missing parameter client_id")

    def test_no_secret(self, web, endpoint):
        answer = self.send(web, endpoint, {"client_id": web.a.client})
        assert_error(answer, 401, BAD, "Client authorization required")
        assert answer.headers["WWW-Authenticate"] == "Basic"

    def test_unknown_client(self, web, endpoint):
        form = {"client_id": "client-none", "client_secret": web.a.secret}
        assert_error(self.send(web, endpoint, form), 400, BAD, "Invalid parameter client_id")

    @pytest.mark.parametrize("secret", ["wrong", "é", "x" * 5000])
    def test_wrong_secret(self, web, endpoint, secret):
        form = {"client_id": web.a.client, "client_secret": secret}
        assert_error(self.send(web, endpoint, form), 400, BAD, "Invalid parameter client_secret")
        answer = self.send(web, endpoint, {}, basic(web.a.client, secret))
        assert_error(answer, 400, BAD, "Invalid parameter client_secret")

    def test_secret_of_another_client(self, web, endpoint):
        form = {"client_id": web.a.client, "client_secret": web.b.secret}
        assert_error(self.send(web, endpoint, form), 400, BAD, "Invalid parameter client_secret")

    def test_two_methods_at_once(self, web, endpoint):
        form = {"client_id": web.a.client, "client_secret": web.a.secret}
        answer = self.send(web, endpoint, form, web.a.basic)
        assert_error(answer, 401, "invalid_client", "Client authorization required")

    def test_two_client_ids(self, web, endpoint):
        answer = self.send(web, endpoint, {"client_id": web.b.client}, web.a.basic)
        assert_error(answer, 401, "invalid_client", "Client authorization required")

    @pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic eA==", "Bearer x", "Basic OnM=", "Basic /w=="])
    def test_a_header_that_is_no_basic(self, web, endpoint, header):
        answer = self.send(web, endpoint, {}, {"Authorization": header})
        assert_error(answer, 401, BAD, "Client authorization required")

    def test_a_repeated_parameter(self, web, endpoint):
        body = f"client_id={web.a.client}&client_id={web.b.client}&client_secret={web.a.secret}"
        answer = web.http.post(f"/oauth2/{endpoint}", data=body, content_type="application/x-www-form-urlencoded")
        assert_error(answer, 400, BAD, "A parameter, header or cookie is repeated")

    def test_another_media_type(self, web, endpoint):
        answer = web.http.post(f"/oauth2/{endpoint}", json={"client_id": web.a.client})
        assert_error(answer, 415, BAD, "The media type of the request body is not supported")

    def test_parameters_in_the_query_do_not_count(self, web, endpoint):
        query = f"client_id={web.a.client}&client_secret={web.a.secret}&grant_type=client_credentials"
        answer = web.http.post(f"/oauth2/{endpoint}?{query}", data={"grant_type": "client_credentials"})
        assert_error(answer, 400, BAD, "Missing parameter client_id")

    @pytest.mark.parametrize("body", ["a=%FF", "a", "&".join(f"a{n}=1" for n in range(60))])
    def test_a_form_that_is_none(self, web, endpoint, body):
        answer = web.http.post(f"/oauth2/{endpoint}", data=body, content_type="application/x-www-form-urlencoded")
        assert_error(answer, 400, BAD, "The request body is malformed")


# -- token ---------------------------------------------------------------------------------------------------------------


def token(web, **form):
    return web.http.post("/oauth2/token", data=form, headers=web.a.basic)


def test_the_grant_type_is_said_and_known(web):
    assert_error(token(web, client_id=web.a.client), 400, BAD, "Missing parameter grant_type")
    for grant in ("refresh_token", "password", "implicit", "Authorization_Code"):
        assert_error(token(web, grant_type=grant), 400, BAD, "Invalid parameter grant_type")


def test_service_tokens_are_for_the_service_scope_only(web):
    for scope in ("credential", "service credential", "admin"):
        answer = token(web, grant_type="client_credentials", scope=scope)
        assert_error(answer, 400, "invalid_scope", "Invalid parameter scope")
    answer = token(web, grant_type="client_credentials", scope="service")
    assert answer.status_code == 200
    assert {"token_type": "Bearer", "expires_in": 3600}.items() <= answer.json.items()
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_without_the_service_scope_gets_no_service_token(web):
    portal = web.register("Fără serviciu", "https://p.example/back", "x", scopes=(Scope.CREDENTIAL,), person=False)
    answer = web.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, headers=portal.basic)
    assert_error(answer, 400, "invalid_scope", "Invalid parameter scope")


def test_a_code_is_needed_and_looks_like_one(web):
    assert_error(token(web, grant_type="authorization_code"), 400, BAD, "Missing parameter code")
    for value in ("x", "A" * 42, "A" * 44, "é" * 43, "A" * 42 + "="):
        assert_error(web.token(web.a, value), 400, "invalid_grant", "Invalid parameter code")


def test_an_unknown_code_is_invalid(web):
    answer = web.token(web.a, "A" * 43)
    assert_error(answer, 400, "invalid_grant", "Authorization code is invalid or expired")


def test_a_code_is_redeemed_once_and_ends_what_it_gave_when_brought_again(web, code):
    sad = web.token(web.a, code).json["access_token"]
    assert_error(web.token(web.a, code), 400, "invalid_grant", "Authorization code is invalid or expired")
    answer = web.sign_hash(web.a, sad, DIGESTS)
    assert_error(answer, 401, "expired_token", "The access token is expired or revoked")
    answer = web.sign_hash(web.a, web.service_token(web.a), DIGESTS, SAD=sad)
    assert_error(answer, 400, BAD, "Invalid parameter SAD")  # the SAM knows too


def test_another_client_cannot_redeem_nor_burn_a_code(web, code):
    answer = web.token(web.b, code)
    assert_error(answer, 400, "invalid_grant", "Authorization code is invalid or expired")
    assert web.token(web.a, code).status_code == 200


def test_a_code_lives_two_minutes(web, code):
    web.clock.advance(minutes=2)
    answer = web.token(web.a, code)
    assert_error(answer, 400, "invalid_grant", "Authorization code is invalid or expired")


@pytest.mark.parametrize("uri", [None, "https://portal-b.example.com/back?x=1", "https://portal-a.example.com/back/"])
def test_redirect_uri_mismatch_burns_the_code(web, code, uri):
    text = "redirect_uri parameter does not match the one of the authorization request"
    assert_error(web.token(web.a, code, redirect_uri=uri), 400, "invalid_grant", text)
    answer = web.token(web.a, code)
    assert_error(answer, 400, "invalid_grant", "Authorization code is invalid or expired")


@pytest.mark.parametrize("verifier", [None, "v" * 63, "w" * 64, CHALLENGE, "v" * 42, "v" * 129, "é" * 64])
def test_code_verifier_mismatch_is_invalid_grant__rfc7636_4_6(web, code, verifier):
    answer = web.token(web.a, code, code_verifier=verifier)
    assert_error(answer, 400, "invalid_grant", "Invalid parameter code_verifier")
    answer = web.token(web.a, code)
    assert_error(answer, 400, "invalid_grant", "Authorization code is invalid or expired")
    assert "CancelTransaction" in web.channel.calls


def test_details_at_the_token_endpoint_may_only_repeat_what_was_granted(web, code):
    wider = json.dumps(web.details(web.a, [*DIGESTS, bytes(32)]))
    answer = web.token(web.a, code, authorization_details=wider)
    text = "Invalid parameter authorization_details"
    assert_error(answer, 400, "invalid_authorization_details", text)


def test_details_are_compared_by_meaning(web, code):
    details = web.details(web.a, DIGESTS, type="credential", vendor=1)
    for document in details[0]["documentDigests"]:
        value = base64.b64decode(document["hash"])
        document["hash"] = base64.urlsafe_b64encode(value).decode().rstrip("=")
        document["hashType"] = document["hashType"].upper()
    del details[0]["numSignatures"]
    assert web.token(web.a, code, authorization_details=json.dumps(details)).status_code == 200


def test_the_token_response_has_what_every_known_client_needs(web):
    details = web.details(web.a, DIGESTS)
    del details[0]["numSignatures"]
    details[0]["documentDigests"][0]["hashType"] = "DTBSR"
    browser = web.browser().authorise(web.pushed(web.a, DIGESTS, authorization_details=details))
    answer = web.token(web.a, browser.answer["code"])
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 300
    assert answer.json["credentialID"] == web.a.credential
    (granted,) = answer.json["authorization_details"]
    assert granted == details[0] | {"numSignatures": 3}
    assert answer.headers["Cache-Control"] == "no-store"


# -- revoke --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/revoke"])
def test_revoking_a_sad_ends_it_here_and_in_the_sam(web, code, path):
    sad = web.token(web.a, code).json["access_token"]
    assert web.sign_hash(web.a, sad, DIGESTS).status_code == 200
    answer = web.http.post(path, data={"token": sad, "token_type_hint": "access_token"}, headers=web.a.basic)
    assert (answer.status_code, answer.data) == (204, b"")
    text = "The access token is expired or revoked"
    assert_error(web.sign_hash(web.a, sad, DIGESTS), 401, "expired_token", text)
    answer = web.sign_hash(web.a, web.service_token(web.a), DIGESTS, SAD=sad)
    assert_error(answer, 400, BAD, "Invalid parameter SAD")


def test_revoking_a_service_token(web):
    service = web.service_token(web.a)
    assert web.http.post("/oauth2/revoke", data={"token": service}, headers=web.a.basic).status_code == 204
    answer = web.call("credentials/list", {"userID": "ana"}, service)
    assert_error(answer, 401, "expired_token", "The access token is expired or revoked")


def test_revoking_what_is_not_ones_own_does_nothing_and_says_nothing(web):
    service = web.service_token(web.a)
    for value in (service, "svc_" + "A" * 43):
        answer = web.http.post("/oauth2/revoke", data={"token": value}, headers=web.b.basic)
        assert (answer.status_code, answer.data) == (204, b"")
    assert web.call("credentials/list", {"userID": "ana"}, service).status_code == 200


def test_revoke_says_what_is_wrong(web):
    answer = web.http.post("/oauth2/revoke", data={"token_type_hint": "access_token"}, headers=web.a.basic)
    assert_error(answer, 400, BAD, "Missing (or invalid type) string parameter token")
    answer = web.http.post("/oauth2/revoke", data={"token": "x", "token_type_hint": "sad"}, headers=web.a.basic)
    assert_error(answer, 400, BAD, "Invalid string parameter token_type_hint")


# -- pushed requests -----------------------------------------------------------------------------------------------------

INVALID = [
    ({"response_type": None}, "unsupported_response_type", "Invalid parameter response_type"),
    ({"response_type": "token"}, "unsupported_response_type", "Invalid parameter response_type"),
    ({"scope": "service"}, "invalid_scope", "Invalid parameter scope"),
    ({"scope": "credential service"}, "invalid_scope", "Invalid parameter scope"),
    ({"scope": ["credential"]}, "invalid_scope", "Invalid parameter scope"),
    ({"redirect_uri": None}, BAD, "Missing parameter redirect_uri"),
    ({"redirect_uri": ["https://portal-a.example.com/back"]}, BAD, "Invalid parameter redirect_uri"),
    ({"state": 7}, BAD, "Invalid parameter state"),
    ({"state": "a\nb"}, BAD, "Invalid parameter state"),
    ({"state": "x" * 501}, BAD, "Invalid parameter state"),
    ({"code_challenge": None}, BAD, "Missing parameter code_challenge"),
    ({"code_challenge": "short"}, BAD, "Invalid parameter code_challenge"),
    ({"code_challenge": 7}, BAD, "Invalid parameter code_challenge"),
    ({"code_challenge_method": None}, BAD, "Invalid parameter code_challenge_method"),
    ({"code_challenge_method": "plain"}, BAD, "Invalid parameter code_challenge_method"),
    ({"account_token": None}, BAD, "Missing parameter account_token"),
    ({"authorization_details": None}, BAD, "Missing parameter authorization_details"),
    ({"credentialID": "c"}, "invalid_authorization_details", "Invalid parameter authorization_details"),
    ({"hashes": "x"}, "invalid_authorization_details", "Invalid parameter authorization_details"),
    ({"iss": "client-b"}, "invalid_request_object", "Invalid parameter request"),
    ({"client_id": "client-b"}, "invalid_request_object", "Invalid parameter request"),
    ({"aud": "https://other.example"}, "invalid_request_object", "Invalid parameter request"),
    ({"aud": ["https://service.example.com"]}, "invalid_request_object", "Invalid parameter request"),
    ({"aud": None}, "invalid_request_object", "Invalid parameter request"),
    ({"jti": None}, "invalid_request_object", "Invalid parameter request"),
    ({"iat": None}, "invalid_request_object", "Invalid parameter request"),
    ({"exp": True}, "invalid_request_object", "Invalid parameter request"),
    ({"exp": 10**9}, "invalid_request_object", "Invalid parameter request"),
    ({"exp": 4 * 10**9}, "invalid_request_object", "Invalid parameter request"),
    ({"iat": 4 * 10**9, "exp": 4 * 10**9 + 60}, "invalid_request_object", "Invalid parameter request"),
    ({"request_uri": "https://x"}, "invalid_request_object", "Invalid parameter request"),
    ({"request": "x"}, "invalid_request_object", "Invalid parameter request"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "description"), INVALID)
def test_a_pushed_request_says_exactly_what_is_wrong(web, changes, error, description):
    answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, **changes)))
    assert_error(answer, 400, error, description)


def test_the_request_without_a_fault_is_kept_for_five_minutes(web):
    answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, scope=None, state=None, lang=None)))
    assert answer.status_code == 201
    assert answer.json["expires_in"] == 300
    assert len(answer.json["request_uri"].removeprefix("urn:ietf:params:oauth:request_uri:")) == 43
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_the_registered_key_signs_a_request(web):
    claims = web.claims(web.a, DIGESTS)
    rsa = RSAKey.generate_key(2048)
    secret = OctKey.import_key(web.a.secret.encode())
    tokens = [
        web.signed(web.a, claims, web.b.key),
        web.signed(web.a, claims, ECKey.generate_key("P-256")),
        web.signed(web.a, claims, rsa, alg="PS256"),
        web.signed(web.a, claims, secret, alg="HS256"),
        web.signed(web.a, claims, typ="JWT"),
        ".".join([base64.urlsafe_b64encode(b'{"alg":"none","typ":"oauth-authz-req+jwt"}').decode().rstrip("="), "e30", ""]),
        web.signed(web.a, claims)[:-4] + "AAAA",
        "x", "..", "a.b.c.d", "é",
    ]  # fmt: skip
    for each in tokens:
        assert_error(web.push(web.a, each), 400, "invalid_request_object", "Invalid parameter request")


def test_an_embedded_key_is_not_looked_at(web):
    stranger = ECKey.generate_key("P-256")
    forged = web.signed(web.a, web.claims(web.a, DIGESTS), stranger, jwk=stranger.as_dict(private=False))
    assert_error(web.push(web.a, forged), 400, "invalid_request_object", "Invalid parameter request")


def test_a_client_with_a_key_must_sign_and_may_not_bring_a_uri(web):
    form = {"client_id": web.a.client, "response_type": "code"}
    answer = web.http.post("/oauth2/pushed_authorize", data=form, headers=web.a.basic)
    assert_error(answer, 400, BAD, "Missing parameter request")
    form["request_uri"] = "https://portal-a.example.com/request.jwt"
    answer = web.http.post("/oauth2/pushed_authorize", data=form, headers=web.a.basic)
    assert_error(answer, 400, BAD, "Invalid parameter request_uri")


def test_what_stands_beside_the_request_object_is_not_read(web):
    request = web.signed(web.a, web.claims(web.a, DIGESTS))
    form = {"client_id": web.a.client, "request": request, "redirect_uri": "https://evil.example/", "scope": "service"}
    answer = web.http.post("/oauth2/pushed_authorize", data=form, headers=web.a.basic)
    page = web.browser().get(f"/oauth2/authorize?client_id={web.a.client}&request_uri={answer.json['request_uri']}")
    assert "evil.example" not in page.press("cancel").response.text


def test_the_metadata_describe_what_the_server_does(web):
    answer = web.http.get("/.well-known/oauth-authorization-server")
    AuthorizationServerMetadata(answer.json).validate()
    assert answer.json["require_pushed_authorization_requests"] is True
    assert answer.json["code_challenge_methods_supported"] == ["S256"]
    assert CSC_TYPE in answer.json["authorization_details_types_supported"]
    for name, address in answer.json.items():
        if name.endswith("_endpoint"):
            path = address.removeprefix(web.origin)
            assert web.app.url_map.bind("").test(path, method="GET" if "authorize" in path[8:14] else "POST")


# -- the lower trust mode ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(web):
    return web.register("Portal fără cheie", "https://plain.example/back", "dan", signs=False)


def plain_form(web, portal, **changes):
    claims = web.claims(portal, DIGESTS)
    form = {name: claims[name] for name in claims if name not in {"iss", "aud", "iat", "exp", "jti"}}
    form["authorization_details"] = json.dumps(form["authorization_details"])
    return {name: value for name, value in (form | changes).items() if value is not None}


def test_a_client_without_a_key_pushes_plain_parameters_and_the_page_says_so(web, plain):
    answer = web.http.post("/oauth2/pushed_authorize", data=plain_form(web, plain), headers=plain.basic)
    assert answer.status_code == 201, answer.text
    page = web.browser().get(f"/oauth2/authorize?client_id={plain.client}&request_uri={answer.json['request_uri']}")
    assert "Portalul nu a semnat această cerere" in page.text
    page.press("start")
    assert "Portalul nu a semnat această cerere" in page.text
    sad = web.token(plain, page.press("authorise", code=web.phone.code).answer["code"]).json["access_token"]
    assert web.sign_hash(plain, sad, DIGESTS).status_code == 200


def test_a_client_without_a_key_cannot_push_a_request_object(web, plain):
    answer = web.push(plain, web.signed(plain, web.claims(plain, DIGESTS)))
    assert_error(answer, 400, "invalid_request_object", "Invalid parameter request")


@pytest.mark.parametrize(
    "details", ["x", "{}", "[]", "[1]", "[{}", '[{"type":"credential","type":"credential"}]', "[NaN]", '[],"x":[]', "null"]
)  # fmt: skip
def test_plain_details_that_are_no_strict_array_are_refused(web, plain, details):
    answer = web.http.post(
        "/oauth2/pushed_authorize", data=plain_form(web, plain, authorization_details=details), headers=plain.basic
    )
    text = "Invalid parameter authorization_details"
    assert_error(answer, 400, "invalid_authorization_details", text)


@pytest.mark.parametrize("name", ["credentialID", "signatureQualifier", "hashes", "hashAlgorithmOID", "numSignatures"])
def test_classic_parameters_beside_the_details_are_refused(web, plain, name):
    answer = web.http.post("/oauth2/pushed_authorize", data=plain_form(web, plain, **{name: "1"}), headers=plain.basic)
    text = "Invalid parameter authorization_details"
    assert_error(answer, 400, "invalid_authorization_details", text)
