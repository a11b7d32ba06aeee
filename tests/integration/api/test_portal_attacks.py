"""What another portal, or a reader of the web zone's database, tries (attacks P1, P2, P4, P5, P8, T2, T6, T9, T14)."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import multiprocessing
import re

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from api.housekeeping import Housekeeping
from api.keys import WebKeys
from api.oauth.clients import BadClient, Clients, Registration
from api.oauth.codes import Codes
from api.refusals import CodeUnknown
from core import base64url
from core.clock import SystemClock
from core.errors import Unavailable
from core.secret import Secret
from signer.sam.client import SamClient
from storage.engine import Database
from tests.support.web_bench import VERIFIER, WebBench
from tests.support.wire import DIGESTS, assert_error

BAD = "invalid_request"


# -- P1: what the database gives away ------------------------------------------------------------------------------------


def test_nothing_that_could_be_used_stands_in_the_database(web, tmp_path, caplog):
    address = web.pushed(web.a, DIGESTS)
    browser = web.browser().authorise(address)
    code = browser.answer["code"]
    service = web.service_token(web.a)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("web.sqlite*"))
    sad = web.token(web.a, code).json["access_token"]
    files += b"".join(path.read_bytes() for path in tmp_path.glob("web.sqlite*"))
    account_key = hashlib.sha256(web.a.secret.encode()).digest()
    secrets = {
        "client secret": web.a.secret.encode(),
        "account key": account_key,
        "account key, hex": account_key.hex().encode(),
        "account key, base64": base64.b64encode(account_key),
        "account key, base64url": base64url.encode(account_key).encode(),
        "request_uri": address.rsplit(":", 1)[1].encode(),
        "code": code.encode(),
        "SAD": sad.encode(),
        "service token": service.encode(),
        "cookie": browser.cookie().encode(),
        "SMS code": web.phone.code.encode(),
    }
    assert [name for name, value in secrets.items() if value in files] == []
    assert [name for name, value in secrets.items() if value.decode("latin-1") in caplog.text] == []
    assert web.a.client.encode() in files  # the search looks at the right files


def test_a_sealed_account_key_moved_to_another_client_does_not_open(web):
    with web.database.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE clients SET account_key = (SELECT account_key FROM clients WHERE client = '{web.a.client}')"
        )
    answer = web.push(web.b, web.signed(web.b, web.claims(web.b, DIGESTS)))
    assert (answer.status_code, answer.json) == (500, {"error": "server_error"})


# -- P2: account tokens --------------------------------------------------------------------------------------------------


def forged_account_tokens(web):
    now = int(web.clock.now().timestamp())
    claims = {"sub": "ana", "iat": now, "jti": "j-x", "azp": web.a.client}
    key = OctKey.import_key(hashlib.sha256(web.a.secret.encode()).digest())
    foreign = OctKey.import_key(hashlib.sha256(web.b.secret.encode()).digest())
    plain = OctKey.import_key(web.a.secret.encode())

    def made(claims, key=key, alg="HS256", **header):
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return jws.serialize_compact({"alg": alg, "typ": "JWT"} | header, payload, key, algorithms=[alg])

    def unsigned(header):
        return f"{base64url.encode(header)}.{base64url.encode(json.dumps(claims).encode())}."

    yield from (
        ("none", unsigned(b'{"alg":"none","typ":"JWT"}')),
        ("none, upper case", unsigned(b'{"alg":"NONE","typ":"JWT"}')),
        ("HS512", made(claims, alg="HS512")),
        ("HS384", made(claims, alg="HS384")),
        ("the secret itself as key", made(claims, plain)),
        ("B's key", made(claims, foreign)),
        ("a jwk in the header", made(claims, foreign, jwk=foreign.as_dict())),
        ("a kid in the header", made(claims, kid="../../dev/null")),
        ("B as azp", made(claims | {"azp": web.b.client})),
        ("no azp", made({name: claims[name] for name in claims if name != "azp"})),
        ("an old iat", made(claims | {"iat": now - 61})),
        ("a future iat", made(claims | {"iat": now + 61})),
        ("iat true", made(claims | {"iat": True})),
        ("iat as text", made(claims | {"iat": str(now)})),
        ("no iat", made({name: claims[name] for name in claims if name != "iat"})),
        ("no jti", made({name: claims[name] for name in claims if name != "jti"})),
        ("a long jti", made(claims | {"jti": "x" * 256})),
        ("no sub", made({name: claims[name] for name in claims if name != "sub"})),
        ("sub as number", made(claims | {"sub": 7})),
        ("two subs", made(json.dumps(claims)[:-1].encode() + b',"sub":"bogdan"}')),
        ("5 MB", made(claims | {"x": "y" * 5_000})),
        ("not JSON", made(b"x")),
        ("two parts", "a.b"),
        ("nothing", ""),
        ("a list", ["x"]),
        ("cut", made(claims)[:-1]),
    )


def test_forged_account_tokens_are_refused_and_the_honest_one_is_taken(web):
    for name, token in forged_account_tokens(web):
        answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, account_token=token)))
        assert answer.status_code == 400, name
        assert answer.json["error_description"] == "Invalid parameter account_token", name
    assert web.pushed(web.a, DIGESTS)


def test_an_account_token_counts_once(web):
    token = web.account_token(web.a)
    assert web.pushed(web.a, DIGESTS, account_token=token)
    answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, account_token=token)))
    assert_error(answer, 400, BAD, "Invalid parameter account_token")
    other = web.account_token(web.b, jti="j1")  # the same jti at another client is another token
    assert web.pushed(web.b, DIGESTS, account_token=other)


def test_a_citizen_of_another_portal_is_nobody(web):
    """Attack P3: B signs for an account that is linked only at A."""
    web.b.account = "ana"
    for credential in (web.a.credential, web.b.credential):
        details = web.details(web.b, DIGESTS, credentialID=credential)
        page = web.browser().get(web.pushed(web.b, DIGESTS, authorization_details=details)).press("start")
        assert (page.status, "Această cerere nu poate fi semnată" in page.text) == (400, True)
    assert web.phone.messages == []


# -- P4, P5: addresses ---------------------------------------------------------------------------------------------------


def test_a_request_object_pushed_twice_opens_one_transaction(web):
    claims = web.claims(web.a, DIGESTS)
    first = web.push(web.a, web.signed(web.a, claims)).json["request_uri"]
    second = web.push(web.a, web.signed(web.a, claims | {"account_token": web.account_token(web.a)}))
    addresses = [
        f"/oauth2/authorize?client_id={web.a.client}&request_uri={uri}" for uri in (first, second.json["request_uri"])
    ]
    assert web.browser().get(addresses[0]).press("start").status == 200
    page = web.browser().get(addresses[1]).press("start")
    assert (page.status, len(web.phone.messages)) == (400, 1)


REGISTERED = "https://portal-a.example.com/back"
VARIANTS = [
    REGISTERED + "/", REGISTERED + "/x", REGISTERED + "?", REGISTERED + "?a=b", REGISTERED + "#", REGISTERED + "#x",
    REGISTERED + "/../back", REGISTERED + "/.", REGISTERED + "%2f", REGISTERED + "\\", REGISTERED + " ", " " + REGISTERED,
    REGISTERED + "\x00", REGISTERED + "\n", REGISTERED + ".evil.example", REGISTERED.upper(), REGISTERED[:-1],
    "https://portal-a.example.com/Back", "https://portal-a.example.com//back", "https://portal-a.example.com:443/back",
    "https://portal-a.example.com:8443/back", "https://portal-a.example.com./back", "http://portal-a.example.com/back",
    "https://user@portal-a.example.com/back", "https://portal-a.example.com@evil.example/back", "https://evil.example/back",
    "https://portal-a.example.com.evil.example/back", "https://PORTAL-A.example.com/back", "//portal-a.example.com/back",
    "portal-a.example.com/back", "/back", "https:/portal-a.example.com/back", "https:portal-a.example.com/back",
    "https://portal-a.example.com\\@evil.example/back", "https://portal-ä.example.com/back", "javascript:alert(1)//back",
    "https://portal-a.example.com/b%61ck", "https://portal-a.example.com/back;x", "data:text/html,x", REGISTERED * 2,
]  # fmt: skip
KINDS = [
    {}, {"response_type": "token"}, {"scope": "admin"}, {"code_challenge": None}, {"authorization_details": []},
]  # fmt: skip


def test_no_variant_of_a_redirect_uri_is_ever_a_way_out(web):
    assert len(VARIANTS) == len(set(VARIANTS)) == 40
    for uri, changes in itertools.product(VARIANTS, KINDS):
        answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, redirect_uri=uri, **changes)))
        assert answer.status_code == 400, uri
        assert "Location" not in answer.headers
        assert answer.json["error_description"] == "Invalid parameter redirect_uri", uri


@pytest.mark.parametrize(
    "uri",
    ["http://portal.example/back", "https://u@portal.example/", "https://portal.example/#x", "https:///x", "x",
     "https://portal.example\\x", "https://portală.example/", "javascript:alert(1)", "https://portal.example/ x"],
)  # fmt: skip
def test_such_a_redirect_uri_is_not_registered(web, uri):
    with pytest.raises(BadClient):
        web.clients.add(Registration("X", (uri,)))


@pytest.mark.parametrize(
    "registration",
    [Registration("", ("https://x.example/",)), Registration("X" * 101, ("https://x.example/",)), Registration("X", ()),
     Registration("X", ("https://x.example/",), scopes=()), Registration("X", ("https://x.example/",), edition="v9"),
     Registration("X", ("https://x.example/",), request_key="{}"),
     Registration("X", ("https://x.example/",), request_key='{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAA"}')],
)  # fmt: skip
def test_such_a_client_is_not_registered(web, registration):
    with pytest.raises(BadClient):
        web.clients.add(registration)


# -- P8: authorization details -------------------------------------------------------------------------------------------


def malformed_details(web):
    good = web.details(web.a, DIGESTS)[0]
    document = good["documentDigests"][0]
    for value in (0, -1, True, "3", 3.0, 1e3, 2, 4, 2**63, [3], {}):
        yield [good | {"numSignatures": value}]
    yield [good, good]
    yield []
    yield [[good]]
    yield {"0": good}
    yield "x"
    for kind in ("payment", "Credential", "", 7, ["credential"], {"a": 1}):
        yield [good | {"type": kind}]
    for name in ("type", "credentialID", "hashAlgorithmOID", "documentDigests"):
        yield [{key: good[key] for key in good if key != name}]
        yield [good | {name: 7}]
        yield [good | {name: []}]
    for value in ("x", "", None, 7, ["x"], document["hash"] * 2, document["hash"][:-2] + "1=", "é" * 43):
        yield [good | {"documentDigests": [document | {"hash": value}], "numSignatures": 1}]
    for value in ("doc", "", 7, ["sodr"], {"a": 1}):
        yield [good | {"documentDigests": [document | {"hashType": value}], "numSignatures": 1}]
    for value in ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.8", "sha256", "2.16.840.1.101.3.4.2.2"):
        yield [good | {"hashAlgorithmOID": value}]
    for value in ("1.2.3", 7, ["1.2.840.10045.4.3.2"]):
        yield [good | {"signAlgo": value}]
    yield [good | {"documentDigests": [document] * 101, "numSignatures": 101}]
    yield [good | {"documentDigests": [document] * 700, "numSignatures": 700}]


def test_malformed_details_are_refused_and_the_honest_ones_shown_and_granted_alike(web):
    cases = list(malformed_details(web))
    assert len(cases) >= 50
    for details in cases:
        answer = web.push(web.a, web.signed(web.a, web.claims(web.a, DIGESTS, authorization_details=details)))
        assert answer.status_code == 400, details
        assert answer.json["error"] == "invalid_authorization_details", details
    honest = web.details(web.a, DIGESTS)
    browser = web.browser().get(web.pushed(web.a, DIGESTS, authorization_details=honest))
    labels = [document["label"] for document in honest[0]["documentDigests"]]
    for _ in range(2):
        assert re.findall(r"<bdi>(.*?)</bdi>", browser.response.text) == labels
        browser.press("start") if "Trimite codul" in browser.text else None
    granted = web.token(web.a, browser.press("authorise", code=web.phone.code).answer["code"])
    assert granted.json["authorization_details"] == honest


@pytest.mark.parametrize("kind", ["credential", "https://cloudsignatureconsortium.org/2025/credential"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_both_names_of_the_type_and_both_alphabets_are_understood(web, kind, case):
    details = web.details(web.a, DIGESTS, type=kind)
    for document in details[0]["documentDigests"]:
        document["hash"] = base64url.encode(base64.b64decode(document["hash"]))
        document["hashType"] = case(document["hashType"])
    browser = web.browser().authorise(web.pushed(web.a, DIGESTS, authorization_details=details))
    sad = web.token(web.a, browser.answer["code"]).json["access_token"]
    encoded = [base64url.encode(each) for each in DIGESTS]
    assert web.sign_hash(web.a, sad, DIGESTS, hashes=encoded).status_code == 200


def test_every_spelling_of_a_hash_is_the_same_occurrence(web):
    """Attack T9: answers in the order asked, one signature for one occurrence however it is written."""
    sad = web.authorise(web.a, DIGESTS)
    standard = base64.b64encode(DIGESTS[0]).decode()
    spellings = [
        standard,
        standard.rstrip("="),
        base64url.encode(DIGESTS[0]),
        standard.replace("=", "%3D").replace("+", "%2B"),
    ]
    first = web.sign_hash(web.a, sad, DIGESTS).json["signatures"]
    for spelling in spellings:
        assert web.sign_hash(web.a, sad, DIGESTS, hashes=[spelling]).json["signatures"] == first[:1]
    assert web.sign_hash(web.a, sad, DIGESTS[::-1]).json["signatures"] == first[::-1]
    assert len(web.bench.uses) == 3


# -- T2, T14: whose token, whose credential ------------------------------------------------------------------------------


def test_only_the_diagonal_signs(web):
    portals = (web.a, web.b)
    sads = [web.authorise(portal, DIGESTS) for portal in portals]
    bearers = [web.service_token(portal) for portal in portals]
    signed = set()
    for (i, bearer), (j, sad), (k, portal) in itertools.product(
        enumerate(bearers), enumerate(sads), enumerate(portals)
    ):
        if web.sign_hash(portal, bearer, DIGESTS, SAD=sad).status_code == 200:
            signed.add((i, j, k))
    for (i, sad), (j, portal) in itertools.product(enumerate(sads), enumerate(portals)):
        if web.sign_hash(portal, sad, DIGESTS).status_code == 200:
            signed.add((i, j))
    assert signed == {(0, 0, 0), (1, 1, 1), (0, 0), (1, 1)}
    assert len(web.bench.uses) == 6


# -- T6: races -----------------------------------------------------------------------------------------------------------


class _Nobody:
    def call(self, request, reply):
        raise Unavailable("not in this test")


def _redeem(folder, client, secret, code, uri, barrier, results):
    clock = SystemClock()
    database = Database(folder / "web.sqlite")
    keys = WebKeys(Secret(bytes(range(32))))
    clients = Clients(database, keys, clock, None)
    codes = Codes(database, keys, SamClient(_Nobody()), clock, None)
    form = {"code": code, "redirect_uri": uri, "code_verifier": VERIFIER}
    record = clients.authenticate(client, secret)
    won = 0
    barrier.wait()
    for _ in range(10):
        try:
            codes.redeem(record, form)
            won += 1
        except CodeUnknown:
            pass
    results.put(won)
    database.close()


def test_of_forty_redemptions_in_four_processes_one_wins_and_reuse_kills_its_token(tmp_path):
    web = WebBench(tmp_path, clock=SystemClock())
    context = multiprocessing.get_context("fork")
    for _ in range(4):
        browser = web.browser().authorise(web.pushed(web.a, DIGESTS))
        web.database.close()
        barrier, results = context.Barrier(4), context.Queue()
        arguments = (tmp_path, web.a.client, web.a.secret, browser.answer["code"], web.a.redirect_uri, barrier, results)
        workers = [context.Process(target=_redeem, args=arguments) for _ in range(4)]
        for worker in workers:
            worker.start()
        assert sum(results.get(timeout=30) for _ in workers) == 1
        for worker in workers:
            worker.join()
    with web.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT count(*), count(revoked_at) FROM tokens").one()
    assert tuple(rows) == (4, 4)
    web.database.close()


# -- housekeeping --------------------------------------------------------------------------------------------------------


def test_rows_are_dropped_a_day_after_their_time(web):
    web.service_token(web.a)
    web.authorise(web.a, DIGESTS)
    keeper = Housekeeping(web.database, web.clock)

    def rows():
        with web.database.reading() as connection:
            return [
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
                for table in ("authorizations", "tokens", "used_jtis", "clients")
            ]

    keeper.purge_if_due()
    assert rows() == [1, 2, 1, 2]
    web.clock.advance(days=1, minutes=6)
    keeper.purge_if_due()
    assert rows() == [0, 1, 0, 2]  # what lived a few minutes only; the service token has most of an hour to go
    web.clock.advance(hours=1)
    keeper.purge_if_due()
    assert rows() == [0, 0, 0, 2]
