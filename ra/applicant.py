"""What is asked of an applicant's data before anything is done with it. Every refusal has a name and says why in plain words.

The words name the fault and never repeat the number or address: they may end in a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.ro import cnp

from core.errors import Malformed
from core.personal_names import check_one_script, normal_name

_PERSONAL_NUMBER: Final = re.compile("[0-9]{13}")
_PHONE: Final = re.compile(r"\+[0-9]{7,15}")
_SPACING: Final = re.compile(r"[ ./()-]")

# Where a code may be sent: the European Economic Area, Switzerland, the United Kingdom, Moldova, Ukraine. What is not
# here are also satellite and international numbers (+870, +881, +882, +883), which cost the sender much.
PHONE_COUNTRIES: Final = frozenset(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MD MT NL NO PL PT RO SE SI SK UA".split()  # noqa: SIM905  # quoted one by one they would fill a page
)


class PersonalNumberMalformed(Malformed):
    """Not a CNP: its form, date of birth or county."""


class PersonalNumberCheckDigitWrong(PersonalNumberMalformed):
    """A CNP whose last digit does not fit the others."""


class PhoneMalformed(Malformed):
    """Not a telephone number with its country code."""


class PhoneNotMobile(Malformed):
    """A telephone number that cannot get a message, or costs extra."""


class PhoneCountryNotServed(Malformed):
    """A telephone number of a country where no codes are sent."""


class EmailMalformed(Malformed):
    """Not an e-mail address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What was typed in for a person, as it was typed."""

    given_name: str
    surname: str
    national_id: str  # CNP
    phone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """A person whose data has the form it must have; identity is vetted elsewhere. `vet()` makes it."""

    given_name: str  # NFC
    surname: str  # NFC
    national_id: str  # thirteen digits
    phone: str  # E.164
    email: str

    @property
    def subject_serial(self) -> str:
        """The subject's serialNumber. Source: EN 319 412-1 §5.1.3."""
        return f"PNORO-{self.national_id}"


def vet(application: Application, *, check_digit: bool, today: date) -> Applicant:
    """Return the applicant of an application. `check_digit`: whether a CNP with a wrong one is refused.

    Raises:
        NameMalformed, MixedScripts: a name that no identity document has.
        PersonalNumberMalformed, PersonalNumberCheckDigitWrong: the CNP.
        PhoneMalformed, PhoneNotMobile, PhoneCountryNotServed: the telephone number.
        EmailMalformed: the e-mail address.
    """
    given_name, surname = normal_name(application.given_name), normal_name(application.surname)
    check_one_script(given_name, surname)
    return Applicant(
        given_name=given_name,
        surname=surname,
        national_id=personal_number(application.national_id, check_digit=check_digit, today=today),
        phone=mobile_number(application.phone),
        email=email_address(application.email),
    )


def personal_number(text: str, *, check_digit: bool, today: date) -> str:
    """Return the thirteen digits of a CNP.

    Raises:
        PersonalNumberMalformed: other than thirteen digits, no such date of birth or county.
        PersonalNumberCheckDigitWrong: the last digit does not fit, and `check_digit` is set.
    """
    number = text.strip()
    if not _PERSONAL_NUMBER.fullmatch(number):
        raise PersonalNumberMalformed("a personal number has thirteen digits")
    try:
        cnp.validate(number)
    except InvalidChecksum:
        if check_digit:
            raise PersonalNumberCheckDigitWrong("the last digit does not fit the others") from None
    except ValidationError:
        raise PersonalNumberMalformed("no such date of birth or county") from None
    if cnp.get_birth_date(number) > today:
        raise PersonalNumberMalformed("the date of birth is in the future")
    return number


def mobile_number(text: str) -> str:
    """Return a mobile number in E.164.

    Raises:
        PhoneMalformed: no number with a country code, or one that no operator has.
        PhoneCountryNotServed: of a country where no codes are sent.
        PhoneNotMobile: a fixed line, a premium number, or another that no message reaches.
    """
    number = _SPACING.sub("", text.strip())
    if not _PHONE.fullmatch(number):
        raise PhoneMalformed("a number begins with + and the country code, as in +40 7xx xxx xxx")
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        raise PhoneMalformed("there is no such country code, or the number is too long or short") from None
    if not phonenumbers.is_valid_number(parsed):
        raise PhoneMalformed("no operator has such a number")
    if phonenumbers.region_code_for_number(parsed) not in PHONE_COUNTRIES:
        raise PhoneCountryNotServed("no codes are sent to this country")
    if phonenumbers.number_type(parsed) is not PhoneNumberType.MOBILE:
        raise PhoneNotMobile("a code can be sent to a mobile number only")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def email_address(text: str) -> str:
    """Return an e-mail address with its domain in lower case. No name server is asked.

    Raises:
        EmailMalformed: it is none that mail could reach.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise EmailMalformed("not an address that mail can reach, as in ana@example.com") from None
    return found.normalized
