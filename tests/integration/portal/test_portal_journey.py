"""The whole way of a filing: in, up, out to the signing service, back, down."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.support.portal_browser import pdf


def _three(browser):
    filing = browser.begin()
    browser.upload(filing, [(f"{name}.pdf", pdf(name)) for name in ("cerere", "plan", "anexă")])
    return filing


def test_three_documents_go_out_with_one_authorisation_and_come_back_signed(browser, service):
    filing = _three(browser)
    page = browser.sign(filing)
    assert page.request.path == filing
    assert page.text.count("Semnat de Ana Pop-Țăran") == 3
    assert page.text.count("Semnătură de test: nu are efect juridic.") == 3
    assert service.signing_calls == 1
    assert len(service.pushed) == 1


def test_a_signed_file_downloads_as_an_attachment_that_begins_with_what_was_uploaded(browser, service):
    filing = _three(browser)
    browser.sign(filing)
    address = re.search(r'href="([^"]+/signed\.pdf)"', browser.page.text)[1]
    with browser.client.get(address, base_url="http://localhost:8600") as answer:
        content = answer.data
    assert content.startswith(pdf("cerere")[:100])
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=cerere-semnat.pdf")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_documents_are_signed_in_the_order_the_citizen_chose(browser, service):
    filing = _three(browser)
    second = re.findall(r'action="([^"]+)/up"', browser.page.text)[0]
    browser.post(f"{second}/up", {"position": "1"})
    browser.authorize(filing)
    [asked] = service.pushed.values()
    labels = [each["label"] for each in asked["authorization_details"][0]["documentDigests"]]
    assert labels == ["plan.pdf", "cerere.pdf", "anexă.pdf"]


def test_the_service_is_told_the_language_the_citizen_reads(browser, service):
    filing = _three(browser)
    browser.get(f"{filing}?lang=en")
    browser.authorize(filing)
    assert [asked["lang"] for asked in service.pushed.values()] == ["en"]


def test_the_request_is_for_digests_of_the_originals(browser, service):
    filing = _three(browser)
    browser.authorize(filing)
    [asked] = service.pushed.values()
    [element] = asked["authorization_details"]
    assert element["numSignatures"] == 3
    assert {each["hashType"] for each in element["documentDigests"]} == {"sodr"}
    hashes = [base64.b64decode(each["hash"]) for each in element["documentDigests"]]
    assert hashes == [hashlib.sha256(pdf(name)).digest() for name in ("cerere", "plan", "anexă")]
