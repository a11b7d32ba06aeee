"""The portal in a real browser: accessible, narrow, without script, and the button really leaves for another origin."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.live_portal import LivePortal
from tests.support.portal_browser import EMAIL, PASSWORD, pdf
from tests.support.standin_service import StandinService

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]
FILES = ("Cerere de autorizație.pdf", "plan cadastral cu un nume lung, al străzii și al cartierului.pdf", "poză.docx")


@pytest.fixture(scope="module")
def service(pki, ana):
    running = StandinService(pki, ana).start()
    yield running
    running.stop()
    assert running.problems == []


@pytest.fixture(scope="module")
def portal(tmp_path_factory, service):
    live = LivePortal(tmp_path_factory.mktemp("portal"), service)
    yield live
    live.stop()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def files(tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes(pdf(name))
    (tmp_path / FILES[2]).write_bytes(b"PK")
    return [str(tmp_path / name) for name in FILES]


class Visit:
    """One page of Chromium, whose every stop is checked."""

    def __init__(self, page: Page, *, script: bool) -> None:
        self.page = page
        self.script = script
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.text))
        page.on("pageerror", lambda error: self._note(str(error)))

    def _note(self, text: str) -> None:
        if "Autofocus" not in text and "404" not in text:
            self.complaints.append(text)

    def look(self) -> None:
        self.page.wait_for_load_state()
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not self.page.evaluate(overflow), self.page.url
        if self.script:
            report = Axe().run(self.page)
            assert report.violations_count == 0, report.generate_report()
        small = self.page.evaluate(
            "[...document.querySelectorAll('a,button,input')].filter(e => e.offsetParent && e.getBoundingClientRect().height"
            " < 24 && !e.closest('p.govuk-body,.govuk-error-summary,.govuk-skip-link') && !e.matches('.govuk-back-link'))"
            ".map(e => e.outerHTML)"
        )
        assert small == [], self.page.url


def _sign_in(visit: Visit, portal: LivePortal, language: str) -> None:
    page = visit.page
    page.goto(f"{portal.origin}/sign-in?lang={language}")
    visit.look()
    page.fill("#email", EMAIL)
    _enter(page)  # the password is missing
    visit.look()
    assert page.title().startswith("Eroare: " if language == "ro" else "Error: ")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    assert page.input_value("#email") == EMAIL
    page.fill("#password", PASSWORD)
    _enter(page)
    visit.look()
    assert page.url.endswith("/filings")


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _press(visit: Visit, ending: str) -> None:
    with visit.page.expect_navigation():
        visit.page.click(f'form[action$="{ending}"] button[type=submit]')


def _journey(visit: Visit, portal: LivePortal, files: list[str], language: str) -> None:
    page = visit.page
    _sign_in(visit, portal, language)
    _press(visit, "/filings")
    visit.look()
    page.set_input_files("input[type=file]", files)
    visit.look()
    _press(visit, "/documents")
    visit.look()
    assert "poză.docx" in page.inner_text(".govuk-error-summary")
    _press(visit, "/authorize")
    page.wait_for_url("**/filings/f-*")  # over the service, and back
    visit.look()
    assert page.locator(".city-verdict--good").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("ro", 320), ("ro", 1280), ("en", 360)])
def test_a_filing_is_signed_and_every_page_on_the_way_is_accessible(chromium, portal, files, language, width, scheme):
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-US")
    visit = Visit(context.new_page(), script=True)
    _journey(visit, portal, files, language)
    context.close()
    assert visit.complaints == []


def test_a_filing_is_signed_without_script(chromium, portal, files):
    context = chromium.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal.origin}/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.click('form[action="/filings"] button')
    page.set_input_files("input[type=file]", files[:2])
    page.click('form[action$="/documents"] button')
    page.click('form[action$="/authorize"] button')
    page.wait_for_url("**/filings/f-*")
    expect(page.locator(".city-verdict--good")).to_have_count(2)
    context.close()


def test_the_other_states_of_a_filing_are_accessible_too(chromium, portal, service, files):
    context = chromium.new_context(viewport={"width": 360, "height": 800})
    visit = Visit(context.new_page(), script=True)
    page = visit.page
    _sign_in(visit, portal, "ro")
    _press(visit, "/filings")
    page.set_input_files("input[type=file]", files[:2])
    _press(visit, "/documents")
    page.wait_for_load_state()
    filing = page.url
    service.refuse_document = (1, "certified")
    _press(visit, "/authorize")
    page.wait_for_url(filing)
    visit.look()  # rejected
    service.refuse_document = None
    _press(visit, "/again")
    visit.look()  # restarted
    page.route("**/oauth2/authorize**", lambda route: route.fulfill(status=204))
    _press(visit, "/authorize")
    page.wait_for_url("**/leaving")
    visit.look()  # leaving
    page.unroute("**/oauth2/authorize**")
    page.goto(filing)
    visit.look()  # authorizing
    service.fail["/csc/v2/signatures/signDoc"] = "drop"
    _press(visit, "/authorize")
    page.wait_for_url(filing)
    visit.look()  # signing
    service.fail["/csc/v2/signatures/signDoc"] = 401
    _press(visit, "/collect")
    visit.look()  # unsure
    service.fail.clear()
    page.goto(f"{portal.origin}/accessibility")
    visit.look()
    context.close()


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(chromium, portal):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{portal.origin}/sign-in")
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.innerText.trim()"))
    assert seen[:3] == ["Sari la conținut", "Primăria Sectorului 3", "English"]
    assert seen[3] == "email"
    assert seen[4] == "password"
    assert "submit" in seen
    assert seen[-1] == "Declarație de accesibilitate"
    context.close()


def test_a_first_visit_stays_within_the_budget_on_the_wire(chromium, portal):
    context = chromium.new_context()
    page = context.new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: int(response.headers.get("content-length", 0))}))
    page.goto(f"{portal.origin}/sign-in")
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) <= 40_000, sizes
    assert all(url.startswith(portal.origin) for url in sizes)
    context.close()


def test_a_page_of_the_portal_cannot_be_framed(chromium, portal, service):
    context = chromium.new_context()
    page = context.new_page()
    page.route(
        "http://frame.example/",
        lambda route: route.fulfill(content_type="text/html", body=f'<iframe src="{portal.origin}/sign-in"></iframe>'),
    )
    page.goto("http://frame.example/")
    page.wait_for_load_state("networkidle")
    [_, framed] = page.frames
    assert framed.url == "chrome-error://chromewebdata/"
    context.close()
