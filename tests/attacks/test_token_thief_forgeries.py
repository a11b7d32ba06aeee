"""Who offers one kind of token for another, or a SAD made or bent (attacks §4: T3, T15)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from urllib.parse import quote

import pytest

from core import base64url
from core.canonical import encode
from signer.sam.sad import SadCodec
from tests.support.thief import (
    BAD,
    CREDENTIAL,
    MISSING,
    ONE,
    SAD,
    TWO,
    UNKNOWN,
    b64,
    blobs,
    evidence,
    neighbour,
    values,
)
from tests.support.web_bench import ECDSA_OID, Portal, WebBench

# -- T3: a token of one kind where another belongs ------------------------------------------------------------------------

METHODS = ("credentials/list", "credentials/info", "signatures/signHash", "signatures/signDoc")
LISTED = {  # csc-api §1: what each method accepts, and where
    ("credentials/list", "service", "header"),
    ("credentials/list", "credential", "header"),
    ("credentials/info", "service", "header"),
    ("credentials/info", "credential", "header"),
    ("signatures/signHash", "credential", "header"),
    ("signatures/signHash", "credential", "SAD beside a service token"),
    ("signatures/signDoc", "credential", "header"),
    ("signatures/signDoc", "credential", "SAD beside a service token"),
}


def request_body(portal: Portal, method: str, kind: str) -> dict:
    if method == "credentials/list":
        return {"userID": None if kind == "credential" else portal.account}
    body = {"credentialID": portal.credential}
    if method == "signatures/signHash":
        return body | {"hashes": [b64(ONE)], "signAlgo": ECDSA_OID}
    if method == "signatures/signDoc":
        element = {"signature_format": "P", "signAlgo": ECDSA_OID, "hashes": [b64(TWO)]}
        return body | {"documentDigests": [element]}
    return body


def present(web: WebBench, method: str, kind: str, value: str, position: str, service: str):
    body, address = request_body(web.a, method, kind), f"/csc/v2/{method}"
    if position == "header":
        return web.call(method, body, value)
    if position == "SAD beside a service token":
        return web.call(method, body | {"SAD": value}, service)
    if position == "SAD alone":
        return web.call(method, body | {"SAD": value})
    if position == "query":
        return web.http.post(f"{address}?access_token={quote(value)}", json=body)
    if position == "member":
        return web.call(method, body | {"access_token": value})
    return web.call(method, body, Cookie=f"__Host-paraph={value}")


def cell(method: str, kind: str, position: str) -> tuple[int, str, str, str]:
    """Return status, error, description and reason of a cell that is not listed."""
    if position not in {"header", "SAD beside a service token"}:
        return 401, "invalid_token", MISSING, "TokenMissing"
    if position == "SAD beside a service token":
        if kind == "foreign credential":
            return 400, BAD, CREDENTIAL, "CredentialMismatch: client"
        return 400, BAD, SAD, "SadInvalid"
    if kind == "request_uri":
        return 400, BAD, "Malformed authorization header", "AuthorizationHeaderMalformed"
    if kind not in {"service", "foreign service", "foreign credential"}:
        return 401, "invalid_token", UNKNOWN, "TokenUnknown"
    if kind.endswith("service") and method.startswith("signatures"):
        return 400, BAD, "Missing (or invalid type) string parameter SAD", "MissingParameter: SAD"
    if kind == "foreign credential" and method == "credentials/list":
        return 400, BAD, "userID parameter MUST be null", "UserIdMustBeNull"
    return 400, BAD, CREDENTIAL, ""


@pytest.mark.slow
def test_a_token_is_accepted_only_where_its_kind_belongs__t3(web, thief):
    service, foreign = web.service_token(web.a), web.service_token(web.b)
    elsewhere = neighbour(web, web.a, "carmen", 1)
    browser = web.browser()
    browser.authorise(web.pushed(elsewhere, [ONE]))
    sad = authorise_both(web)
    tokens = {
        "service": service,
        "credential": sad,
        "foreign service": foreign,
        "foreign credential": web.authorise(web.b, [ONE]),
        "code": browser.answer["code"],
        "cookie": browser.cookie(),
        "request_uri": web.pushed(elsewhere, [ONE]).split("request_uri=")[1],
        "account_token": web.account_token(web.a),
        "client secret": web.a.secret,
        "transaction": evidence(web, "authorised")[0]["transaction"],
    }
    positions = ("header", "SAD beside a service token", "SAD alone", "query", "member", "cookie")
    passed = set()
    for method, kind, position in product(METHODS, tokens, positions):
        if position.startswith("SAD beside") and not method.startswith("signatures"):
            continue  # a member these methods do not know

        def attack(method=method, kind=kind, position=position):
            return present(web, method, kind, tokens[kind], position, service)

        if (method, kind, position) in LISTED:
            answer = attack()
            assert answer.status_code == 200, answer.text
            passed.add((method, kind, position))
        elif (method, kind, position) == ("credentials/list", "foreign service", "header"):
            assert attack().json == {"credentialIDs": []}  # portal B has no such account
        else:
            status, error, description, reason = cell(method, kind, position)
            thief.refused(attack, description, reason, status=status, error=error)
    assert passed == LISTED
    assert len(web.bench.uses) == 2  # ONE by signHash, the content by signDoc


def authorise_both(web: WebBench) -> str:
    """Return Ana's SAD for ONE as a hash and TWO as a content."""
    element = web.details(web.a, [ONE])[0]
    content = {"hash": b64(TWO), "hashType": "sdr", "label": "Continut.pdf"}
    element |= {"documentDigests": [*element["documentDigests"], content], "numSignatures": 2}
    claims = web.claims(web.a, [ONE], authorization_details=[element])
    pushed = web.push(web.a, web.signed(web.a, claims)).json["request_uri"]
    browser = web.browser()
    browser.authorise(f"/oauth2/authorize?client_id={web.a.client}&request_uri={pushed}")
    return web.token(web.a, browser.answer["code"]).json["access_token"]


