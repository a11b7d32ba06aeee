"""How much a portal may ask: counted by all workers together, refused when nobody can count."""

from __future__ import annotations

import base64
import hashlib
import multiprocessing
import sqlite3

import pytest
from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from api.app import create_app
from api.limits import counters
from api.limits.counters import Counters
from api.oauth.clients import Registration
from api.refusals import BadClient
from storage.engine import Database, StorageBusy
from tests.support.clocks import FakeClock
from tests.support.hitting import hits
from tests.support.web_bench import WebBench
from tests.support.wire import DIGESTS, assert_error

TOO_MANY = (429, "temporarily_unavailable", "Too many requests")
QUOTA = (429, "temporarily_unavailable", "The daily quota of signatures is used up")


def bench(folder, **settings) -> WebBench:
    return WebBench(folder, web=settings)


@pytest.fixture
def storage(tmp_path):
    database = Database(tmp_path / "limits.sqlite", durable=False)
    database.create(counters.metadata)
    yield Counters(database, FakeClock())
    database.close()


# -- counting ------------------------------------------------------------------------------------------------------------


def test_a_window_slides(storage):
    limiter, ten = SlidingWindowCounterRateLimiter(storage), RateLimitItemPerMinute(10)
    assert [limiter.hit(ten, "a") for _ in range(11)] == [True] * 10 + [False]
    assert limiter.hit(ten, "b")
    storage._clock.advance(seconds=59)
    assert not limiter.hit(ten, "a")
    storage._clock.advance(seconds=31)  # half of the minute before still counts
    assert [limiter.hit(ten, "a") for _ in range(6)] == [True] * 5 + [False]
    storage._clock.advance(minutes=2)
    assert [limiter.hit(ten, "a") for _ in range(11)] == [True] * 10 + [False]


def test_what_does_not_fit_is_not_counted(storage):
    limiter, hundred = SlidingWindowCounterRateLimiter(storage), RateLimitItemPerDay(100)
    assert limiter.hit(hundred, "a", cost=90)
    assert not limiter.hit(hundred, "a", cost=11)
    assert limiter.get_window_stats(hundred, "a").remaining == 10
    assert limiter.hit(hundred, "a", cost=10)
    assert not limiter.test(hundred, "a")
    limiter.clear(hundred, "a")
    assert limiter.test(hundred, "a")


def test_it_is_a_whole_storage_of_the_library(storage):
    limiter, three = FixedWindowRateLimiter(storage), RateLimitItemPerMinute(3)
    assert [limiter.hit(three, "a") for _ in range(4)] == [True, True, True, False]
    assert limiter.get_window_stats(three, "a").reset_time == storage._clock.now().timestamp() + 60
    storage._clock.advance(seconds=60)
    assert limiter.hit(three, "a")
    limiter.clear(three, "a")
    assert limiter.get_window_stats(three, "a").remaining == 3
    assert storage.check()
    limiter.hit(three, "b")
    assert (storage.reset(), storage.reset()) == (1, 0)


def test_old_windows_are_forgotten(storage):
    limiter, item = SlidingWindowCounterRateLimiter(storage), RateLimitItemPerMinute(5)
    for _ in range(50):
        limiter.hit(item, "a")
        storage._clock.advance(minutes=1)
    with storage._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM rate_counters").scalar_one() <= 3


