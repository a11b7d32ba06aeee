"""What is ours to put right, while somebody signs: a locked database, a token that was pulled out, a clock that went back.

Each time the program and the person are told whose fault it is, in the right language; no key was used and nothing is
half done; and when the fault is over, the same request is served once, without a restart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.errors import RecordTampered
from storage.engine import Database
from tests.support.counting import counted_keys
from tests.support.sam_bench import digest
from tests.support.thief import evidence
from tests.support.tokens import sam_token
from tests.support.web_bench import WebBench
from tests.support.wire import assert_error

ONE = digest("one")
DOWN = {
    "ro": "Serviciul de semnare nu răspunde. Problema este la noi. Nu s-a semnat nimic, nu s-a pierdut nimic.",
    "en": "The signing service does not answer. The problem is ours. Nothing was signed, nothing is lost.",
}
UNSURE = {
    "ro": "Nu știm încă dacă semnarea s-a încheiat. Nu introduceți codul din nou.",
    "en": "We do not know yet whether signing finished. Do not enter the code again.",
}
OUTAGE = (503, "temporarily_unavailable", "The service is temporarily unavailable")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a database, as a process that hangs would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def web(tmp_path) -> Iterator[WebBench]:
    bench = WebBench(tmp_path)
    yield bench
    bench.database.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Databases that give up after a tenth of a second: nobody has to wait five to learn it."""
    honest = Database.__init__
    monkeypatch.setattr(
        Database, "__init__", lambda self, path, busy_ms=100, **more: honest(self, path, busy_ms=busy_ms, **more)
    )


@pytest.mark.parametrize("language", ["ro", "en"])
def test_while_the_sams_database_is_locked_the_page_says_whose_fault_it_is(web, language):
    address = web.pushed(web.a, [ONE], lang=language)
    page, later = web.browser().get(address), web.browser()
    with locked(web.bench.folder / "sam.sqlite"):
        page.press("start")
        assert page.status == 503
        assert DOWN[language] in page.text
        assert web.phone.messages == []
    later.get(address).press("start")
    with locked(web.bench.folder / "sam.sqlite"):
        later.press("authorise", code=web.phone.code)
        assert later.status == 503
        assert UNSURE[language] in later.text
    later.get(later.address).press("authorise", code=web.phone.code)  # not judged then, so it is good now
    assert later.answer["code"]


def test_while_the_sams_database_is_locked_nothing_is_signed_and_later_each_digest_once(web):
    sad = web.authorise(web.a, [ONE])
    with locked(web.bench.folder / "sam.sqlite"):
        assert_error(web.sign_hash(web.a, sad, [ONE]), *OUTAGE)
    assert web.bench.uses == []
    assert evidence(web, "signing intended") == []
    first = web.sign_hash(web.a, sad, [ONE])
    assert first.status_code == 200
    assert web.sign_hash(web.a, sad, [ONE]).json == first.json
    assert web.bench.uses == [ONE]


def test_a_database_that_is_locked_after_the_key_was_used_signs_nothing_twice(web):
    """The signature exists and could not be stored: the outcome is unknown to all, and the key is not used again."""
    sad = web.authorise(web.a, [ONE])
    vault = web.bench.keys.vault
    lock = sqlite3.connect(web.bench.folder / "sam.sqlite", isolation_level=None)
    with during_signing(vault, lambda: lock.execute("BEGIN IMMEDIATE")):
        assert_error(web.sign_hash(web.a, sad, [ONE]), *OUTAGE)
    lock.execute("ROLLBACK")
    lock.close()
    assert web.bench.uses == [ONE]
    web.clock.advance(seconds=6)
    for _ in range(3):
        answer = web.sign_hash(web.a, sad, [ONE])
        assert_error(answer, 500, "server_error", "The outcome of an earlier request is not known")
    assert web.bench.uses == [ONE]
    again = web.authorise(web.a, [ONE])  # the twin: with another code
    assert web.sign_hash(web.a, again, [ONE]).status_code == 200


@contextmanager
def during_signing(vault, step) -> Iterator[None]:
    """Run a step while a signatory's key is lent, after it has signed."""
    honest = vault.unwrapped

    @contextmanager
    def unwrapped(key):
        with honest(key) as lent:
            yield lent
            step()

    vault.unwrapped = unwrapped
    try:
        yield
    finally:
        vault.unwrapped = honest


def test_while_the_web_zones_own_database_is_locked_nothing_is_begun(web):
    claims = web.claims(web.a, [ONE])
    with locked(Path(web.database._engine.url.database)):
        assert_error(web.push(web.a, web.signed(web.a, claims)), *OUTAGE)
    assert web.push(web.a, web.signed(web.a, claims)).status_code == 201


@pytest.mark.parametrize("language", ["ro", "en"])
def test_a_clock_that_went_back_is_told_as_ours_and_stops_everything(web, language):
    web.clock.advance(hours=2)
    sad = web.authorise(web.b, [ONE])
    web.clock.advance(hours=-1)
    page = web.browser().get(web.pushed(web.a, [ONE], lang=language)).press("start")
    assert page.status == 503
    assert DOWN[language] in page.text
    assert "error=temporarily_unavailable" in page.response.text
    assert_error(web.sign_hash(web.b, sad, [ONE]), *OUTAGE)
    assert web.bench.uses == []
    assert len(web.phone.messages) == 1
    web.clock.advance(hours=1)
    assert web.sign_hash(web.b, sad, [ONE]).status_code == 200


def test_a_broken_seal_is_told_as_ours_and_names_no_reason(web):
    with web.bench.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE credentials SET phone = '+40799999999' WHERE account = 'ana'")
    page = web.browser().get(web.pushed(web.a, [ONE])).press("start")
    assert page.status == 503
    assert DOWN["ro"] in page.text
    assert RecordTampered.__name__ not in page.response.text
    assert web.phone.messages == []


@pytest.mark.slow
def test_a_token_that_is_pulled_out_while_running_signs_nothing_and_comes_back_without_a_restart(tmp_path):
    web = WebBench(tmp_path, keys=counted_keys(sam_token(tmp_path / "token")))
    store = tmp_path / "token" / "tokens"
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    page = web.browser().get(web.pushed(web.a, [ONE]))
    store.rename(tmp_path / "away")
    for _ in range(3):
        assert_error(web.sign_hash(web.a, service, [ONE], SAD=sad), *OUTAGE)
    assert DOWN["ro"] in page.press("start").text
    assert web.bench.uses == []
    assert len(web.phone.messages) == 1
    (tmp_path / "away").rename(store)
    first = web.sign_hash(web.a, sad, [ONE])
    assert first.status_code == 200, first.text
    assert web.sign_hash(web.a, service, [ONE], SAD=sad).json == first.json
    assert web.bench.uses == [ONE]
    web.database.close()
