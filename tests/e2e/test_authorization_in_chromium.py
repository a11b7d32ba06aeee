"""The authorization pages in a real browser: two widths, two languages, light and dark, with and without script."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.support.live_web import live_web
from tests.support.wire import DIGESTS

WIDTHS = {360: 640, 1280: 800}


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    with live_web(tmp_path_factory.mktemp("live")) as bench:
        yield bench


@pytest.fixture
def complaints():
    """What the browser's console says beyond the status of an error page."""
    return []


@pytest.fixture
def open_page(chromium, complaints):
    contexts = []

    def opened(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def _no_complaints(complaints, web):
    yield
    web.clock.advance(hours=25)
    assert [each for each in complaints if "the server responded with a status of" not in each] == []


def check(page, width):
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def press(page, value):
    """Press a button and wait for the page it leads to."""
    with page.expect_navigation():
        page.click(f"button[value={value}]")


def address(web, **changes) -> str:
    return web.origin + web.pushed(web.c, DIGESTS, "sodr", **changes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ro", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_the_button_really_leaves_for_another_origin(
    web, open_page, width, language, scheme
):
    page = open_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page.goto(address(web, lang=language))
    assert page.get_attribute("html", "lang") == language
    check(page, width)
    press(page, "start")
    check(page, width)
    press(page, "authorise")
    page.wait_for_selector(".govuk-error-summary:focus")
    check(page, width)
    page.fill("#code", "1234 5678")
    press(page, "authorise")
    assert page.input_value("#code") == ""
    check(page, width)
    page.click("summary")
    check(page, width)
    web.clock.advance(seconds=31)
    press(page, "resend")
    check(page, width)
    page.fill("#code", web.phone.code)
    press(page, "authorise")
    page.wait_for_url(f"{web.elsewhere}/back?code=*")
    assert page.evaluate("document.referrer") == ""


@pytest.mark.parametrize("width", WIDTHS)
def test_the_ends_are_accessible(web, open_page, width):
    page = open_page(viewport={"width": width, "height": WIDTHS[width]})
    page.goto(address(web))
    press(page, "start")
    for code in ("00000001", "00000002", "00000003"):
        page.fill("#code", code)
        press(page, "authorise")
    assert "Semnarea s-a oprit." in page.inner_text("h1")
    check(page, width)
    for path in ("/", "/oauth2/authorize", "/oauth2/authorize/a-none", "/nowhere", "/accessibility"):
        page.goto(web.origin + path)
        check(page, width)
    page.goto(address(web))
    web.channel.down = True
    press(page, "start")
    web.channel.down = False
    assert "nu răspunde" in page.inner_text("h1")
    check(page, width)
    page.goto(address(web))
    press(page, "start")
    other = open_page(viewport={"width": width, "height": WIDTHS[width]})
    other.goto(page.url)
    assert "alt browser" in other.inner_text("h1")
    check(other, width)


@pytest.mark.parametrize(("width", "language", "scheme"), [(360, "ro", "light"), (1280, "en", "dark")])
def test_the_pages_of_a_revocation_are_accessible(web, open_page, width, language, scheme):
    page = open_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page.goto(f"{web.origin}/?lang={language}")
    check(page, width)
    page.click("main a")
    check(page, width)
    send = "main button"
    with page.expect_navigation():
        page.click(send)
    page.wait_for_selector(".govuk-error-summary:focus")
    check(page, width)
    page.fill("#national_id", f"29001014{web.people:05d}")
    page.fill("#phone", f"0722 100 {web.people:03d}")
    with page.expect_navigation():
        page.click(send)
    check(page, width)
    press(page, "revoke")
    page.wait_for_selector(".govuk-error-summary:focus")
    page.click("summary")
    check(page, width)
    page.fill("#code", "1234 5678")
    press(page, "cancel")
    check(page, width)


def test_a_revocation_works_without_script_and_with_the_enter_key(web, open_page):
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    maria = web.register("Primăria Y", f"{web.elsewhere}/back", "maria")
    page.goto(f"{web.origin}/revocation")
    page.fill("#national_id", f"29001014{web.people:05d}")
    page.fill("#phone", f"+40722100{web.people:03d}")
    page.press("#phone", "Enter")
    page.wait_for_selector("#code")
    page.fill("#code", web.phone.code)
    page.press("#code", "Enter")  # revokes: the first button of the form
    page.wait_for_selector("text=Certificatul dvs. este revocat.")
    assert web.ca.orders[-1].credential == maria.credential


def test_it_works_without_script_and_with_the_enter_key(web, open_page):
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page.goto(address(web))
    press(page, "start")
    page.click("summary")
    assert page.is_visible("button[value=resend]")
    page.fill("#code", web.phone.code)
    page.press("#code", "Enter")  # authorises: the first button of the form
    page.wait_for_url(f"{web.elsewhere}/back?code=*")


def test_cancelling_leaves_too_and_back_shows_the_end(web, open_page):
    page = open_page()
    page.goto(address(web))
    press(page, "start")
    code_page = page.url
    press(page, "cancel")
    page.wait_for_url(f"{web.elsewhere}/back?error=access_denied*")
    page.goto(code_page)
    assert page.inner_text("h1") == "Ați renunțat."
    assert page.query_selector("#code") is None


def test_a_reload_after_the_right_code_leads_out_again(web, open_page):
    page = open_page()
    page.route(f"{web.elsewhere}/**", lambda route: route.abort())
    page.goto(address(web))
    press(page, "start")
    code_page = page.url
    page.fill("#code", web.phone.code)
    with page.expect_event("requestfailed", lambda request: request.url.startswith(web.elsewhere)):
        press(page, "authorise")
    page.unroute(f"{web.elsewhere}/**")
    page.goto(code_page, wait_until="commit")  # it leads out at once
    page.wait_for_url(f"{web.elsewhere}/back?code=*")


def test_switching_the_language_keeps_the_page(web, open_page):
    page = open_page()
    page.goto(address(web))
    page.click("text=English")
    assert page.inner_text("h1") == "Authorise the signature"
    press(page, "start")
    page.fill("#code", "1")
    press(page, "authorise")
    page.click("text=Română")
    assert page.inner_text("h1") == "Autorizați semnarea"
    assert page.is_visible("#code")


def test_keyboard_order_is_that_of_the_page(web, open_page):
    page = open_page()
    page.goto(address(web))
    press(page, "start")
    page.wait_for_selector("#code")
    page.wait_for_load_state("networkidle")
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(document.activeElement.innerText || document.activeElement.id).trim()"))
    assert seen == [
        "Sari la conținut", "Paraph", "English", "code", "Autorizează semnarea", "Renunț, nu semnez",
        "Nu ați primit SMS-ul?", "Declarație de accesibilitate",
    ]  # fmt: skip


def tab_to(page, name):
    """Press Tab until the focus stands on what is called so."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("(document.activeElement.innerText || document.activeElement.id).trim()") == name:
            return
    raise AssertionError(name)


def test_the_whole_way_with_the_keyboard_alone(web, open_page):
    page = open_page(viewport={"width": 360, "height": 640})
    page.goto(address(web))
    tab_to(page, "Trimite codul prin SMS")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "Nu ați primit SMS-ul?")
    page.keyboard.press("Space")
    web.clock.advance(seconds=31)
    tab_to(page, "Trimite din nou codul")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "code")
    page.keyboard.type(web.phone.code)
    tab_to(page, "Autorizează semnarea")
    page.keyboard.press("Space")
    page.wait_for_url(f"{web.elsewhere}/back?code=*")


def test_the_page_is_light_on_the_wire(web, open_page):
    page = open_page()
    sizes = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names = {}
    session.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(address(web))
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) <= 40_000, {names.get(key): size for key, size in sizes.items()}
