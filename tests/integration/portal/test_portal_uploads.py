"""Files in: what is taken, what is not and why, in words; the others are kept (pages §4.3)."""

from __future__ import annotations

import re

import pytest

from tests.support.portal_browser import ORIGIN, Browser, pdf


@pytest.fixture
def filing(browser):
    return browser.begin()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("scrisoare.docx", b"PK\x03\x04", "„scrisoare.docx” nu este PDF. Salvați-l ca PDF și încărcați-l din nou."),
        ("gol.pdf", b"", "„gol.pdf” este gol."),
        ("mare.pdf", b"%PDF-1.7 " + b"x" * 1_000_001, "„mare.pdf” este prea mare; limita este 1\N{NO-BREAK SPACE}MB."),
        ("tăiat.pdf", pdf("text")[:-100], "„tăiat.pdf” nu se poate deschide. Exportați-l din nou."),
        ("IMG_1.heic", b"\0\0\0\x18ftypheic", "„IMG_1.heic” este o poză făcută cu un iPhone."),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_and_the_other_is_kept(browser, filing, name, content, words):
    page = browser.upload(filing, [(name, content), ("bun.pdf", pdf("bun"))])
    assert page.text.count(words) == 2  # in the summary and at the field
    assert "<title>Eroare: " in page.text
    assert "1\N{NO-BREAK SPACE}document</h2>" in page.text  # the other, and no order of one
    assert "1. bun.pdf" in browser.get(filing).text
    assert name not in browser.page.text


def test_files_over_the_number_are_refused_by_name(browser, filing):
    page = browser.upload(filing, [(f"{n}.pdf", pdf(str(n))) for n in range(5)])
    assert "„4.pdf” nu a fost preluat: într-o cerere încap cel mult 4\N{NO-BREAK SPACE}documente." in page.text
    assert "4. 3.pdf" in page.text


def test_nothing_chosen_is_said(browser, filing):
    assert "Alegeți cel puțin un fișier." in browser.upload(filing, []).text


def test_the_same_file_twice_is_there_once(browser, filing):
    browser.upload(filing, [("a.pdf", pdf("a")), ("b.pdf", pdf("a"))])
    assert "1. a.pdf" in browser.page.text
    assert "b.pdf" not in browser.page.text


def test_a_document_can_be_moved_up_and_removed(browser, filing):
    browser.upload(filing, [("a.pdf", pdf("a")), ("b.pdf", pdf("b"))])
    [up] = re.findall(r'action="([^"]+/up)"', browser.page.text)
    browser.post(up, {"position": "1"})
    assert re.findall(r"\d\. \w\.pdf", browser.page.text) == ["1. b.pdf", "2. a.pdf"]
    browser.post(up, {"position": "1"})  # pressed twice
    assert re.findall(r"\d\. \w\.pdf", browser.page.text) == ["1. b.pdf", "2. a.pdf"]
    first = re.search(r'action="([^"]+/remove)"', browser.page.text)[1]
    browser.post(first)
    assert re.findall(r"\d\. \w\.pdf", browser.page.text) == ["1. a.pdf"]
    assert browser.post(first).status_code == 404  # pressed twice


@pytest.mark.parametrize(
    "name",
    [
        '<script>alert(1)</script><img src=x onerror="alert(2)">.pdf',
        "%(name)s {0.__class__} {{ 7*7 }} %s.pdf",
        "a\N{RIGHT-TO-LEFT OVERRIDE}fdp.pdf",
        "=cmd|' /C calc'!A0.pdf",
    ],
)
def test_a_hostile_file_name_is_only_ever_text__z7_z12(browser, filing, name):
    browser.upload(filing, [(name, pdf("x"))])
    for language in ("ro", "en"):
        page = browser.get(f"{filing}?lang={language}").text
        assert "<img" not in page
        assert "<script>alert" not in page
        assert "49" not in re.findall(r"city-card__title\">([^<]+)", page)[0]
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert browser.upload(filing, [(name + ".txt", b"x")]).status_code == 200


def test_an_upload_over_the_whole_limit_shows_a_page_and_keeps_what_was_there(browser, filing):
    browser.upload(filing, [("a.pdf", pdf("a"))])
    page = browser.upload(filing, [("mare.pdf", b"%PDF" + b"x" * 6_000_000)])
    assert page.status_code == 413
    assert "Fișierele sunt prea mari" in page.text
    assert "1. a.pdf" in browser.get(filing).text


def test_another_citizens_filing_and_documents_do_not_exist__z13(browser, filing, portal_app, tmp_path):
    from portal import accounts

    browser.upload(filing, [("a.pdf", pdf("a"))])
    document = re.search(r'href="([^"]+original\.pdf)"', browser.page.text)[1]
    accounts.add(tmp_path, "bogdan@example.com", "alte trei cuvinte aici", "Bogdan Ionescu")
    bogdan = Browser(portal_app)
    bogdan.sign_in("bogdan@example.com", "alte trei cuvinte aici")
    unknown = filing[:-26] + "a" * 26
    for path in (filing, document, f"{filing}/leaving"):
        theirs, nobodys = bogdan.get(path), bogdan.get(path.replace(filing, unknown))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(filing, "") == nobodys.text.replace(unknown, "")
    for action in ("authorize", "call-back", "again", "collect", "documents"):
        bogdan.get("/filings")
        assert bogdan.post(f"{filing}/{action}", {"files": []}).status_code == 404
    answer = browser.client.get(document, base_url=ORIGIN)
    assert answer.status_code == 200
    answer.close()


def test_beginning_twice_with_one_form_begins_once(browser):
    browser.get("/filings")
    key = re.search(r'name="key" value="([^"]+)"', browser.page.text)[1]
    first = browser.post("/filings", {"key": key}).request.path
    browser.get("/filings")
    assert browser.post("/filings", {"key": key}).request.path == first


@pytest.mark.parametrize("key", ["", "x", "f-AAAA", "../../x", "f-" + "a" * 300])
def test_a_form_key_that_is_not_ours_gets_a_fresh_one(browser, key):
    browser.get("/filings")
    path = browser.post("/filings", {"key": key}).request.path
    assert re.fullmatch(r"/filings/f-[a-z2-7]{26}", path)