def test_four_workers_have_one_limit(tmp_path):
    path = tmp_path / "limits.sqlite"
    Database(path).create(counters.metadata)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    workers = [context.Process(target=hits, args=(path, 40, barrier, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    got = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(got) == 40


# -- on the wire ---------------------------------------------------------------------------------------------------------


def info(web, token):
    return web.call("credentials/list", {"userID": "nobody"}, token)


def test_a_client_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_touched(tmp_path):
    web = bench(tmp_path, requests_a_minute=5)
    token, other = web.service_token(web.a), web.service_token(web.b)  # the first request of each
    assert [info(web, token).status_code for _ in range(5)] == [200] * 4 + [429]
    refused = info(web, token)
    assert_error(refused, *TOO_MANY)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    form = {"grant_type": "client_credentials", "client_id": web.a.client}
    assert_error(web.http.post("/oauth2/token", data=form, headers=web.a.basic), *TOO_MANY)
    assert info(web, other).status_code == 200
    web.clock.advance(seconds=120)
    assert info(web, token).status_code == 200
    web.database.close()


def test_who_does_not_prove_who_they_are_uses_up_nobodys_share(tmp_path):
    web = bench(tmp_path, requests_a_minute=5)
    token = web.service_token(web.a)
    form = {"grant_type": "client_credentials", "client_id": web.a.client, "client_secret": "wrong"}
    for _ in range(20):
        assert web.http.post("/oauth2/token", data=form).status_code == 400
        assert info(web, "svc_" + "x" * 43).status_code == 401
    assert info(web, token).status_code == 200
    web.database.close()


def test_a_client_has_what_was_agreed_with_it(tmp_path):
    web = bench(tmp_path, requests_a_minute=2, signatures_a_day=3)
    large = web.register("Primăria L", "https://l.example.com/", "lia", requests_a_minute=50, signatures_a_day=60)
    token = web.service_token(large)
    assert {info(web, token).status_code for _ in range(20)} == {200}
    assert web.push(large, web.signed(large, web.claims(large, many(20)))).status_code == 201
    with pytest.raises(BadClient, match="at least 1"):
        web.clients.add(Registration("K", ("https://k.example.com/",), signatures_a_day=0))
    web.database.close()


def many(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([n])).digest() for n in range(count)]


def push(web, portal, count):
    return web.push(portal, web.signed(portal, web.claims(portal, many(count))))


def test_a_days_signatures_are_counted_when_they_are_asked_for_and_a_request_too_many_is_refused_whole(tmp_path):
    web = bench(tmp_path, signatures_a_day=10)
    assert push(web, web.a, 7).status_code == 201
    refused = push(web, web.a, 4)
    assert_error(refused, *QUOTA)
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert push(web, web.a, 3).status_code == 201
    assert_error(push(web, web.a, 1), *QUOTA)
    assert push(web, web.b, 10).status_code == 201
    assert len(web.phone.messages) == 0
    web.clock.advance(days=2)
    assert push(web, web.a, 10).status_code == 201
    web.database.close()


def test_a_request_that_is_refused_for_something_else_costs_no_signature(tmp_path):
    web = bench(tmp_path, signatures_a_day=5)
    for _ in range(3):
        claims = web.claims(web.a, many(5), redirect_uri="https://evil.example/")
        assert web.push(web.a, web.signed(web.a, claims)).status_code == 400
    assert push(web, web.a, 5).status_code == 201
    web.database.close()


def test_one_signatory_does_not_use_up_the_portal(tmp_path):
    web = bench(tmp_path, signatory_requests_a_minute=4)
    sad = web.authorise(web.a, DIGESTS)  # one push for the account
    hashes = {
        "credentialID": web.a.credential,
        "hashes": [base64.b64encode(b"x" * 32).decode()],
        "signAlgo": "1.2.840.10045.4.3.2",
    }
    answers = [web.call("signatures/signHash", hashes, sad) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400] * 4 + [429]
    assert_error(answers[-1], *TOO_MANY)
    assert info(web, web.service_token(web.a)).status_code == 200
    assert [push(web, web.a, 1).status_code for _ in range(4)] == [201] * 3 + [429]
    assert push(web, web.b, 1).status_code == 201
    web.database.close()


def test_nobody_is_named_where_it_is_counted(tmp_path):
    web = bench(tmp_path)
    web.authorise(web.a, DIGESTS)
    with web.counters.reading() as connection:
        keys = [row[0] for row in connection.exec_driver_sql("SELECT key FROM rate_counters")]
    assert len(keys) >= 3
    for secret in (web.a.account, web.a.credential):
        assert not [key for key in keys if secret in key.split("/")]
    web.database.close()


# -- who cannot count refuses --------------------------------------------------------------------------------------------


def test_when_nobody_can_count_nothing_is_served(tmp_path):
    web = WebBench(tmp_path)
    web.counters = Database(tmp_path / "limits.sqlite", durable=False, busy_ms=50)
    web.app = create_app(web.settings, web.deps())
    web.http = web.client()
    token = web.service_token(web.a)
    assert info(web, token).status_code == 200
    lock = sqlite3.connect(tmp_path / "limits.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        assert_error(info(web, token), 503, "temporarily_unavailable", "The service is temporarily unavailable")
        assert push(web, web.a, 1).status_code == 503
    finally:
        lock.execute("ROLLBACK")
    assert info(web, token).status_code == 200
    lock.execute("DROP TABLE rate_counters")
    lock.close()
    assert info(web, token).status_code == 503
    with web.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM authorizations").scalar_one() == 0
    web.database.close()


def test_a_busy_database_is_not_taken_for_room(tmp_path):
    database = Database(tmp_path / "limits.sqlite", durable=False, busy_ms=20)
    database.create(counters.metadata)
    limiter = SlidingWindowCounterRateLimiter(Counters(database, FakeClock()))
    lock = sqlite3.connect(tmp_path / "limits.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy):
        limiter.hit(RateLimitItemPerMinute(5), "a")
    lock.close()
    assert limiter.hit(RateLimitItemPerMinute(5), "a")
