"""What a citizen is told when an SMS is late, comes twice, or cannot be sent, in both languages (pages.md §3, attack Y2)."""

from __future__ import annotations

import pytest

from tests.support.wire import DIGESTS


def code_page(web, lang="ro-RO"):
    return web.browser().get(web.pushed(web.a, DIGESTS, lang=lang)).press("start")


def says(page, *wanted):
    for each in wanted:
        assert each in page.text, page.text


# -- sending again ---------------------------------------------------------------------------------------------------------


def test_the_same_code_is_sent_again_and_lives_longer(web):
    page = code_page(web)
    says(page, "Valabil până la ora 10:48.", "De la ora 10:43; mai sunt 2 trimiteri.", "folosiți-l pe cel mai nou")
    says(page.press("resend"), "Puteți cere din nou codul de la ora 10:43.")
    assert len(web.phone.messages) == 1
    web.clock.advance(seconds=61)
    code = web.phone.code
    says(page.press("resend"), "Reușit Am trimis din nou același cod la 10:44.", "mai este o trimitere")
    says(page, "Valabil până la ora 10:49.")
    assert web.phone.code == code
    web.clock.advance(minutes=4, seconds=59)  # the first message comes through only now
    assert page.press("authorise", code=code).answer["code"]


def test_after_three_sendings_the_page_says_when_a_new_code_may_be_had(web):
    page = code_page(web)
    for seconds in (31, 61):
        web.clock.advance(seconds=seconds)
        page.press("resend")
    old = web.phone.code
    says(page, "Trimite un cod nou", "Codul nu mai poate fi trimis din nou. De la ora 10:49 puteți cere unul nou.")
    page.press("resend")
    assert page.status == 422
    says(page, "Verificați următoarele Codul nu mai poate fi trimis din nou. De la ora 10:49 puteți cere unul nou.")
    assert len(web.phone.messages) == 3
    web.clock.advance(minutes=5)
    says(page.get(page.address), "Codul a expirat la ora 10:49.", "Trimite un cod nou")
    says(page.press("resend"), "Am trimis un cod nou la ora 10:49. Codurile trimise înainte nu mai pot fi folosite.")
    says(page, "Valabil până la ora 10:54. Este valabil doar codul din cel mai nou SMS.")
    assert web.phone.code != old
    says(
        page.press("authorise", code=old), "Codul nu este corect. Mai aveți 2 încercări.", "doar codul din cel mai nou"
    )
    assert page.press("authorise", code=web.phone.code).answer["code"]


def test_the_same_in_english(web):
    page = code_page(web, "en-GB")
    says(page, "If more than one SMS arrives, use the newest.")
    web.clock.advance(minutes=6)
    says(page.get(page.address), "The code expired at 10:48.", "Send a new code")
    says(page.press("resend"), "We sent a new code at 10:49. Earlier codes no longer work.")
    says(page, "Only the code from the newest SMS works.")


# -- not sent --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "ro-RO",
            (
                "Nu putem trimite SMS-uri acum Problema este la noi. Nu s-a semnat nimic. Cererea este păstrată; reveniți "
                "după ora 11:13. Dacă SMS-ul ajunge totuși, codul din el nu mai poate fi folosit."
            ),
        ),
        (
            "en-GB",
            (
                "We cannot send SMS now The problem is ours. Nothing was signed. Your request is kept; come back after "
                "11:13. If an SMS arrives all the same, its code no longer works."
            ),
        ),
    ],
)
def test_when_no_message_can_be_sent_the_page_says_whose_fault_it_is_and_when_to_come_back(web, lang, words):
    web.phone.fails = True
    page = code_page(web, lang)
    assert page.status == 503
    says(page, words)
    assert "error=temporarily_unavailable" in page.response.text


@pytest.mark.parametrize("queues", [False, True])
def test_the_press_may_be_repeated_and_the_late_code_opens_nothing(web, queues):
    web.phone.fails, web.phone.queues = True, queues
    browser = web.browser().get(web.pushed(web.a, DIGESTS))
    address = browser.address
    assert browser.press("start").status == 503
    late = web.phone.code if queues else None
    web.phone.fails = False
    page = browser.get(address).press("start")
    assert page.status == 200
    if late:
        says(page.press("authorise", code=late), "Codul nu este corect.")
    assert page.press("authorise", code=web.phone.code).answer["code"]


def test_a_message_that_could_not_be_sent_again_leaves_the_first_code_as_it_was(web):
    page = code_page(web)
    code = web.phone.code
    web.clock.advance(seconds=61)
    web.phone.fails = True
    page.press("resend")
    assert page.status == 503
    says(
        page, "Nu am putut trimite din nou SMS-ul. Problema este la noi. Codul dintr-un SMS trimis înainte este valabil "
        "până la ora 10:48.", "De la ora 10:44; mai sunt 2 trimiteri.",
    )  # fmt: skip
    assert page.press("authorise", code=code).answer["code"]


def test_a_failed_sending_is_not_counted_and_may_be_tried_again_after_the_waiting_time(web):
    page = code_page(web)
    for _ in range(4):
        web.phone.fails = True
        web.clock.advance(seconds=31)
        assert page.press("resend").status == 503
    web.phone.fails = False
    web.clock.advance(seconds=31)
    says(page.press("resend"), "Am trimis din nou același cod", "mai este o trimitere")


@pytest.mark.parametrize("press", ["resend", "authorise"])
def test_when_the_new_code_cannot_be_sent_the_page_says_so_and_offers_it_again(web, press):
    page = code_page(web)
    old = web.phone.code
    web.clock.advance(minutes=6)
    web.phone.fails = True
    page.press(press, code=old)
    assert page.status == 503
    says(page, "Codul a expirat la ora 10:48 și nu putem trimite acum unul nou. Problema este la noi.")
    says(page, "Trimite un cod nou")
    web.phone.fails = False
    says(page.press("resend"), "Am trimis un cod nou la ora 10:49.")
    assert page.press("authorise", code=web.phone.code).answer["code"]


def test_failures_in_english(web):
    page = code_page(web, "en-GB")
    web.phone.fails = True
    web.clock.advance(seconds=31)
    says(
        page.press("resend"),
        "We could not send the SMS again. The problem is ours. The code in an earlier SMS works until 10:48.",
    )
    web.clock.advance(minutes=6)
    says(page.press("resend"), "The code expired at 10:48 and we cannot send a new one now. The problem is ours.")


def test_the_notice_of_an_address_is_believed_only_while_it_is_news(web):
    page = code_page(web)
    now = int(web.clock.now().timestamp())
    for told in (f"new={now - 301}", f"sent={now + 60}", "new=x", "sent=1e9", "new=99999999999", "sent=%D9%A1"):
        assert "Reușit" not in page.get(f"{page.address.split('?')[0]}?{told}").text
    assert "Reușit" in page.get(f"{page.address.split('?')[0]}?new={now}").text
