"""A service that answers 200 and lies: each lie is refused with its own reason, and nothing of it is kept (attack Y9)."""

from __future__ import annotations

import logging

import pytest

from tests.support.portal_browser import pdf
from tests.support.portal_pki import PortalPki

CHANGED = "Nu acceptați: documentul a fost modificat sau este altul decât cel trimis."
PERSON = "Nu acceptați: semnatarul nu este titularul acestui cont."
TRUST = "Nu acceptați: certificatul nu este de încredere sau nu era valabil."
SIGNATURE = "Nu acceptați: semnătura lipsește sau nu este corectă."


@pytest.fixture
def filing(browser):
    address = browser.begin()
    browser.upload(address, [("cerere.pdf", pdf("cerere"))])
    return address


def _lies(pki, ana):
    bogdan = pki.signatory("Bogdan", "Ionescu")
    other_root = PortalPki()
    namesake = other_root.signatory("Ana", "Pop-Țăran")
    return {
        "unsigned": (lambda original, signed: original, "SignatureMissing", SIGNATURE),
        "another file": (lambda original, signed: pki.sign(pdf("contract"), ana), "OtherDocument", CHANGED),
        "rewritten": (lambda original, signed: signed.replace(b"/Count 1", b"/Count 2", 1), "OtherDocument", CHANGED),
        "other signer": (lambda original, signed: pki.sign(original, bogdan), "OtherSignatory", PERSON),
        "other root": (lambda original, signed: other_root.sign(original, namesake), "OtherSignatory", PERSON),
        "visible": (
            lambda original, signed: pki.sign(original, ana, box=(0, 0, 600, 800)),
            "SignatureVisible",
            CHANGED,
        ),
        "signed twice": (lambda original, signed: pki.sign(signed, ana), "SeveralSignatures", SIGNATURE),
        "certified": (lambda original, signed: pki.sign(original, ana, certify=True), "DocumentChanged", CHANGED),
        "appended to": (lambda original, signed: signed + b"\n%more", "DocumentChanged", CHANGED),
        "lower level": (lambda original, signed: pki.sign(original, ana, level="AdES-B-T"), "LevelWrong", SIGNATURE),
        "higher level": (lambda original, signed: pki.with_time_stamp(signed), "LevelWrong", SIGNATURE),
        "status unknown": (lambda original, signed: _without_status(pki, ana, original), "RevocationUnknown", TRUST),
        "broken": (lambda original, signed: signed[:-400], "NotUnderstood", CHANGED),
        "empty": (lambda original, signed: b"", "OtherDocument", CHANGED),
        "not a pdf": (lambda original, signed: b"<html>", "OtherDocument", CHANGED),
    }


def _without_status(pki, ana, original):
    return pki.with_store(pki.sign(original, ana, level="AdES-B-T"), [pki.unit])


_NAMES = (
    "unsigned", "another file", "rewritten", "other signer", "other root", "visible",
    "signed twice", "certified", "appended to", "lower level", "higher level", "status unknown", "broken", "empty", "not a pdf",
)  # fmt: skip


@pytest.mark.parametrize("name", _NAMES)
def test_a_lie_in_a_file_is_refused_by_name(browser, service, filing, pki, ana, caplog, name):
    lie, rule, words = _lies(pki, ana)[name]
    service.lie = lie
    with caplog.at_level(logging.ERROR, logger="portal"):
        page = browser.sign(filing)
    assert any(each in caplog.text for each in rule.split("|"))
    assert words in page.text
    assert "Nu toate documentele pot fi acceptate" in page.text
    assert "signed.pdf" not in page.text
    assert "Semnat de" not in page.text
    service.lie = lambda original, signed: signed
    browser.post(f"{filing}/again")
    page = browser.sign(filing)  # the twin
    assert "Semnat de Ana Pop-Țăran" in page.text
    assert "Nivelul semnăturii: PAdES-B-LT." in page.text


@pytest.mark.parametrize(
    "answer",
    [
        lambda documents: [],
        lambda documents: documents * 2,
        lambda documents: None,
        lambda documents: "documents",
        lambda documents: ["%%%"],
        lambda documents: [{"document": "x"}],
        lambda documents: ["A" * 3_000_000],
    ],
)
def test_an_answer_of_another_shape_is_refused_and_not_asked_for_again(browser, service, filing, answer):
    service.signing_answer = answer
    page = browser.sign(filing)
    assert SIGNATURE in page.text
    assert service.signing_calls == 1


def test_one_lie_among_honest_files_spoils_the_filing_but_not_the_honest_ones(browser, service, pki, ana):
    filing = browser.begin()
    browser.upload(filing, [("bun.pdf", pdf("bun")), ("rău.pdf", pdf("rau"))])
    service.lie = lambda original, signed: signed if original == pdf("bun") else original
    page = browser.sign(filing)
    assert page.text.count("Semnat de Ana Pop-Țăran") == 1
    assert SIGNATURE in page.text
    assert "Nu toate documentele pot fi acceptate" in page.text


def test_a_credential_in_another_name_stops_before_anything_is_asked(browser, service, filing, pki):
    service.credentials = [pki.signatory("Bogdan", "Ionescu")]
    browser.get(filing)
    page = browser.post(f"{filing}/authorize")
    assert "Semnătura nu este a dvs." in page.text
    assert service.pushed == {}


def test_a_credential_of_another_root_stops_before_anything_is_asked(browser, service, filing):
    service.credentials = [PortalPki().signatory("Ana", "Pop-Țăran")]
    browser.get(filing)
    page = browser.post(f"{filing}/authorize")
    assert "Semnătura nu poate fi folosită" in page.text
    assert service.pushed == {}


def test_a_citizen_without_a_signature_is_told_so(browser, service, filing):
    service.credentials = []
    browser.get(filing)
    page = browser.post(f"{filing}/authorize")
    assert "Nu aveți încă o semnătură" in page.text
