"""What breaks between portal and service: nothing is lost, nothing is signed twice, and the citizen is told the truth."""

from __future__ import annotations

import threading

import pytest

from tests.support.portal_browser import pdf

TOKEN, SIGN = "/oauth2/token", "/csc/v2/signatures/signDoc"
PUSH, LIST = "/oauth2/pushed_authorize", "/csc/v2/credentials/list"


@pytest.fixture
def filing(browser):
    address = browser.begin()
    browser.upload(address, [("cerere.pdf", pdf("cerere")), ("plan.pdf", pdf("plan"))])
    return address


def _signed(page) -> int:
    return page.text.count("Semnat de Ana Pop-Țăran")


@pytest.mark.parametrize("how", ["drop", "cut", 503, 429])
def test_a_lost_signing_answer_is_fetched_again_and_signed_once(browser, service, filing, how):
    service.fail[SIGN] = how
    page = browser.sign(filing)
    assert "Aducem documentele semnate" in page.text
    assert "Serviciul de semnare nu a răspuns la timp." in page.text
    service.fail.clear()
    assert _signed(browser.post(f"{filing}/collect")) == 2
    assert len(service.signed) == 2


def test_asking_again_many_times_changes_nothing(browser, service, filing):
    browser.sign(filing)
    calls = service.signing_calls
    for _ in range(3):
        browser.post(f"{filing}/collect")
    assert _signed(browser.page) == 2
    assert service.signing_calls == calls


def test_collecting_from_several_browsers_at_once_makes_one_call(browser, service, filing, portal_app):
    service.fail[SIGN] = 503
    browser.sign(filing)
    service.fail.clear()
    calls = service.signing_calls
    token, cookie = browser.csrf(), browser.client._cookies
    barrier = threading.Barrier(4)

    def press():
        client = portal_app.test_client()
        client._cookies = dict(cookie)
        barrier.wait()
        client.post(f"{filing}/collect", data={"csrf_token": token}, base_url="http://localhost:8600")

    presses = [threading.Thread(target=press) for _ in range(4)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert service.signing_calls == calls + 1
    assert _signed(browser.get(filing)) == 2


@pytest.mark.parametrize("how", ["drop", 500])
def test_a_lost_token_answer_makes_a_draft_again_because_nothing_can_be_signed(browser, service, filing, how):
    address = browser.authorize(filing)
    back = browser.through_service(address)
    service.fail[TOKEN] = how
    page = browser.get(back)
    assert "Serviciul de semnare nu răspunde. Problema este la noi." in page.text
    service.fail.clear()
    assert _signed(browser.sign(filing)) == 2


def test_a_refused_code_makes_a_draft_again(browser, service, filing):
    back = browser.through_service(browser.authorize(filing))
    service.codes.clear()
    page = browser.get(back)
    assert "Serviciul de semnare a încheiat autorizarea. Nu s-a semnat nimic" in page.text
    assert _signed(browser.sign(filing)) == 2


@pytest.mark.parametrize("path", [TOKEN, LIST, PUSH])
@pytest.mark.parametrize("how", [500, 400])
def test_a_service_that_fails_before_the_way_out_leaves_a_draft(browser, service, filing, path, how):
    service.fail[path] = how
    browser.get(filing)
    page = browser.post(f"{filing}/authorize")
    assert page.status_code == 503
    assert "Serviciul de semnare nu răspunde" in page.text
    service.fail.clear()
    assert _signed(browser.sign(filing)) == 2


def test_a_service_that_is_not_there_leaves_a_draft(browser, service, filing):
    service.stop()
    browser.get(filing)
    page = browser.post(f"{filing}/authorize")
    assert page.status_code == 503
    assert "Adăugați documentele" in browser.get(filing).text
    service.start()


def test_a_first_signing_call_that_is_refused_makes_a_draft_again(browser, service, filing):
    service.fail[SIGN] = 401
    page = browser.sign(filing)
    assert "Serviciul de semnare a încheiat autorizarea. Nu s-a semnat nimic" in page.text
    service.fail.clear()
    assert _signed(browser.sign(filing)) == 2


def test_a_refusal_after_a_lost_answer_is_not_called_unsigned(browser, service, filing):
    """The first call may have signed: the portal must not say that nothing was."""
    service.fail[SIGN] = "drop"
    browser.sign(filing)
    service.fail[SIGN] = 401
    page = browser.post(f"{filing}/collect")
    assert "Nu știm dacă semnarea s-a încheiat" in page.text
    assert "Nu s-a semnat nimic" not in page.text
    service.fail.clear()
    browser.post(f"{filing}/again")
    assert "cerere.pdf" in browser.page.text
    assert _signed(browser.sign(filing)) == 2


def test_a_token_that_ran_out_before_all_came_back_is_not_used(browser, service, filing):
    service.fail[SIGN] = 503
    service.expires_in = 300
    back = browser.through_service(browser.authorize(filing))
    service.expires_in = 5  # less than the portal's margin
    browser.get(back)
    service.fail.clear()
    page = browser.get(filing)
    assert "Serviciul de semnare a încheiat autorizarea. Nu s-a semnat nimic" in page.text
    assert service.signing_calls == 0


def test_a_document_the_service_cannot_sign_is_named_and_the_others_wait(browser, service, filing):
    service.refuse_document = (2, "password")
    page = browser.sign(filing)
    assert "„plan.pdf” nu poate fi semnat: este protejat cu parolă." in page.text
    assert "Nesemnat." in page.text
    service.refuse_document = None
    browser.post(f"{filing}/again")
    assert _signed(browser.sign(filing)) == 2


def test_large_documents_go_in_calls_of_their_own(browser, service, filing, monkeypatch):
    monkeypatch.setattr("portal.journey.collecting._BATCH_BYTES", 100)
    assert _signed(browser.sign(filing)) == 2
    assert service.signing_calls == 2
