"""In and out, and what a session is worth (pages §4.1; attacks Z5, Z6, N7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.support.portal_browser import EMAIL, ORIGIN, PASSWORD, Browser, pdf

WRONG = "Adresa de e-mail sau parola nu este corectă."


@pytest.fixture
def visitor(portal_app):
    return Browser(portal_app)


def _cookie(browser: Browser):
    return browser.client.get_cookie("__Host-portal", domain="localhost")


def test_the_right_password_opens_the_filings(visitor):
    assert visitor.sign_in().request.path == "/filings"


def test_the_address_may_be_typed_with_capitals_and_blanks(visitor):
    assert visitor.sign_in(f"  {EMAIL.upper()} ").request.path == "/filings"


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "altceva"), ("nimeni@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(visitor, email, password):
    page = visitor.sign_in(email, password)
    assert page.status_code == 200
    assert page.text.count(WRONG) == 2
    assert f'value="{email}"' in page.text
    assert password not in page.text


def test_the_password_is_never_shown_again(visitor):
    assert PASSWORD not in visitor.sign_in("", PASSWORD).text


@pytest.mark.parametrize("email", [EMAIL, "nimeni@example.com"])
def test_after_five_wrong_tries_the_right_one_is_not_even_judged(visitor, email):
    for _ in range(5):
        assert WRONG in visitor.sign_in(email, "altceva").text
    page = visitor.sign_in(email, PASSWORD)
    assert re.search(r"Prea multe încercări\. Încercați din nou după ora \d\d:\d\d\.", page.text)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16), tick=True):
        expected = "/filings" if email == EMAIL else "/sign-in"
        assert visitor.sign_in(email, PASSWORD).request.path == expected


def test_signing_in_gives_the_session_a_new_id_and_the_old_one_is_dead__z6(visitor, portal_app):
    visitor.get("/sign-in")
    before = _cookie(visitor).value
    visitor.sign_in()
    after = _cookie(visitor)
    assert after.value != before
    assert (after.secure, after.http_only, after.same_site, after.path) == (True, True, "Lax", "/")
    fixed = portal_app.test_client(use_cookies=False)
    live = fixed.get("/filings", headers={"Cookie": f"__Host-portal={after.value}"}, base_url=ORIGIN)
    assert live.status_code == 200
    page = fixed.get("/filings", headers={"Cookie": f"__Host-portal={before}"}, base_url=ORIGIN)
    assert page.status_code == 303


def test_signing_out_ends_the_session_itself(visitor, portal_app):
    visitor.sign_in()
    stolen = _cookie(visitor).value
    visitor.post("/sign-out")
    assert "Ați ieșit din cont." in visitor.page.text
    page = portal_app.test_client(use_cookies=False).get(
        "/filings", headers={"Cookie": f"__Host-portal={stolen}"}, base_url=ORIGIN
    )
    assert page.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("later", [timedelta(minutes=61)])
def test_a_session_ends_by_itself_and_leads_back_to_the_same_page(visitor, later):
    visitor.sign_in()
    filing = visitor.begin()
    with time_machine.travel(datetime.now(UTC) + later, tick=True):
        page = visitor.get(filing)
        assert "V-am deconectat pentru siguranță. Ciorna este salvată." in page.text
        wanted = re.search(r'name="next"[^>]* value="([^"]+)"', page.text)[1]
        assert wanted == filing
        assert visitor.post("/sign-in", {"email": EMAIL, "password": PASSWORD, "next": wanted}).request.path == filing


def test_a_session_ends_after_twelve_hours_even_in_use(visitor):
    visitor.sign_in()
    start = datetime.now(UTC)
    for hours in range(1, 13):
        with time_machine.travel(start + timedelta(minutes=59 * hours), tick=True):
            path = visitor.get("/filings").request.path
            if hours < 12:
                assert path == "/filings"
    with time_machine.travel(start + timedelta(hours=12, minutes=1), tick=True):
        assert visitor.get("/filings").request.path == "/sign-in"


def test_a_form_sent_after_the_session_ended_leads_to_the_sign_in_and_back(visitor):
    visitor.sign_in()
    filing = visitor.begin()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61), tick=True):
        page = visitor.upload(filing, [("a.pdf", pdf("a"))])
        assert page.request.path == "/sign-in"
        assert f'value="{filing}"' in page.text


@pytest.mark.parametrize(
    "header",
    [
        "__Host-portal=a; __Host-portal=b",
        "__Host-portal=a; x=1;__Host-portal=a",
        "__Host-lang=en; __Host-lang=ro",
    ],
)
def test_a_cookie_that_comes_twice_is_refused__z6(portal_app, header):
    assert (
        portal_app.test_client(use_cookies=False)
        .get("/sign-in", headers={"Cookie": header}, base_url=ORIGIN)
        .status_code
        == 400
    )


@pytest.mark.parametrize("value", ["x", "A" * 43, '"\\054"', "\u00e9" * 43, "A" * 5000])
def test_a_cookie_of_nobodys_session_is_no_session(portal_app, value):
    header = f"__Host-portal={value}".encode().decode("latin-1")
    page = portal_app.test_client(use_cookies=False).get("/filings", headers={"Cookie": header}, base_url=ORIGIN)
    assert page.status_code in {303, 400}


def test_the_language_switch_keeps_the_address_typed(visitor):
    visitor.get("/sign-in")
    page = visitor.post("/sign-in", {"email": EMAIL, "password": "", "next": "", "_lang": "en"})
    assert '<html lang="en"' in page.text
    assert f'value="{EMAIL}"' in page.text
    assert "There is a problem" not in page.text
    assert visitor.get("/sign-in").text.count("Sign in to your account") == 2


@pytest.mark.parametrize("tag", ["../../etc", "ro_RO.evil", "de", "", "%s", "en-US", "x" * 5000])
def test_a_language_we_do_not_speak_leaves_the_first_one__z12(visitor, tag):
    assert '<html lang="ro"' in visitor.get(f"/sign-in?lang={tag}").text


def test_the_tries_are_counted_across_processes(portal_app, tmp_path, service):
    from tests.support.portal_browser import make_portal

    other = Browser(make_portal(tmp_path, service.url))
    one = Browser(portal_app)
    for browser in (one, other, one, other, one):
        assert WRONG in browser.sign_in(EMAIL, "altceva").text
    assert "Prea multe încercări" in other.sign_in().text