def test_access_tokens_are_neither_codes_nor_client_secrets__t3(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    unknown = "Authorization code is invalid or expired"
    for token in (service, sad):
        grant = {"status": 400, "error": "invalid_grant"}
        thief.refused(lambda t=token: web.token(web.a, t), "Invalid parameter code", "CodeParameterMalformed", **grant)
        bare = token.removeprefix("svc_").removeprefix("sad_")[:43]
        thief.refused(lambda t=bare: web.token(web.a, t), unknown, "CodeUnknown", **grant)
        form = {"grant_type": "client_credentials", "client_id": web.a.client, "client_secret": token}
        attack = {"data": form}
        thief.refused(
            lambda more=attack: web.http.post("/oauth2/token", **more),
            "Invalid parameter client_secret", "InvalidOauthParameter",
        )  # fmt: skip
        bearer = {"data": {"grant_type": "client_credentials"}, "headers": {"Authorization": f"Bearer {token}"}}
        thief.refused(
            lambda more=bearer: web.http.post("/oauth2/token", **more),
            "Client authorization required", "ClientUnauthenticated", status=401,
        )  # fmt: skip
    assert web.sign_hash(web.a, service, [ONE], SAD=sad).status_code == 200


# -- T15: a SAD made or bent -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_flipped_byte_and_every_prefix_of_a_sad_is_refused__t15(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    data = base64url.decode(sad.removeprefix("sad_"))
    flipped = [data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :] for at in range(len(data))]
    cut = [data[:length] for length in range(len(data))]
    for altered in [*flipped, *cut, data[32:], bytes(32) + data[32:], data + b"\x00", data[32:] + data[:32], data * 2]:
        text = "sad_" + base64url.encode(altered)
        long = len(text) > 1000
        thief.refused(
            lambda t=text: web.sign_hash(web.a, service, [ONE], SAD=t), SAD,
            "InvalidParameter" if long else "SadInvalid: MAC",
        )  # fmt: skip
    for text in (
        sad[:-1],
        sad[4:],
        "SAD_" + sad[4:],
        sad + "=",
        sad + "\n",
        "sad_" + sad,
        sad[:9] + "é" + sad[10:],
        "sad_",
    ):
        thief.refused(lambda t=text: web.sign_hash(web.a, service, [ONE], SAD=t), SAD, "SadInvalid")
    unknown = {"status": 401, "error": "invalid_token"}
    for text in (sad[:-1], sad[:-1] + ("A" if sad[-1] != "A" else "B"), sad[4:], sad + "A", "sad_"):
        thief.refused(lambda t=text: web.sign_hash(web.a, t, [ONE]), UNKNOWN, "TokenUnknown", **unknown)
    assert values(web.sign_hash(web.a, service, [ONE], SAD=sad))
    assert web.bench.uses == [ONE]


