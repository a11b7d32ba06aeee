"""One GSM-7 segment, whatever the language and the number of documents."""

from __future__ import annotations

import pytest

from otp.sms import SEGMENT, NotGsm7, SmsTextTooLong, check_names, septets, signing_text, without_diacritics

NAMES = {
    "for_whom": "Primaria Sectorului 3",
    "mark": "BKRT MPLD",
    "code": "48291357",
    "host": "semnare.primarie.example",
}


@pytest.mark.parametrize("language", ["ro", "en"])
@pytest.mark.parametrize("documents", range(1, 100))
def test_every_message_fits_one_segment(language, documents):
    assert septets(signing_text(language, documents, **NAMES)) <= SEGMENT


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 document "),
        (2, "2 documente "),
        (19, "19 documente "),
        (20, "20 de documente "),
        (99, "99 de documente "),
    ],
)
def test_romanian_counts_documents_as_romanians_do(count, words):
    assert f"Semnati {words}pentru" in signing_text("ro", count, **NAMES)


def test_the_code_comes_last_bound_to_our_host():
    text = signing_text("en", 2, **NAMES)
    assert text.splitlines()[-1] == "@semnare.primarie.example #48291357"
    assert text.index("Fingerprint") < text.index("Code:")


def test_a_diacritic_in_a_name_is_named_before_anything_is_sent():
    with pytest.raises(NotGsm7, match="ă"):
        check_names("Primăria", "semnare.example.com")


def test_names_that_leave_no_room_are_refused_with_the_excess():
    with pytest.raises(SmsTextTooLong, match=r"\d+ septets"):
        check_names("P" * 40, "semnare.example.com")


@pytest.mark.parametrize("language", ["ro", "en"])
def test_names_that_pass_leave_room_for_as_many_documents_as_one_authorization_may_have(language):
    longest = next(n for n in range(60, 0, -1) if _passes("P" * n))
    names = NAMES | {"for_whom": "P" * longest}
    assert all(septets(signing_text(language, count, **names)) <= SEGMENT for count in range(1, 1001))


def _passes(name: str) -> bool:
    try:
        check_names(name, NAMES["host"])
    except SmsTextTooLong:
        return False
    return True


def test_extension_characters_count_twice():
    assert septets("a[b]") == 6


@pytest.mark.parametrize("name", ["Primaria\n@evil.example #11112222", "Primaria\rX", "Primaria\fX", "\n"])
def test_a_name_cannot_begin_a_line(name):
    with pytest.raises(NotGsm7, match="in a name"):
        check_names(name, "semnare.example.com")
    with pytest.raises(NotGsm7, match="in a name"):
        check_names("Primaria", name)


def test_diacritics_are_taken_off_a_name():
    assert without_diacritics("Primăria Țăndărei, Șișești, Î") == "Primaria Tandarei, Sisesti, I"
