"""What must hold of a package's Romanian texts; `check_catalogue(package)` is a test's one line."""

from __future__ import annotations

import re
from pathlib import Path

from citystyle.catalogues import compiled, extracted, po_file, read

ROOT = Path(__file__).parents[2]
_PLACE = re.compile(r"%(?:\([a-z_]+\))?[a-z%{]")


def check_catalogue(name: str) -> None:
    """Assert that every text is translated, with its values and plurals, in good Romanian letters, and compiled."""
    package = ROOT / name
    catalogue = read(package)
    there = {message.id for message in catalogue if message.id}
    assert there == {message.id for message in extracted(package) if message.id}, (
        f"python -m citystyle.catalogues {name}"
    )
    for message in catalogue:
        if message.id:
            _check_message(message)
    assert po_file(package).with_suffix(".mo").read_bytes() == compiled(catalogue), (
        f"python -m citystyle.catalogues {name}"
    )


def _check_message(message) -> None:
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    assert all(forms), f"not translated: {message.id!r}"
    assert not message.fuzzy, f"unsure: {message.id!r}"
    assert len(forms) == (3 if isinstance(message.id, tuple) else 1)
    english = message.id[0] if isinstance(message.id, tuple) else message.id
    for form in forms:
        assert sorted(_PLACE.findall(form)) == sorted(_PLACE.findall(english)), form
        assert not re.search("[şţŞŢ]", form), f"cedilla: {form}"
        assert not re.search("[\"']", form), f"straight quotes: {form}"
        assert "!" not in form, f"exclamation mark: {form}"
