"""Who sends the same thing many times at once, from real processes on one database (attacks §4: T1, T6)."""

from __future__ import annotations

import base64
from collections import Counter

import pytest

from core.clock import SystemClock
from tests.support.counting import counted_keys
from tests.support.sam_bench import digest
from tests.support.web_bench import ECDSA_OID, VERIFIER, Portal, WebBench
from tests.support.web_process import Call, Place, WebProcesses
from tests.support.wire import assert_error

PROCESSES = 4
ROUNDS = 4
ONE, TWO, OTHER = digest("one"), digest("two"), digest("other")
DEAD = (400, {"error": "invalid_grant", "error_description": "Authorization code is invalid or expired"})
ENDED = ("expired_token", "The access token is expired or revoked")

pytestmark = pytest.mark.slow


def code_for(web: WebBench, portal: Portal, *digests: bytes) -> str:
    browser = web.browser()
    browser.authorise(web.pushed(portal, digests))
    return browser.answer["code"]


def redemption(portal: Portal, code: str) -> Call:
    form = {
        "grant_type": "authorization_code",
        "client_id": portal.client,
        "code": code,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": VERIFIER,
    }
    return Call("/oauth2/token", portal.basic, form=form)


def evidence(web: WebBench, event: str) -> int:
    with web.bench.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM evidence WHERE event = ?", (event,)).scalar()


def issued_tokens(web: WebBench) -> int:
    with web.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM tokens WHERE kind = 'credential'").scalar()


@pytest.fixture
def live(tmp_path):
    """Keys in memory, because forty threads may not hold a token."""
    web = WebBench(tmp_path, clock=SystemClock())
    yield web
    web.database.close()


def test_forty_redemptions_at_once_give_one_token_each_round_and_reuse_revokes_it__t6(live):
    services = {portal.client: live.service_token(portal) for portal in (live.a, live.b)}
    with WebProcesses(Place.of(live), PROCESSES, threads=10) as processes:
        for round_ in range(1, ROUNDS + 1):
            portal, one = (live.a, live.b)[round_ % 2], digest(f"round {round_}")
            code = code_for(live, portal, one)
            sent = len(live.phone.messages)
            answers = processes.send([redemption(portal, code)] * 40)
            tokens = [body["access_token"] for status, body in answers if status == 200]
            assert len(tokens) == 1, answers
            assert [answer for answer in answers if answer[0] != 200] == [DEAD] * 39
            assert issued_tokens(live) == round_
            assert_error(live.token(portal, code), DEAD[0], *DEAD[1].values())  # late
            assert_error(live.sign_hash(portal, tokens[0], [one]), 401, *ENDED)
            in_body = live.sign_hash(portal, services[portal.client], [one], SAD=tokens[0])
            assert_error(in_body, 400, "invalid_request", "Invalid parameter SAD")
            assert evidence(live, "transaction cancelled") == round_  # once, by whoever came second
            assert len(live.phone.messages) == sent
    assert live.bench.uses == []
    for portal in (live.a, live.b):  # the twin: redeemed once
        once = live.token(portal, code_for(live, portal, ONE)).json["access_token"]
        assert live.sign_hash(portal, once, [ONE]).status_code == 200
    assert live.bench.uses == [ONE, ONE]


def test_a_hundred_parallel_uses_of_one_sad_use_the_key_once_for_each_digest__t1(tmp_path, token):
    web = WebBench(tmp_path, clock=SystemClock(), keys=counted_keys(token))

    def use(token: str, *hashes: bytes, **more) -> Call:
        body = {"credentialID": web.a.credential, "hashes": [base64.b64encode(h).decode() for h in hashes]}
        headers = {"Authorization": f"Bearer {token}"}
        return Call("/csc/v2/signatures/signHash", headers, json=body | {"signAlgo": ECDSA_OID} | more)

    with WebProcesses(Place.of(web, token), PROCESSES) as processes:
        service, sad = web.service_token(web.a), web.authorise(web.a, [ONE, TWO, ONE])
        sent = len(web.phone.messages)
        kinds = [use(sad, ONE, TWO), use(service, TWO, ONE, SAD=sad), use(sad, ONE), use(sad, TWO, OTHER)]
        answers = processes.send([kinds[(number + number // 4) % 4] for number in range(100)])
    refused = (400, {"error": "invalid_request", "error_description": "Hash is not authorized by the SAD"})
    assert Counter(status for status, _ in answers) == {200: 75, 400: 25}
    assert [answer for answer in answers if answer[0] != 200] == [refused] * 25
    lists = {tuple(body["signatures"]) for status, body in answers if status == 200}
    by_length = {length: [each for each in lists if len(each) == length] for length in (1, 2)}
    assert len(by_length[1]) == 1
    assert len(by_length[2]) == 2
    assert by_length[2][0] == by_length[2][1][::-1]
    assert by_length[1][0][0] in by_length[2][0]
    assert evidence(web, "signing intended") == evidence(web, "signed") <= 2
    assert signed_positions(web) == b"SSA"  # ONE was authorised twice; nobody asked for the second
    final = web.sign_hash(web.a, sad, [ONE, TWO, ONE])  # the twin: what is left of the authorisation
    assert final.status_code == 200
    assert set(final.json["signatures"][:2]) == set(by_length[2][0])
    assert web.bench.uses == [ONE]
    assert len(web.phone.messages) == sent
    web.database.close()


def signed_positions(web: WebBench) -> bytes:
    with web.bench.database.reading() as connection:
        return connection.exec_driver_sql("SELECT progress FROM transactions").scalar()
