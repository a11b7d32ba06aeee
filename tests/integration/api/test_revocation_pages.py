"""A signatory revokes their own certificate on our pages: what they say, what they take, and what they never tell."""

from __future__ import annotations

import re

import pytest

from api.pages.own_data import PersonalNumberUnreadable, PhoneUnreadable, read_personal_number, read_phone
from ca.client import CaClient
from core import addresses
from signer.own_revocation import carry_orders
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN, DescribeCredential
from tests.support.in_process import US, InProcess
from tests.support.wire import DIGESTS

DASH = "\N{EN DASH}"
ANA = {"national_id": "2900101400001", "phone": "0722 100 001"}


def texts(browser, *wanted):
    for each in wanted:
        assert each in browser.text, browser.text


def send(browser, **typed):
    """Open the first page and send what was typed."""
    browser.get("/revocation")
    key = re.search(r'name="key" value="([^"]+)"', browser.response.text)[1]
    return browser.post({"key": key, **(ANA | typed)})


def state(web) -> str:
    return web.bench.ask(DescribeCredential(web.a.client, web.a.credential)).state


def test_the_home_page_leads_to_the_revocation(web):
    page = web.browser().get("/")
    texts(page, "Nu mai vreți să puteți semna sau vă temeți că poate semna altcineva? Revocați certificatul de semnare")
    assert 'href="/revocation"' in page.response.text


def test_a_signatory_revokes_with_a_code(web):
    page = web.browser().get(addresses.OWN_REVOCATION)  # where the practice statement says it is
    assert page.title == f"Revocați certificatul de semnare {DASH} Semnătură electronică {DASH} Paraph"
    texts(page, "Revocarea este definitivă.", "Nu mai aveți telefonul sau este la altcineva? Sunați la 021 000 00 00")
    send(page)
    assert page.title.startswith("Confirmați revocarea")
    texts(page, "Dacă datele dvs. se potrivesc cu un certificat, v-am trimis un SMS.", "Revocarea nu poate fi anulată.")
    assert page.press("revoke", code=web.phone.code).status == 200
    texts(page, "Certificatul dvs. este revocat.", "nu se mai poate semna nimic cu ea", "află de acum că este revocat")
    assert state(web) == "revoked"
    assert [order.credential for order in web.ca.orders] == [web.a.credential]


def test_nothing_can_be_signed_from_then_on(web):
    token = web.authorise(web.a, DIGESTS)
    send(web.browser()).press("revoke", code=web.phone.code)
    answer = web.sign_hash(web.a, token, DIGESTS)
    assert (answer.status_code, web.bench.uses) == (400, [])
    page = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
    texts(page, "Semnătura dvs. nu poate fi folosită acum")


def test_the_pages_speak_english_and_so_does_the_message(web):
    page = web.browser().get("/revocation?lang=en")
    assert page.title.startswith("Revoke your signing certificate")
    send(page)
    texts(page, "If your data match a certificate, we have sent you an SMS.")
    assert web.phone.messages[-1].text.startswith("You revoke your signing certificate for good.")


# -- what was typed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["2900101400001", " 290 0101 400001 ", "2900101-400001", "2\u00a0900101400001"])
def test_a_personal_number_may_be_typed_in_groups(typed):
    assert read_personal_number(typed) == "2900101400001"


@pytest.mark.parametrize("typed", ["", "290010140000", "29001014000012", "29001014OOOO1", "２９００１０１４００００１"])  # noqa: RUF001  # full-width digits, on purpose
def test_what_is_no_personal_number_is_not_guessed_at(typed):
    with pytest.raises(PersonalNumberUnreadable):
        read_personal_number(typed)


@pytest.mark.parametrize(
    "typed", ["+40722100001", "0722 100 001", "0722.100.001", "0040 722-100-001", "+40 (722) 100 001"]
)
def test_a_telephone_number_may_be_typed_in_every_usual_way(typed):
    assert read_phone(typed) == "+40722100001"


def test_a_number_of_another_country_needs_its_code():
    assert read_phone("+373 69 123 456") == "+37369123456"


@pytest.mark.parametrize("typed", ["", "722100001", "0722", "+", "+0722100001x", "0" * 40, "tel"])
def test_what_is_no_telephone_number_is_not_guessed_at(typed):
    with pytest.raises(PhoneUnreadable):
        read_phone(typed)


def test_what_cannot_be_read_is_said_at_its_field_and_kept_for_correction(web):
    page = send(web.browser(), national_id="123<4", phone="x")
    assert (page.status, page.title.startswith("Eroare: Revocați certificatul")) == (422, True)
    texts(
        page,
        "Verificați următoarele Scrieți cele treisprezece cifre ale codului numeric personal.",
        "Scrieți un număr de telefon, de exemplu 0722 000 111.",
    )
    assert 'value="123&lt;4"' in page.response.text
    assert web.phone.messages == []


def test_no_address_and_no_cookie_has_what_was_typed(web):
    page = send(web.browser())
    assert re.fullmatch(r"/revocation/v-[a-z2-7]{26}", page.address)
    page.press("revoke", code="1")
    assert "2900101400001" not in page.response.text
    assert "722100001" not in page.response.text.replace(" ", "")


