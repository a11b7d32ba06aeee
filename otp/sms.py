"""The text of the signing SMS: one GSM-7 segment, always.

Purpose, for whom and fingerprint come before the code, so that whoever opens the message meets them first; the last
line binds the code to our host (`@host #code`). No diacritics: one "ț" would make it UCS-2 and split it (attack Y5).
The template is fixed; only names from sealed records go into it (attack W13), and none of them can begin a line.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal, TypeAlias

from core.errors import Malformed

Language: TypeAlias = Literal["ro", "en"]
SEGMENT: Final = 160  # septets
_LONGEST: Final = 1000  # "1000 de documente", the most that `sam.multisign` allows: what the names must leave room for
# GSM 03.38 default alphabet; the characters of its extension table take two septets. Line feed is in it.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
_BREAKS: Final = frozenset("\n\r\f")


class SmsTextTooLong(Malformed):
    """A message that would not fit one segment; the text says by how much."""


class NotGsm7(Malformed):
    """A character that the GSM-7 alphabet does not have."""


def septets(text: str) -> int:
    """Return the length of a text in GSM-7 septets.

    Raises:
        NotGsm7: a character outside the alphabet.
    """
    for char in text:
        if char not in _BASIC and char not in _EXTENDED:
            raise NotGsm7(repr(char))
    return len(text) + sum(char in _EXTENDED for char in text)


def signing_text(language: Language, documents: int, *, for_whom: str, mark: str, code: str, host: str) -> str:
    """Return the message that carries a signing code.

    Raises:
        NotGsm7: a name has a character outside the alphabet, or a line break.
        SmsTextTooLong: it would take more than one segment.
    """
    for char in for_whom + host:
        if char in _BREAKS:
            raise NotGsm7(f"{char!r} in a name")
    text = f"{_sentence(language, documents, for_whom, mark)} {code}\n@{host} #{code}"
    if septets(text) > SEGMENT:
        raise SmsTextTooLong(f"{septets(text) - SEGMENT} septets too many")
    return text


def _sentence(language: Language, documents: int, for_whom: str, mark: str) -> str:
    if language == "ro":
        what = f"Semnati {_romanian_count(documents)} pentru {for_whom}."
        return f"{what} Amprenta {mark}, ca in pagina. Nu dati codul nimanui. Cod:"
    noun = "document" if documents == 1 else "documents"
    what = f"You sign {documents} {noun} for {for_whom}."
    return f"{what} Fingerprint {mark}, as on the page. Never share the code. Code:"


def _romanian_count(count: int) -> str:
    if count == 1:
        return "1 document"
    # Romanian puts "de" after 20, 21 … 100 but not after 2 … 19 and 101 … 119.
    return f"{count} documente" if count == 0 or 0 < count % 100 < 20 else f"{count} de documente"


def without_diacritics(name: str) -> str:
    """Return a name as an SMS can say it: "Primăria" becomes "Primaria"."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))


def check_names(for_whom: str, host: str) -> None:
    """Prove that the configured names fit every message of up to 1000 documents in both languages.

    Raises:
        NotGsm7: a name has a character outside the alphabet, or a line break.
        SmsTextTooLong: the names are too long together; the text says by how much.
    """
    languages: tuple[Language, ...] = ("ro", "en")
    for language in languages:
        signing_text(language, _LONGEST, for_whom=for_whom, mark="BBBB BBBB", code="00000000", host=host)
