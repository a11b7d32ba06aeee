"""The texts of messages: one GSM-7 segment each, always. First the signing SMS, then what a signatory is told.

Purpose, for whom and fingerprint come before the code, so that whoever opens the message meets them first; the last
line binds the code to our host (`@host #code`). No diacritics: one "ț" would make it UCS-2 and split it (attack Y5).
The template is fixed; only names from sealed records go into it (attack W13), and none of them can begin a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from core.errors import Malformed

Language: TypeAlias = Literal["ro", "en"]
Event: TypeAlias = Literal["new", "suspended", "resumed", "revoked"]
SEGMENT: Final = 160  # septets
_LONGEST: Final = 1000  # "1000 de documente", the most that `sam.multisign` allows: what the names must leave room for
_TOLD: Final[Mapping[tuple[Language, Event], str]] = {
    ("ro", "new"): "aveti un certificat de semnare nou, valabil pana la {until}. Nu l-ati cerut?",
    ("ro", "suspended"): "certificatul dvs. de semnare a fost suspendat. Nu ati cerut asta?",
    ("ro", "resumed"): "certificatul dvs. de semnare poate fi folosit din nou. Nu ati cerut asta?",
    ("ro", "revoked"): "certificatul dvs. de semnare a fost revocat si cheia lui distrusa. Nu ati cerut asta?",
    ("en", "new"): "you have a new signing certificate, valid until {until}. You did not ask for it?",
    ("en", "suspended"): "your signing certificate was suspended. You did not ask for this?",
    ("en", "resumed"): "your signing certificate can be used again. You did not ask for this?",
    ("en", "revoked"): "your signing certificate was revoked and its key destroyed. You did not ask for this?",
}
_REVOKING: Final[Mapping[Language, str]] = {
    "ro": "Revocati definitiv certificatul de semnare. Nu dati codul nimanui. Nu ati cerut? Sunati {help_phone}. Cod:",
    "en": "You revoke your signing certificate for good. Never share the code. Not you? Call {help_phone}. Code:",
}
_CALL: Final[Mapping[Language, str]] = {"ro": "Sunati la", "en": "Call"}
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
    return _one_segment(f"{_sentence(language, documents, for_whom, mark)} {code}\n@{host} #{code}", for_whom, host)


def revocation_text(language: Language, *, help_phone: str, code: str, host: str) -> str:
    """Return the message that carries a code with which a signatory revokes their own certificate.

    Raises:
        NotGsm7: a name has a character outside the alphabet, or a line break.
        SmsTextTooLong: it would take more than one segment.
    """
    told = _REVOKING[language].format(help_phone=help_phone)
    return _one_segment(f"{told} {code}\n@{host} #{code}", help_phone, host)


def notice_text(language: Language, event: Event, *, service: str, help_phone: str, until: str = "") -> str:
    """Return the message that tells a signatory what became of a certificate; `until` is a day, of a new one.

    Raises:
        NotGsm7: a name has a character outside the alphabet, or a line break.
        SmsTextTooLong: it would take more than one segment.
    """
    told = _TOLD[language, event].format(until=until)
    return _one_segment(f"{service}: {told} {_CALL[language]} {help_phone}.", service, help_phone)


def _one_segment(text: str, *names: str) -> str:
    if any(_BREAKS & set(name) for name in names):  # it could look like the line that binds the code
        raise NotGsm7("a line break in a name")
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


def check_notices(service: str, help_phone: str, host: str) -> None:
    """Prove that the configured names fit every notice, and the revocation's code, in both languages.

    Raises:
        NotGsm7: a name has a character outside the alphabet, or a line break.
        SmsTextTooLong: the names are too long together; the text says by how much.
    """
    for language, event in _TOLD:
        notice_text(language, event, service=service, help_phone=help_phone, until="31.12.2099")
        revocation_text(language, help_phone=help_phone, code="00000000", host=host)
