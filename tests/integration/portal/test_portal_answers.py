"""The service's answer in the browser's address: only one of ours, for this sign-in, from our issuer (Z1, P7, Z15)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from portal import accounts
from tests.support.portal_browser import Browser, pdf

BOGDAN = ("bogdan@example.com", "alte trei cuvinte aici", "Bogdan Ionescu")


@pytest.fixture
def filing(browser):
    address = browser.begin()
    browser.upload(address, [("cerere.pdf", pdf("cerere"))])
    return address


def _changed(path: str, **changes) -> str:
    parts = urlsplit(path)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in changes]
    query += [(name, each) for name, values in changes.items() for each in values]
    return f"{parts.path}?{urlencode(query)}"


def _token_calls(service):
    return len(service.tokens)


@pytest.mark.parametrize(
    "issuers", [[], ["http://evil.example"], ["{url}", "{url}"], ["{url}", "http://evil.example"], ["{url}/"], [""]]
)
def test_an_answer_without_exactly_our_issuer_stops_before_the_token_endpoint__rfc9207(
    browser, service, filing, issuers
):
    back = browser.through_service(browser.authorize(filing))
    page = browser.get(_changed(back, iss=[each.format(url=service.url) for each in issuers]))
    assert "Răspunsul nu a venit de la serviciul nostru de semnare." in page.text
    assert _token_calls(service) == 0
    assert service.signing_calls == 0
    assert browser.sign(filing).text.count("Semnat de Ana Pop-Țăran") == 1  # the twin


@pytest.mark.parametrize("changes", [{"state": ["x" * 43]}, {"state": []}, {"state": [""]}, {"state": ["a", "b"]}])
def test_an_answer_with_a_state_that_is_not_ours_is_not_taken(browser, service, filing, changes):
    back = browser.through_service(browser.authorize(filing))
    page = browser.get(_changed(back, **changes))
    assert page.status_code == 400
    assert "Nu cunoaștem această autorizare" in page.text
    assert _token_calls(service) == 0
    assert browser.get(back).text.count("Semnat de Ana Pop-Țăran") == 1  # the true one still counts


@pytest.mark.parametrize("codes", [[], ["a", "b"], [""]])
def test_an_answer_with_no_code_or_two_ends_the_authorisation(browser, service, filing, codes):
    back = browser.through_service(browser.authorize(filing))
    page = browser.get(_changed(back, code=codes))
    assert "Serviciul de semnare a încheiat autorizarea." in page.text
    assert _token_calls(service) == 0


def test_a_code_beside_an_error_is_not_exchanged(browser, service, filing):
    back = browser.through_service(browser.authorize(filing))
    browser.get(_changed(back, error=["access_denied"]))
    assert _token_calls(service) == 0
    assert "Adăugați documentele" in browser.page.text


def test_a_citizen_who_cancelled_is_told_so_and_keeps_the_documents(browser, service, filing):
    service.answer = lambda answer: {"error": "access_denied", "state": answer["state"], "iss": answer["iss"]}
    page = browser.sign(filing)
    assert "Ați renunțat. Nu s-a semnat nimic." in page.text
    assert "cerere.pdf" in page.text


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "invalid_request", "<b>x</b>"])
def test_an_error_of_the_service_is_said_in_words_of_ours(browser, service, filing, error):
    service.answer = lambda answer: {
        "error": error, "error_description": "Traceback <script>", "state": answer["state"], "iss": answer["iss"]
    }  # fmt: skip
    page = browser.sign(filing)
    assert "Serviciul de semnare a încheiat autorizarea." in page.text
    assert "Traceback" not in page.text


def test_loading_the_answer_again_signs_nothing_again(browser, service, filing):
    back = browser.through_service(browser.authorize(filing))
    first, second = browser.get(back).text, browser.get(back).text
    assert first.count("Semnat de Ana Pop-Țăran") == second.count("Semnat de Ana Pop-Țăran") == 1
    assert service.signing_calls == 1


def test_an_answer_in_another_citizens_browser_stops_and_the_owner_is_told__z1(
    browser, service, filing, portal_app, tmp_path
):
    accounts.add(tmp_path, *BOGDAN)
    back = browser.through_service(browser.authorize(filing))
    bogdan = Browser(portal_app)
    bogdan.sign_in(*BOGDAN[:2])
    page = bogdan.get(back)
    assert page.status_code == 403
    assert "Nu s-a semnat nimic." in page.text
    assert _token_calls(service) == 0
    assert "Cineva a încercat să încheie această autorizare în alt browser." in browser.get(filing).text
    assert browser.get(back).request.path == filing  # too late for the owner too
    assert _token_calls(service) == 0


def test_an_answer_after_another_sign_in_of_the_same_citizen_stops(browser, service, filing, portal_app):
    back = browser.through_service(browser.authorize(filing))
    elsewhere = Browser(portal_app)
    elsewhere.sign_in()
    assert elsewhere.get(back).status_code == 403
    assert _token_calls(service) == 0


def test_an_answer_to_a_browser_that_is_not_signed_in_leads_to_the_sign_in_without_the_code(
    service, filing, browser, portal_app
):
    back = browser.through_service(browser.authorize(filing))
    stranger = Browser(portal_app)
    page = stranger.get(back)
    assert page.request.path == "/sign-in"
    assert "code" not in page.request.query_string.decode()
    assert browser.get(back).text.count("Semnat de Ana Pop-Țăran") == 1


def test_an_answer_to_an_authorisation_that_was_called_back_is_not_taken(browser, service, filing):
    back = browser.through_service(browser.authorize(filing))
    browser.get(filing)
    browser.post(f"{filing}/call-back")
    assert "Adăugați documentele" in browser.page.text
    assert browser.get(back).request.path == filing
    assert _token_calls(service) == 0


def test_pressing_the_button_twice_asks_once(browser, service, filing):
    assert browser.authorize(filing) == browser.authorize(filing)
    assert len(service.pushed) == 1


def test_a_request_address_that_ran_out_is_replaced_and_the_old_answer_is_not_taken(browser, service, filing):
    service.expires_in = 10
    browser.get(filing)
    browser.post(f"{filing}/authorize")
    assert "Se așteaptă autorizarea dvs." in browser.page.text  # nothing usable to leave for
    service.expires_in = 300
    assert browser.sign(filing).text.count("Semnat de Ana Pop-Țăran") == 1
    assert len(service.pushed) == 2


def test_the_page_after_the_answer_has_no_code_in_its_address_and_sends_no_referrer(browser, service, filing):
    back = browser.through_service(browser.authorize(filing))
    answer = browser.client.get(back, base_url="http://localhost:8600")
    assert answer.status_code == 303
    assert "code=" not in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_leaving_is_a_page_of_our_own_that_sends_no_referrer(browser, service, filing):
    address = browser.authorize(filing)
    assert address.startswith(f"{service.url}/oauth2/authorize?client_id=client-portal&request_uri=urn")
    assert browser.page.status_code == 200
    assert browser.page.headers["Referrer-Policy"] == "no-referrer"
    assert re.search(r'<a class="govuk-button"[^>]*>Continuă către serviciul de semnare</a>', browser.page.text)


def test_documents_cannot_change_while_an_authorisation_is_out(browser, service, filing):
    browser.authorize(filing)
    page = browser.upload(filing, [("altceva.pdf", pdf("altceva"))])
    assert "Cererea s-a schimbat între timp" in page.text
    assert "altceva.pdf" not in page.text
