"""What a person's name may consist of, wherever it enters: at registration, and again before a certificate is signed.

Rules (attack Z10; EN 319 412-2 NAT-4.2.4-10 to -19):

- the letters of the identity document are kept, diacritics included, in NFC;
- letters and their marks, joined by single spaces, hyphens, apostrophes or full stops: so no control characters, no
  direction marks, no commas, equal signs or digits;
- one script within a person's names, and one of those that official documents of Europe use.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from core.errors import Malformed

LONGEST: Final = 64  # characters of a given name or a surname, each
_SCRIPTS: Final = frozenset({"LATIN", "GREEK", "CYRILLIC"})
_JOINTS: Final = frozenset(" -'\N{RIGHT SINGLE QUOTATION MARK}.")
_TWO_JOINTS: Final = re.compile(r"[ \-'\N{RIGHT SINGLE QUOTATION MARK}.]{2}")
_ALLOWED_PAIRS: Final = frozenset({". ", ".-"})  # "M. Ana", "J.-P."


class NameMalformed(Malformed):
    """A personal name that cannot be the text of an identity document."""


class MixedScripts(NameMalformed):
    """Letters of two scripts in one person's names: look-alikes, or a mistake."""


def normal_name(text: str) -> str:
    """Return a given name or surname in NFC, without blanks around it.

    Raises:
        NameMalformed: empty, too long, or with a character that no name has; the detail says which.
    """
    try:
        name = unicodedata.normalize("NFC", text.encode().decode()).strip(" ")
    except UnicodeEncodeError:
        raise NameMalformed("lone surrogate") from None
    if not 0 < len(name) <= LONGEST:
        raise NameMalformed(f"{len(name)} characters, between 1 and {LONGEST} are possible")
    _check_characters(name)
    _check_joints(name)
    return name


def check_one_script(*names: str) -> None:
    """Check that the letters of all `names` belong to one script.

    Raises:
        MixedScripts: they do not.
    """
    scripts = {_script(letter) for name in names for letter in name if letter.isalpha()}
    if len(scripts) > 1:
        raise MixedScripts(", ".join(sorted(scripts)))


def _check_characters(name: str) -> None:
    marks_possible = 0
    for character in name:
        if marks_possible and unicodedata.category(character) == "Mn":
            marks_possible -= 1  # NFC leaves few: a letter that has no composed form
            continue
        if character not in _JOINTS and not (character.isalpha() and _script(character) in _SCRIPTS):
            raise NameMalformed(f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip())
        marks_possible = 2 if character.isalpha() else 0


def _check_joints(name: str) -> None:
    if not name[0].isalpha():
        raise NameMalformed("does not begin with a letter")
    if name[-1] not in ".'\N{RIGHT SINGLE QUOTATION MARK}" and name[-1] in _JOINTS:
        raise NameMalformed("does not end with a letter")
    for pair in _TWO_JOINTS.findall(name):
        if pair not in _ALLOWED_PAIRS:
            raise NameMalformed(f"{pair!r} within a name")


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