def test_bent_claims_under_any_mac_but_their_own_are_refused__t15(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    data, keys = base64url.decode(sad.removeprefix("sad_")), web.bench.keys
    other = base64url.decode(web.authorise(web.b, [ONE]).removeprefix("sad_"))
    claims = SadCodec(keys.sad).open(sad)
    bent = [
        replace(claims, client=web.b.client),
        replace(claims, credential=web.b.credential),
        replace(claims, expires_at=claims.expires_at.replace(year=2099)),
        replace(claims, factors=[]),
        replace(claims, transaction=SadCodec(keys.sad).open("sad_" + base64url.encode(other)).transaction),
    ]
    forged = [data[:32] + base64url.decode(SadCodec(keys.seal).make(each)[4:])[32:] for each in bent]
    macs = [getattr(keys, name) for name in ("seal", "otp", "fingerprint", "evidence")]
    forged += [key.mac(data[32:]) + data[32:] for key in macs]  # each other key, on the honest claims
    forged += [data[:32] + other[32:], other[:32] + data[32:]]
    for each in forged:
        text = "sad_" + base64url.encode(each)
        thief.refused(lambda t=text: web.sign_hash(web.a, service, [ONE], SAD=t), SAD, "SadInvalid: MAC")
    assert values(web.sign_hash(web.a, service, [ONE], SAD=sad))


@pytest.mark.slow
def test_no_other_value_of_ours_is_a_sad__t15(web, thief):
    """Handles, codes, cookies, and every binary value that either database holds, with and without the SAD's prefix."""
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    browser = web.browser()
    address = web.pushed(web.b, [ONE])
    browser.get(address).press("start")
    offered = [web.a.secret, service, browser.cookie(), address.split("request_uri=")[1], web.account_token(web.a)]
    offered += [evidence(web, "authorised")[0]["transaction"], browser.address.rsplit("/", 1)[-1]]
    browser.press("authorise", code=web.phone.code)
    offered += [browser.answer["code"], browser.answer["state"], web.phone.code]
    kept = blobs(web.database) + blobs(web.bench.database)
    names = {name for name, _ in kept}
    assert {
        "tokens.token_mac",
        "authorizations.sealed_sad",
        "transactions.seal",
        "evidence.link",
        "challenges.seal",
    } <= names
    own = encode("paraph record v1", {"transaction": "t"})
    for value in {blob for _, blob in kept} | {own, web.bench.keys.seal.mac(own) + own}:
        offered += [base64url.encode(value)[:900], "sad_" + base64url.encode(value)[:900]]
    for text in offered:
        thief.refused(lambda t=text: web.sign_hash(web.a, service, [ONE], SAD=t), SAD, "SadInvalid")
    assert values(web.sign_hash(web.a, service, [ONE], SAD=sad))
    assert web.bench.uses == [ONE]
