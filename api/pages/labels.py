"""Names of documents as a person reads them, and a warning where letters may pretend to be others (attack P10)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

_ALPHABETS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN"})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be signed, for the page. An empty name means that the portal gave none."""

    name: str
    is_suspicious: bool  # letters of several alphabets in one name
    is_opaque: bool  # a digest that says nothing of what it is a digest of


def item(label: str, hash_type: str) -> Item:
    """Return the item for a label and its digest's type."""
    return Item(label, mixes_alphabets(label), hash_type == "dtbsr")


def mixes_alphabets(text: str) -> bool:
    """Return whether letters of several alphabets that look alike stand in one name; its extension aside."""
    stem = text.rpartition(".")[0] or text
    names = {unicodedata.name(char, "").split(" ", 1)[0] for char in stem if char.isalpha()}
    return len(names & _ALPHABETS) > 1
