"""The texts of the statements: kept in `texts/`, filled in with an installation's own names and addresses.

A text is plain: `# ` a title, `## ` a heading, `- ` an item, anything else a paragraph; `$name` stands for a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final, Literal

from ca import crl
from core import addresses
from core.config import Settings
from core.errors import DomainError

VERSION: Final = "1.1"  # of the texts; a change of substance is a new version
DATE: Final = "2026-11-25"
Language = Literal["ro", "en"]
Kind = Literal["title", "heading", "item", "paragraph"]

_TEXTS: Final = Path(__file__).parent / "texts"
_MARKS: Final[tuple[tuple[str, Kind], ...]] = (("# ", "title"), ("## ", "heading"), ("- ", "item"))
_MARKINGS: Final[Mapping[tuple[str, Language], str]] = {
    ("honest", "en"): "The certificates claim the policy NCP+ of EN 319 411-1 for trying it out, and nothing qualified:"
    " they carry neither the statement of qualified certificates nor that of a signature creation device.",
    (
        "honest",
        "ro",
    ): "Certificatele invocă, de probă, politica NCP+ din EN 319 411-1 și nimic calificat: nu poartă nici"
    " declarația certificatelor calificate, nici pe cea a unui dispozitiv de creare a semnăturilor.",
    ("full", "en"): "The certificates carry the statements of qualified certificates on a signature creation device as"
    " a SIMULATED claim, for exercising programs that verify. The claim is not true: no trusted list of any state backs"
    " it and no such device is used.",
    ("full", "ro"): "Certificatele poartă declarațiile certificatelor calificate aflate pe un dispozitiv de creare a"
    " semnăturilor ca afirmație SIMULATĂ, pentru încercarea programelor de verificare. Afirmația nu este adevărată: nicio"
    " listă de încredere a vreunui stat nu o susține și nu se folosește un astfel de dispozitiv.",
}


class TextBroken(DomainError):
    """A text names a value that there is not, or has no title."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text."""

    kind: Kind
    text: str


def read(name: str, language: Language, settings: Settings) -> tuple[Block, ...]:
    """Return a text in its order, filled in.

    Raises:
        TextBroken: it names a value that there is not, or does not begin with its title.
    """
    try:
        text = Template((_TEXTS / f"{name}.{language}.txt").read_text(encoding="utf-8"))
        filled = text.substitute(values(settings, language))
    except (KeyError, ValueError) as error:
        raise TextBroken(f"{name}.{language}: {error}") from error
    blocks = tuple(_blocks(filled))
    if not blocks or blocks[0].kind != "title":
        raise TextBroken(f"{name}.{language}: no title")
    return blocks


def values(settings: Settings, language: Language) -> dict[str, str]:
    """Return what the texts may name. Whatever the service itself decides is taken from where it decides."""
    ca = settings.ca
    disclosure = ca.documents_url + addresses.DISCLOSURE_STATEMENT
    return {
        "version": VERSION,
        "date": DATE,
        "marking": _MARKINGS[ca.marking, language],
        "organization": ca.organization,
        "identifier": ca.organization_identifier,
        "street": ca.street,
        "postal_code": ca.postal_code,
        "locality": ca.locality,
        "country": ca.country,
        "contact": ca.contact,
        "root_name": ca.root_name,
        "issuing_name": ca.issuing_name,
        "policy_oid": ca.policy_oid,
        "tsa_policy_oid": settings.status.tsa_policy_oid,
        "validity_days": str(ca.validity_days),
        "activation_days": str(settings.ra.activation_days),
        "proofing_days": str(settings.ra.proofing_days),
        "revocation_url": settings.service.public_origin + addresses.OWN_REVOCATION,
        "ca_key": ca.key.upper(),
        "crl_hours": _hours(crl.RENEWED_AFTER),
        "crl_life_hours": _hours(crl.LIFE),
        "root_url": ca.public_url + addresses.ROOT_CERTIFICATE,
        "issuing_url": ca.public_url + addresses.issuing_certificate(addresses.FIRST),
        "root_crl_url": ca.public_url + addresses.ROOT_CRL,
        "issuing_crl_url": ca.public_url + addresses.issuing_crl(addresses.FIRST),
        "ocsp_url": ca.public_url + addresses.OCSP,
        "tsa_url": ca.public_url + addresses.TIME_STAMP,
        "list_url": ca.public_url + addresses.TRUSTED_LIST,
        "cps_url": ca.documents_url + addresses.PRACTICE_STATEMENT,
        "pds_ro_url": disclosure.format("ro"),
        "pds_en_url": disclosure.format("en"),
    }


def _hours(span: timedelta) -> str:
    return str(span // timedelta(hours=1))


def _blocks(text: str) -> Iterator[Block]:
    for line in text.splitlines():
        kind, mark = next(((kind, mark) for mark, kind in _MARKS if line.startswith(mark)), ("paragraph", ""))
        if line.strip():
            yield Block(kind, line.removeprefix(mark).strip())
