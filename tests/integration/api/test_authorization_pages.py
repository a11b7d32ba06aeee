"""The signatory's way: what each page says, and that nothing happens unless it should (pages.md §4.2, attacks Z1 to Z15)."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlencode

import pytest

from signer.sam.protocol import SetState
from tests.support.wire import DIGESTS

DASH = "\N{EN DASH}"


def texts(browser, *wanted):
    for each in wanted:
        assert each in browser.text, browser.text


def test_looking_sends_no_message_and_changes_nothing(web):
    address = web.pushed(web.a, DIGESTS)
    for scanner in (web.browser(), web.browser()):
        assert scanner.get(address).status == 200
        scanner.get(address)
    assert web.phone.messages == []
    citizen = web.browser().authorise(address)
    assert citizen.status == 200
    assert len(web.phone.messages) == 1


def test_the_first_page_says_what_will_be_signed(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS, "sodr"))
    assert page.title == f"Autorizați semnarea {DASH} Semnătură electronică {DASH} Paraph"
    texts(
        page, "Pentru Primăria Sectorului 3", "Semnați 3 documente", "Cererea nr. 1.pdf Cererea nr. 2.pdf",
        "Trimite codul prin SMS", "Renunț, nu semnez", "Serviciul de semnare nu vede ce scrie în documente",
    )  # fmt: skip
    assert "conținut necunoscut" not in page.text


def test_the_code_page_says_whom_what_and_the_fingerprint_of_the_message(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS[:1], "sodr")).press("start")
    texts(
        page, "Pentru Primăria Sectorului 3", "Semnatar Ana Pop-Ștefănescu", "Semnați 1 document Cererea nr. 1.pdf",
        "Comparați amprenta cu cea din SMS. Dacă diferă, nu introduceți codul și apăsați „Renunț”.",
        "Opt cifre, trimise la numărul care se termină în 01. Valabil până la ora 10:48.",
        "Autorizează semnarea", "Renunț, nu semnez", "Nu ați primit SMS-ul?",
    )  # fmt: skip
    fingerprint = re.search(r"Amprentă ([B-Z]{4} [B-Z]{4}) ", page.text)[1]
    assert fingerprint in web.phone.messages[0].text


def test_the_pages_speak_english_when_asked_to(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS, "sodr", lang="en-GB"))
    assert page.title == f"Authorise the signature {DASH} Electronic signature {DASH} Paraph"
    page.press("start")
    texts(page, "Eight digits, sent to the number ending in 01. Valid until 10:48.", "You sign 3 documents")
    assert web.phone.messages[0].text.startswith("You sign 3 documents")
    page.get(page.address + "?lang=ro")
    texts(page, "Autorizează semnarea")


def test_neither_number_nor_personal_number_is_on_any_page(web):
    browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    pages = [browser.response.text, browser.press("authorise", code="1").response.text]
    for page in pages:
        assert "22100" not in page
        assert "2900101" not in page


def test_no_page_is_kept_framed_or_tells_where_it_came_from(web):
    browser = web.browser()
    for page in (
        browser.get(web.pushed(web.a, DIGESTS)), browser.press("start"), browser.press("authorise", code="1"),
        browser.press("authorise", code=web.phone.code),
    ):  # fmt: skip
        headers = page.response.headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "form-action 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert "Location" not in headers
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_cookie_cannot_be_set_by_a_neighbour_nor_read_by_a_script(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS))
    (cookie,) = [value for value in page.response.headers.getlist("Set-Cookie") if value.startswith("__Host-paraph=")]
    assert set(cookie.split("; ")[1:]) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


# -- the code ------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_a_code_is_not_judged(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    for typed, says in (
        ("", "Introduceți codul de opt cifre."),
        ("   ", "Introduceți codul de opt cifre."),
        ("1234 567", "Codul are opt cifre; ați scris 7."),
        ("123456789", "Codul are opt cifre; ați scris 9."),
        ("abcdefgh", "Codul are opt cifre; ați scris 0."),
        ("１２３４５６７８", "Codul are opt cifre; ați scris 0."),  # noqa: RUF001  # full-width digits, on purpose
        ("+1234567", "Codul are opt cifre; ați scris 7."),
        ("1" * 4000, "Codul are opt cifre; ați scris 4000."),
    ):
        page.press("authorise", code=typed)
        assert page.status == 422
        assert page.title.startswith("Eroare: Autorizați semnarea")
        texts(page, "Verificați următoarele " + says)
        assert 'name="code"' in page.response.text
        assert f'value="{typed}"' not in page.response.text or not typed
    page.press("authorise", code=web.phone.code)
    assert page.answer["code"]


def test_a_code_may_be_typed_in_groups(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    code = web.phone.code
    assert page.press("authorise", code=f" {code[:4]}-{code[4:]}\u00a0").answer["code"]


def test_three_wrong_codes_end_it_and_the_right_one_comes_too_late(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    right = web.phone.code
    wrong = [f"{(int(right) + n) % 10**8:08}" for n in (1, 2, 3)]
    texts(page.press("authorise", code=wrong[0]), "Codul nu este corect. Mai aveți 2 încercări.")
    texts(page.press("authorise", code=wrong[1]), "Codul nu este corect. Mai aveți o singură încercare.")
    form = re.search(r'name="key" value="([^"]+)"', page.response.text)[1]
    page.press("authorise", code=wrong[2])
    texts(
        page,
        "Semnarea s-a oprit. Codul a fost greșit de trei ori. Nu s-a semnat nimic, iar cererea dvs. este păstrată.",
    )
    texts(page, "Nu dvs. ați încercat? Sunați la 021 000 00 00.", "Înapoi la cerere")
    assert "error=access_denied" in page.response.text
    page.post({"key": form, "action": "authorise", "code": right})
    assert "refresh" not in page.response.text
    texts(page, "Nu s-a semnat nimic.")
    texts(page.get(page.address), "Semnarea s-a oprit.")


def test_after_its_time_a_new_code_is_sent_at_once(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    old = web.phone.code
    web.clock.advance(minutes=5, seconds=1)
    page.press("authorise", code=old)
    texts(page, "Codul a expirat la ora 10:48. V-am trimis unul nou; amprenta este aceeași.")
    assert len(web.phone.messages) == 2
    assert web.phone.code != old
    assert page.press("authorise", code=web.phone.code).answer["code"]


def test_a_citizen_who_opens_too_often_is_told_until_when(web):
    for _ in range(5):
        page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
        assert page.status == 200
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    assert page.status == 429
    texts(page, "Pentru siguranța dvs., puteți semna din nou după miercuri, 25 noiembrie 2026, ora 10:43.")
    assert len(web.phone.messages) == 5


# -- failures ------------------------------------------------------------------------------------------------------------


def test_when_the_service_is_down_nothing_is_lost(web):
    browser = web.browser().get(web.pushed(web.a, DIGESTS))
    address = browser.address
    web.channel.down = True
    texts(browser.press("start"), "Serviciul de semnare nu răspunde. Problema este la noi. Nu s-a semnat nimic")
    assert browser.status == 503
    web.channel.down = False
    assert browser.authorise(address).answer["code"]


def test_when_the_answer_to_a_code_is_lost_the_page_does_not_pretend_to_know(web):
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    web.channel.fails_after.add("SubmitCode")
    page.press("authorise", code=web.phone.code)
    texts(page, "Nu știm încă dacă semnarea s-a încheiat. Nu introduceți codul din nou.")


def test_a_suspended_credential_gets_no_code(web):
    web.bench.admin(SetState(web.a.credential, "suspended"))
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    assert page.status == 403
    texts(page, "Semnătura dvs. nu poate fi folosită acum")
    assert web.phone.messages == []


def test_an_expired_certificate_is_told_with_its_day(web):
    web.clock.advance(days=91)
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    assert page.status == 403
    texts(page, "Semnătura dvs. a expirat pe 22 februarie 2027.", "Cum obțineți alta")
    assert web.phone.messages == []


def test_a_credential_of_another_portal_is_no_different_from_none(web):
    pages = []
    for credential in (web.b.credential, "c-nobody"):
        details = web.details(web.a, DIGESTS, credentialID=credential)
        page = web.browser().get(web.pushed(web.a, DIGESTS, authorization_details=details)).press("start")
        pages.append((page.status, re.sub(r"Număr: \w+", "", page.text)))
    assert pages[0] == pages[1]
    assert "Această cerere nu poate fi semnată" in pages[0][1]
    assert web.phone.messages == []


# -- ends ----------------------------------------------------------------------------------------------------------------


def test_the_way_back_carries_code_state_and_issuer(web):
    browser = web.browser().authorise(web.pushed(web.a, DIGESTS))
    assert browser.way_out.startswith(web.a.redirect_uri + "?")
    assert set(browser.answer) == {"code", "state", "iss"}
    assert browser.answer["iss"] == web.origin
    texts(browser, "Semnarea a reușit. Continuă către Primăria Sectorului 3")
    assert browser.response.headers["Referrer-Policy"] == "no-referrer"
    assert "__Host" not in browser.way_out


def test_a_redirect_uri_with_a_query_keeps_it(web):
    browser = web.browser().authorise(web.pushed(web.b, DIGESTS, state=None))
    assert browser.way_out.startswith("https://portal-b.example.com/back?x=1&code=")
    assert set(browser.answer) == {"x", "code", "iss"}


def test_pressing_twice_or_coming_back_shows_the_same_way_out_until_it_is_used(web):
    browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    code, key = web.phone.code, re.search(r'name="key" value="([^"]+)"', browser.response.text)[1]
    first = browser.post({"key": key, "action": "authorise", "code": code}).way_out
    assert browser.post({"key": key, "action": "authorise", "code": code}).way_out == first
    assert browser.get(browser.address).way_out == first
    assert web.token(web.a, browser.answer["code"]).status_code == 200
    texts(browser.get(browser.address), "Documentele sunt deja semnate.", "Continuă")
    assert "https://portal-a.example.com/" in browser.response.text
    assert "code=" not in browser.response.text
    assert browser.get(web.browser().address or browser.address).status == 200


def test_pressing_start_twice_sends_one_message(web):
    address = web.pushed(web.a, DIGESTS)
    browser = web.browser().get(address)
    key = re.search(r'name="key" value="([^"]+)"', browser.response.text)[1]
    pages = []
    for _ in range(2):
        browser.address = address
        pages.append(browser.post({"key": key, "action": "start"}).address)
    assert pages[0] == pages[1]
    assert len(web.phone.messages) == 1
    browser.get(address)  # Back
    texts(browser, "Codul primit prin SMS")


def test_cancelling_is_final_in_the_sam_too(web):
    browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    key = re.search(r'name="key" value="([^"]+)"', browser.response.text)[1]
    browser.press("cancel")
    assert browser.answer == {"error": "access_denied", "state": "st-xxxxxxxxxx", "iss": web.origin}
    texts(browser, "Ați renunțat. Nu s-a semnat nimic. Codul din SMS nu mai poate fi folosit.")
    browser.post({"key": key, "action": "authorise", "code": web.phone.code})
    texts(browser, "Ați renunțat.")
    assert "CancelTransaction" in web.channel.calls
    assert "SubmitCode" not in web.channel.calls


def test_cancelling_before_the_code_sends_nothing(web):
    address = web.pushed(web.a, DIGESTS)
    browser = web.browser().get(address).press("cancel")
    assert browser.answer["error"] == "access_denied"
    assert web.phone.messages == []
    texts(browser.get(address), "Ați renunțat.")


def test_a_newer_transaction_ends_the_older_page(web):
    """Attack Z3: codes do not cross over."""
    older = web.browser().get(web.pushed(web.a, DIGESTS[:1])).press("start")
    old_code = web.phone.code
    newer = web.browser().get(web.pushed(web.a, DIGESTS[1:])).press("start")
    older.press("authorise", code=web.phone.code)
    texts(older, "Pagina nu mai este valabilă Nu s-a semnat nimic.")
    texts(newer.press("authorise", code=old_code), "Codul nu este corect.")


# -- other browsers, forged forms ----------------------------------------------------------------------------------------


def test_the_code_opens_nothing_in_another_browser(web):
    ana = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    key = re.search(r'name="key" value="([^"]+)"', ana.response.text)[1]
    thief = web.browser().get(ana.address)
    assert thief.status == 403
    texts(thief, "Pagina a fost deschisă în alt browser. Continuați acolo sau reluați din portal.")
    thief.post({"key": key, "action": "authorise", "code": web.phone.code})
    assert thief.status == 403
    assert "portal-a.example.com" not in thief.response.text
    assert "SubmitCode" not in web.channel.calls
    assert ana.press("authorise", code=web.phone.code).answer["code"]


def test_of_two_browsers_on_one_address_the_first_to_press_keeps_it(web):
    """Attack Z1, in either order of looking."""
    address = web.pushed(web.a, DIGESTS)
    one, other = web.browser().get(address), web.browser().get(address)
    other.press("start")
    one.address = address
    one.press("start")
    assert (one.status, other.status) == (403, 200)
    assert one.get(address).status == 403
    assert len(web.phone.messages) == 1


@pytest.mark.parametrize("key", [None, "", "A" * 43, "é", "x" * 4000])
@pytest.mark.parametrize("action", ["start", "cancel"])
def test_a_form_without_our_key_does_nothing_before(web, key, action):
    address = web.pushed(web.a, DIGESTS)
    browser = web.browser().get(address)
    form = {"action": action} | ({} if key is None else {"key": key})
    assert browser.post(form).status == 400
    assert web.phone.messages == []
    assert browser.get(address).press("start").status == 200


@pytest.mark.parametrize("action", ["authorise", "cancel", "resend"])
def test_a_form_without_our_key_does_nothing_within(web, action):
    browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    other = web.browser().get(web.pushed(web.b, DIGESTS)).press("start")
    foreign = re.search(r'name="key" value="([^"]+)"', other.response.text)[1]
    web.clock.advance(seconds=61)
    calls = list(web.channel.calls)
    for form in ({}, {"key": foreign}):
        assert browser.post({"action": action, "code": web.phone.code} | form).status == 400
    assert web.channel.calls == calls


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://service.example.com", "https://portal-a.example.com"]
)
def test_a_form_from_another_origin_does_nothing(web, origin):
    browser = web.browser().get(web.pushed(web.a, DIGESTS))
    key = re.search(r'name="key" value="([^"]+)"', browser.response.text)[1]
    assert browser.post({"key": key, "action": "start"}, headers={"Origin": origin}).status == 400
    assert web.phone.messages == []
    assert browser.post({"key": key, "action": "start"}, headers={}).status == 200  # browsers that send none


def test_a_cookie_that_comes_twice_is_refused(web):
    address = web.pushed(web.a, DIGESTS)
    for cookie in ("__Host-paraph=a; __Host-paraph=b", "__Host-paraph=a;__Host-paraph=a"):
        assert web.http.get(address, headers={"Cookie": cookie}).status_code == 400
    assert web.http.get(address, headers={"Cookie": "x=1; x=2"}).status_code == 200


@pytest.mark.parametrize("cookie", ["", "short", "A" * 44, '"A"', "A" * 42 + "é", "x" * 8000])
def test_a_cookie_we_did_not_make_is_replaced(web, cookie):
    answer = web.http.get(web.pushed(web.a, DIGESTS), headers={"Cookie": f"__Host-paraph={cookie}"})
    assert answer.status_code == 200
    assert len(re.search(r"__Host-paraph=([A-Za-z0-9_-]+);", answer.headers["Set-Cookie"])[1]) == 43


# -- labels and languages --------------------------------------------------------------------------------------------------


def labelled(web, *labels):
    details = web.details(web.a, DIGESTS[: len(labels)], "sodr")
    for document, label in zip(details[0]["documentDigests"], labels, strict=True):
        document["label"] = label
    return web.claims(web.a, DIGESTS, authorization_details=details)


def test_names_are_shown_as_they_are_and_never_as_markup(web):
    names = ("<script>alert(1)</script>", "%(name)s {0.__class__} %s.pdf", '"><img src=x onerror=alert(1)>')
    answer = web.push(web.a, web.signed(web.a, labelled(web, *names)))
    address = f"/oauth2/authorize?client_id={web.a.client}&request_uri={answer.json['request_uri']}"
    page = web.browser().get(address)
    for _ in range(2):
        for name in names:
            assert name not in page.response.text or "<" not in name
            assert name in page.text.replace("<script>", "") or name in page.text
        page.press("start") if "Trimite codul" in page.text else None


def test_letters_of_several_alphabets_are_pointed_out(web):
    answer = web.push(web.a, web.signed(web.a, labelled(web, "Cоntract.pdf", "Contract.pdf", "")))  # noqa: RUF001  # a Cyrillic o
    page = web.browser().get(f"/oauth2/authorize?client_id={web.a.client}&request_uri={answer.json['request_uri']}")
    texts(page, "Cоntract.pdf litere din mai multe alfabete Contract.pdf Documentul 3")  # noqa: RUF001


@pytest.mark.parametrize(
    "label", ["a\u202eb", "a\u200bb", "a\nb", "a\x00b", "\ufeffa", "x" * 256, 7, ["a"], "a\u2028b"]
)
def test_names_that_hide_something_are_refused(web, label):
    assert web.push(web.a, web.signed(web.a, labelled(web, label))).json["error"] == "invalid_authorization_details"


def test_a_hundred_documents_are_all_shown(web):
    digests = [hashlib.sha256(bytes([n])).digest() for n in range(100)]
    page = web.browser().get(web.pushed(web.a, digests)).press("start")
    texts(page, "100 de documente", "Cererea nr. 100.pdf", "Cererea nr. 57.pdf")
    assert "<details" not in page.response.text.split("Amprentă")[0]
    assert "100 de documente" in web.phone.messages[0].text


@pytest.mark.parametrize("lang", ["../../etc/passwd", "xx", "%(x)s", "ro\x00", "e" * 3000, "_", "ro_RO/../en"])
def test_a_language_that_is_none_changes_nothing(web, lang):
    page = web.browser().get(web.pushed(web.a, DIGESTS, lang=lang))
    assert page.status == 200
    texts(page, "Autorizați semnarea")
    query = urlencode({"lang": lang})
    assert web.http.get(f"{page.address}&{query}").status_code == 200


# -- addresses -------------------------------------------------------------------------------------------------------------


def test_addresses_that_lead_nowhere_say_so_and_lead_nowhere(web):
    good = web.pushed(web.a, DIGESTS)
    uri = good.split("request_uri=")[1]
    cases = [
        "/oauth2/authorize",
        f"/oauth2/authorize?request_uri={uri}",
        f"/oauth2/authorize?client_id={web.b.client}&request_uri={uri}",
        f"/oauth2/authorize?client_id=&request_uri={uri}",
        f"/oauth2/authorize?client_id={web.a.client}&request_uri=https://portal-a.example.com/x.jwt",
        f"/oauth2/authorize?client_id={web.a.client}&request_uri={uri}x",
        f"/oauth2/authorize?client_id={web.a.client}&response_type=code&redirect_uri=https://evil.example",
        "/oauth2/authorize/a-none",
        "/oauth2/authorize/" + "a" * 5000,
        "/oauth2/authorize/%2e%2e",
    ]
    for case in cases:
        page = web.browser().get(case)
        assert page.status in {403, 404}, case
        assert 'href="https://evil' not in page.response.text
        assert page.response.mimetype == "text/html"
    assert web.browser().get(f"{good}&state=tolerated&prompt=login").status == 200
    doubled = web.browser().get(f"{good}&client_id={web.a.client}")
    assert doubled.status == 400


def test_a_request_lives_five_minutes(web):
    address = web.pushed(web.a, DIGESTS)
    browser = web.browser().get(address)
    web.clock.advance(minutes=5)
    assert browser.get(address).status == 404
    texts(browser, "Pagina nu mai este valabilă Reluați din portalul care v-a trimis aici.")


def test_every_get_twice_changes_nothing_and_every_post_needs_our_key(web):
    """Attack Z5, on the routes there are."""
    browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    calls = list(web.channel.calls)
    changing = set()
    for rule in web.app.url_map.iter_rules():
        if "POST" in rule.methods and rule.endpoint.startswith("authorize."):
            changing.add(rule.rule)
    assert changing == {"/oauth2/authorize", "/oauth2/authorize/<handle>"}
    for _ in range(2):
        assert browser.get(browser.address).status == 200
    assert set(web.channel.calls[len(calls) :]) <= {"ShowTransaction"}


def test_the_first_page_of_the_site_tells_where_to_start(web):
    texts(web.browser().get("/"), "Începeți din portalul primăriei.")
    assert web.browser().get("/nowhere").status == 404