# -- who asks learns nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [{"phone": "0722 100 002"}, {"national_id": "2900101400002"}])
def test_the_pages_are_the_same_when_nobody_is_described(web, typed):
    honest, blind = send(web.browser()), send(web.browser(), **typed)
    assert len(web.phone.messages) == 1
    for page in (honest, blind):
        for code in ("00000001", "00000002", "00000003"):
            page.press("revoke", code=code)
    assert (honest.status, honest.text) == (blind.status, blind.text)
    assert state(web) == "active"


# -- the code and the ends ------------------------------------------------------------------------------------------------


def test_what_cannot_be_a_code_is_not_judged(web):
    page = send(web.browser())
    for typed, says in (
        ("", "Introduceți codul de opt cifre."),
        ("1234567", "ați scris 7."),
        ("abcdefgh", "ați scris 0."),
    ):
        page.press("revoke", code=typed)
        assert (page.status, page.title.startswith("Eroare:")) == (422, True)
        texts(page, says)
    texts(page.press("revoke", code=web.phone.code), "Certificatul dvs. este revocat.")


def test_three_wrong_codes_end_it(web):
    page = send(web.browser())
    wrong = f"{(int(web.phone.code) + 1) % 10**8:08}"
    texts(page.press("revoke", code=wrong), "Codul nu este corect. Mai aveți 2 încercări.")
    texts(page.press("revoke", code=wrong), "Codul nu este corect. Mai aveți o singură încercare.")
    texts(page.press("revoke", code=wrong), "Cererea s-a oprit.", "Certificatul nu a fost revocat.", "Începeți din nou")
    assert (page.status, state(web)) == (403, "active")


def test_a_code_whose_time_is_over_revokes_nothing(web):
    page = send(web.browser())
    web.clock.advance(minutes=5)
    texts(page.press("revoke", code=web.phone.code), "Codul a expirat", "Începeți din nou")
    assert (page.status, state(web)) == (410, "active")


def test_whoever_cancels_keeps_the_certificate(web):
    page = send(web.browser()).press("cancel")
    texts(page, "Ați renunțat.", "Certificatul nu a fost revocat.")
    assert state(web) == "active"


def test_a_second_press_is_answered_like_the_first_and_an_unknown_page_is_no_longer_valid(web):
    page = send(web.browser())
    code, form = web.phone.code, page.response.text
    page.press("revoke", code=code)
    page.post({"key": re.search(r'name="key" value="([^"]+)"', form)[1], "action": "revoke", "code": code})
    texts(page, "Certificatul dvs. este revocat.")
    unknown = web.browser().get("/revocation/v-none").press("revoke", code=code)
    texts(unknown, "Pagina nu mai este valabilă")
    assert unknown.status == 410


def test_a_form_that_is_not_ours_is_refused__attack_z5(web):
    page = web.browser().get("/revocation")
    for form, headers in (
        (ANA, {"Origin": web.origin}),
        (ANA | {"key": "x"}, {"Origin": web.origin}),
        (ANA | {"key": re.search(r'name="key" value="([^"]+)"', page.response.text)[1]}, {"Origin": "https://evil.example"}),
    ):  # fmt: skip
        assert page.post(form, headers=headers).status == 400
    page = send(web.browser())
    other = web.browser()
    other.address = page.address
    key = re.search(r'name="key" value="([^"]+)"', page.response.text)[1]
    assert other.post({"key": key, "action": "revoke", "code": web.phone.code}).status == 400
    assert (web.phone.messages[1:], state(web)) == ([], "active")


def test_no_page_is_kept_or_framed(web):
    page = web.browser().get("/revocation")
    for each in (page.response, send(page).response, page.press("revoke", code=web.phone.code).response):
        assert each.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in each.headers["Content-Security-Policy"]


def test_looking_sends_nothing(web):
    for _ in range(3):
        web.browser().get("/revocation")
    assert web.phone.messages == []


# -- when something does not answer ---------------------------------------------------------------------------------------


def test_an_authority_that_does_not_answer_is_told_later(web):
    web.ca.down = True
    page = send(web.browser()).press("revoke", code=web.phone.code)
    texts(page, "Certificatul dvs. este revocat.", "va afla în curând că este revocat")
    assert state(web) == "revoked"
    web.ca.down = False
    carry_orders(SamAdmin(InProcess(ADMIN, web.bench.sam.admin_server(US))), CaClient(web.ca))
    assert [order.credential for order in web.ca.orders] == [web.a.credential]


def test_a_sam_that_does_not_answer_leaves_it_open(web):
    page = send(web.browser())
    web.channel.down = True
    texts(page.press("revoke", code=web.phone.code), "Nu știm încă dacă certificatul dvs. este revocat.", "sunați la")
    assert page.status == 503


def test_without_a_gateway_nothing_is_begun(web):
    web.phone.fails = True
    page = send(web.browser())
    texts(page, "Nu putem trimite SMS-uri acum", "Ca să vi se revoce certificatul, sunați la")
    assert page.status == 503
