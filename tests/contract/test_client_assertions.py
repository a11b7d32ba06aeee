"""`private_key_jwt`: a client that proves itself with its key, and in no weaker way (RFC 7523 §3, attack P14)."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.oauth import assertions
from api.oauth.clients import Registration
from api.refusals import BadClient
from tests.support.web_bench import Portal
from tests.support.wire import DIGESTS, assert_error

RSA = RSAKey.generate_key(3072)
EC = ECKey.generate_key("P-256")
REFUSED = (401, "invalid_client", "Invalid parameter client_assertion")


def registered(web, key) -> Portal:
    """Return a client that authenticates with this key."""
    jwk = json.dumps(key.as_dict(private=False))
    back = "https://portal-k.example.com/back"
    client, secret = web.clients.add(Registration("Primăria K", (back,), request_key=None, auth_key=jwk))
    return Portal(client, secret.reveal().decode(), key, back, "karl")


@pytest.fixture
def portal(web):
    return registered(web, EC)


def assertion(web, portal, key=None, *, header=None, drop=(), **changes) -> str:
    now = int(web.clock.now().timestamp())
    web.assertions = getattr(web, "assertions", 0) + 1
    claims = {
        "iss": portal.client, "sub": portal.client, "aud": web.origin, "iat": now, "exp": now + 60,
        "jti": f"j{web.assertions}", **changes,
    }  # fmt: skip
    for name in drop:
        del claims[name]
    header = {"alg": "ES256"} | (header or {})
    return jws.serialize_compact(header, json.dumps(claims).encode(), key or portal.key, algorithms=[header["alg"]])


def form(proof: str, **more) -> dict[str, str]:
    return {"client_assertion_type": assertions.TYPE, "client_assertion": proof, **more}


def service_token(web, token: str, headers=None, **more):
    return web.http.post("/oauth2/token", data=form(token, grant_type="client_credentials", **more), headers=headers)


@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (RSA, "PS256")])
def test_a_client_is_known_by_its_key_at_every_endpoint__rfc7523_3(web, key, algorithm, with_id):
    portal = registered(web, key)
    more = {"client_id": portal.client} if with_id else {}

    def proof() -> str:
        return assertion(web, portal, header={"alg": algorithm, "typ": "JWT"})

    answer = service_token(web, proof(), **more)
    assert answer.status_code == 200
    token = answer.json["access_token"]
    assert web.call("credentials/list", {"userID": "nobody"}, token).status_code == 200
    assert web.http.post("/oauth2/revoke", data=form(proof(), token=token, **more)).status_code == 204
    assert web.call("credentials/list", {"userID": "nobody"}, token).status_code == 401
    pushed = web.http.post("/oauth2/pushed_authorize", data=form(proof(), **more))
    assert_error(pushed, 400, "invalid_request", "Missing parameter account_token")  # known, and asked for the rest


@pytest.mark.parametrize("endpoint", ["token", "pushed_authorize", "revoke"])
def test_its_secret_is_no_way_round_its_key(web, portal, endpoint):
    fields = {"grant_type": "client_credentials", "token": "x"}
    in_form = fields | {"client_id": portal.client, "client_secret": portal.secret}
    assert_error(web.http.post(f"/oauth2/{endpoint}", data=in_form), *REFUSED)
    basic = base64.b64encode(f"{portal.client}:{portal.secret}".encode()).decode()
    answer = web.http.post(f"/oauth2/{endpoint}", data=fields, headers={"Authorization": f"Basic {basic}"})
    assert_error(answer, *REFUSED)
    assert service_token(web, assertion(web, portal)).status_code == 200


def test_a_client_without_a_key_has_no_assertions(web):
    assert_error(service_token(web, assertion(web, web.a, web.a.key)), *REFUSED)
    hs256 = OctKey.import_key(web.a.secret)
    assert_error(service_token(web, assertion(web, web.a, hs256, header={"alg": "HS256"})), *REFUSED)


def changed(web):
    now = int(web.clock.now().timestamp())
    return {
        "issuer": {"iss": web.a.client},
        "subject": {"sub": "client-none"},
        "no subject": {"drop": ["sub"]},
        "audience of the token endpoint": {"aud": f"{web.origin}/oauth2/token"},
        "audience of another": {"aud": "https://evil.example"},
        "audience as an array": {"aud": [web.origin]},
        "two audiences": {"aud": [web.origin, "https://evil.example"]},
        "no audience": {"drop": ["aud"]},
        "expired": {"exp": now - 61},
        "lives too long": {"exp": now + 3600},
        "no end": {"drop": ["exp"]},
        "end as a text": {"exp": str(now + 60)},
        "end as true": {"exp": True},
        "end in the year ten thousand": {"exp": 10**18},
        "issued in the future": {"iat": now + 120},
        "not yet valid": {"nbf": now + 120},
        "no id": {"drop": ["jti"]},
        "empty id": {"jti": ""},
        "long id": {"jti": "x" * 129},
        "id as a number": {"jti": 7},
        "another key": {"key": ECKey.generate_key("P-256")},
        "another type": {"header": {"typ": "oauth-authz-req+jwt"}},
        "no type of ours": {"header": {"typ": "at+jwt"}},
    }


CASES = [
    "issuer", "subject", "no subject", "audience of the token endpoint", "audience of another", "audience as an array",
    "two audiences", "no audience", "expired", "lives too long", "no end", "end as a text", "end as true",
    "end in the year ten thousand", "issued in the future", "not yet valid", "no id", "empty id", "long id",
    "id as a number", "another key", "another type", "no type of ours",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_assertion_that_breaks_a_rule_proves_nothing__p14(web, portal, case):
    assert set(CASES) == set(changed(web))
    assert_error(service_token(web, assertion(web, portal, **changed(web)[case])), *REFUSED)
    assert service_token(web, assertion(web, portal)).status_code == 200


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c", "e30.e30.", "e30.eyJzdWIiOjd9.x", "é.é.é", "x" * 9000, "..", "e30.W10.x"]
)
def test_what_is_no_assertion_is_refused_as_one(web, portal, token):
    assert_error(service_token(web, token), *REFUSED)


def test_an_unsigned_or_differently_signed_assertion_is_refused(web, portal):
    head, payload, _signature = assertion(web, portal).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    public = json.dumps(EC.as_dict(private=False)).encode()
    confused = assertion(web, portal, OctKey.import_key(public), header={"alg": "HS256"})
    for token in (f"{none}.{payload}.", f"{head}.{payload}.", confused):
        assert_error(service_token(web, token), *REFUSED)


def test_an_assertion_counts_once_at_whatever_endpoint__p14(web, portal):
    token = assertion(web, portal)
    assert_error(
        web.http.post("/oauth2/pushed_authorize", data=form(token)),
        400,
        "invalid_request",
        "Missing parameter account_token",
    )
    assert_error(service_token(web, token), *REFUSED)
    token = assertion(web, portal, jti="again")
    assert service_token(web, token).status_code == 200
    web.clock.advance(seconds=100)
    assert_error(service_token(web, assertion(web, portal, jti="again")), *REFUSED)


def test_of_many_at_once_with_one_id_one_is_believed(web, portal):
    token = assertion(web, portal)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _number: web.client().post("/oauth2/token", data=form(token, grant_type="client_credentials")),
                range(8),
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


def test_the_same_id_of_two_clients_is_two(web, portal):
    other = registered(web, RSA)
    assert service_token(web, assertion(web, portal, jti="same")).status_code == 200
    assert service_token(web, assertion(web, other, jti="same", header={"alg": "PS256"})).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [{"client_secret": "x"}, {"client_id": "client-other"}],
)
def test_two_ways_or_two_names_at_once_are_refused__p14(web, portal, extra):
    assert_error(
        service_token(web, assertion(web, portal), **extra), 401, "invalid_client", "Client authorization required"
    )


def test_an_assertion_beside_basic_is_refused__p14(web, portal):
    answer = service_token(web, assertion(web, portal), headers=web.a.basic)
    assert_error(answer, 401, "invalid_client", "Client authorization required")


@pytest.mark.parametrize("kind", ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", None])
def test_another_type_of_assertion_is_refused(web, portal, kind):
    fields = {"grant_type": "client_credentials", "client_assertion": assertion(web, portal)}
    fields |= {} if kind is None else {"client_assertion_type": kind}
    assert_error(web.http.post("/oauth2/token", data=fields), *REFUSED)


def test_a_pushed_request_keeps_no_assertion(web, portal):
    web.http.post("/oauth2/pushed_authorize", data=form(token := assertion(web, portal)))
    with web.database.reading() as connection:
        for table in ("authorizations", "used_jtis", "client_terms"):
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}"):
                assert token not in str(row)


@pytest.mark.parametrize(
    "jwk",
    ["{}", "no", json.dumps(EC.as_dict(private=True)), json.dumps(RSAKey.generate_key(2048).as_dict(private=False))],
)
def test_a_key_that_may_not_prove_anybody_is_not_registered(web, jwk):
    with pytest.raises(BadClient, match="key"):
        web.clients.add(Registration("K", ("https://k.example.com/",), auth_key=jwk))


def test_the_metadata_name_the_method_and_its_algorithms__rfc8414_2(web):
    described = web.http.get("/.well-known/oauth-authorization-server").json
    assert "private_key_jwt" in described["token_endpoint_auth_methods_supported"]
    assert described["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "PS256"]


def test_a_whole_signature_with_a_key_instead_of_a_secret(web):
    """The account_token stays under the secret; all else under the key."""
    key = ECKey.generate_key("P-256")
    jwk = json.dumps(key.as_dict(private=False))
    portal = web.register("Primăria K", "https://portal-k.example.com/back", "karla", auth_key=jwk, key=key)
    pushed = web.http.post(
        "/oauth2/pushed_authorize",
        data=form(assertion(web, portal), request=web.signed(portal, web.claims(portal, DIGESTS))),
    )
    assert pushed.status_code == 201, pushed.text
    browser = web.browser().authorise(
        f"/oauth2/authorize?client_id={portal.client}&request_uri={pushed.json['request_uri']}"
    )
    grant = {
        "grant_type": "authorization_code", "code": browser.answer["code"], "redirect_uri": portal.redirect_uri,
        "code_verifier": "v" * 64,
    }  # fmt: skip
    answer = web.http.post("/oauth2/token", data=form(assertion(web, portal), **grant))
    assert answer.status_code == 200, answer.text
    assert web.sign_hash(portal, answer.json["access_token"], DIGESTS).status_code == 200
