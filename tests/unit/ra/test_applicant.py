"""What is asked of an applicant's data."""

from __future__ import annotations

from datetime import date

import pytest

from core.personal_names import MixedScripts, NameMalformed
from ra.applicant import (
    PHONE_COUNTRIES,
    Application,
    EmailMalformed,
    PersonalNumberCheckDigitWrong,
    PersonalNumberMalformed,
    PhoneCountryNotServed,
    PhoneMalformed,
    PhoneNotMobile,
    email_address,
    mobile_number,
    personal_number,
    vet,
)

TODAY = date(2026, 11, 24)
GOOD = {
    "given_name": "Ștefăniță",
    "surname": "Brânză",
    "national_id": "2900101400016",
    "phone": "+40 722 000 111",
    "email": "ana@Example.com",
}


def vetted(**changes):
    return vet(Application(**(GOOD | changes)), check_digit=False, today=TODAY)


def test_a_good_application_is_normalised():
    applicant = vetted(given_name=" S\N{COMBINING COMMA BELOW}tefăniță ")
    assert applicant.given_name == "Ștefăniță"
    assert (applicant.phone, applicant.email) == ("+40722000111", "ana@example.com")
    assert applicant.subject_serial == "PNORO-2900101400016"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"given_name": ""}, NameMalformed),
        ({"surname": "Popa, CN=Dan"}, NameMalformed),
        ({"surname": "Иванов"}, MixedScripts),
        ({"national_id": "1"}, PersonalNumberMalformed),
        ({"phone": "0722000111"}, PhoneMalformed),
        ({"email": "ana"}, EmailMalformed),
    ],
)
def test_each_part_is_looked_at(change, error):
    with pytest.raises(error):
        vetted(**change)


def test_a_wrong_check_digit_is_a_matter_of_the_settings():
    assert personal_number("2900101400016", check_digit=False, today=TODAY) == "2900101400016"
    with pytest.raises(PersonalNumberCheckDigitWrong):
        personal_number("2900101400016", check_digit=True, today=TODAY)


@pytest.mark.parametrize("check_digit", [True, False])
def test_a_right_check_digit_always_passes(check_digit):
    assert personal_number("2900101400014", check_digit=check_digit, today=TODAY) == "2900101400014"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "290010140001",
        "29001014000166",
        "2901301400016",  # month 13
        "2900231400016",  # 31 February
        "2900101990016",  # no county 99
        "0900101400016",  # no sex and century 0
        "290010140001A",
        "2900101-400016",
        "2900101 400016",
        "\N{ARABIC-INDIC DIGIT TWO}900101400016",
        "6270101400011",  # born on 1 January 2027
    ],
)
def test_a_number_that_is_no_cnp_is_refused_whatever_the_settings_say(number):
    for check_digit in (True, False):
        with pytest.raises(PersonalNumberMalformed):
            personal_number(number, check_digit=check_digit, today=TODAY)


@pytest.mark.parametrize("number", ["7900101400014", "9900101400017", "5050101400016"])
def test_residents_and_the_young_have_a_cnp_too(number):
    assert personal_number(number, check_digit=False, today=TODAY) == number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+40722000111", "+40722000111"),
        (" +40 (722) 000-111 ", "+40722000111"),
        ("+373 69 123 456", "+37369123456"),
        ("+49 1512 3456789", "+4915123456789"),
        ("+39 312 345 6789", "+393123456789"),
    ],
)
def test_a_mobile_number_becomes_e164(typed, number):
    assert mobile_number(typed) == number


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("", PhoneMalformed),
        ("0722000111", PhoneMalformed),
        ("0040722000111", PhoneMalformed),
        ("+4072200011", PhoneMalformed),
        ("+407220001112", PhoneMalformed),
        ("+40", PhoneMalformed),
        ("+99912345678", PhoneMalformed),
        ("+40722000111;ext=1", PhoneMalformed),
        ("tel:+40722000111", PhoneMalformed),
        ("+40722000abc", PhoneMalformed),
        ("+\N{ARABIC-INDIC DIGIT FOUR}0722000111", PhoneMalformed),
        ("+40213030303", PhoneNotMobile),  # Bucharest
        ("+40800801200", PhoneNotMobile),  # free of charge
        ("+40900900900", PhoneNotMobile),  # premium
        ("+881612345678", PhoneCountryNotServed),  # satellite
        ("+882161234567", PhoneCountryNotServed),  # an international network
        ("+12015550123", PhoneCountryNotServed),  # United States
        ("+447400123456", None),
        ("+447781123456", PhoneCountryNotServed),  # Guernsey, under the British code
    ],
)
def test_a_code_is_sent_to_a_mobile_of_a_served_country_only(number, error):
    if error is None:
        assert mobile_number(number) == number
        return
    with pytest.raises(error) as refusal:
        mobile_number(number)
    assert len(number) < 6 or number not in refusal.value.detail


def test_countries_are_written_as_iso_3166():
    assert all(len(country) == 2 and country.isupper() for country in PHONE_COUNTRIES)
    assert "RO" in PHONE_COUNTRIES


@pytest.mark.parametrize("address", ["ana@example.com", "ana.maria+x@primarie.example.org", "ANA@example.com"])
def test_an_address_passes_and_no_name_server_is_asked(address):
    assert email_address(f" {address} ").lower() == address.lower()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "ana@example",
        "ana@@example.com",
        "ana@example..com",
        "ana@exa mple.com",
        "ana\n@example.com",
        "ana@example.com\nBcc: dan@example.com",
        "ana@[127.0.0.1]",
        "Ana <ana@example.com>",
        "ană@example.com",
        "a" * 65 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(EmailMalformed):
        email_address(address)
