"""What a person types to say who they are: a personal number and a telephone number, in whatever way they write them.

Only the form is looked at here. Whether the two belong to anybody, the SAM knows and does not say.
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import DomainError

_SEPARATORS: Final = re.compile(r"[\s\u00a0.\-/()\u2010-\u2015]+")
_PERSONAL_NUMBER: Final = re.compile(r"[0-9]{13}")
_PHONE: Final = re.compile(r"\+[0-9]{7,15}")
_HOME: Final = re.compile(r"0[0-9]{9}")  # as a number is written in Romania


class PersonalNumberUnreadable(DomainError):
    """Not thirteen digits."""


class PhoneUnreadable(DomainError):
    """Not a telephone number."""


def read_personal_number(typed: str) -> str:
    """Return the thirteen digits that were typed.

    Raises:
        PersonalNumberUnreadable: there are not thirteen, or more than digits.
    """
    number = _SEPARATORS.sub("", typed)
    if not _PERSONAL_NUMBER.fullmatch(number):
        raise PersonalNumberUnreadable
    return number


def read_phone(typed: str) -> str:
    """Return a telephone number with its country code; one that begins with a single 0 is Romanian.

    Raises:
        PhoneUnreadable: it is none.
    """
    number = _SEPARATORS.sub("", typed)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif _HOME.fullmatch(number):
        number = f"+4{number}"
    if not _PHONE.fullmatch(number):
        raise PhoneUnreadable
    return number
