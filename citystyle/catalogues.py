"""Bring a package's Romanian catalogue up to date with its texts, and compile it; run by hand after changing a text.

    python -m citystyle.catalogues portal

Untranslated messages stay empty in the `.po`, and the tests name them.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS: Final = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2), "_l": None}
LANGUAGE: Final = "ro"


def extracted(package: Path) -> Catalog:
    """Return the texts that a package's code and templates hold."""
    found = Catalog()
    for file, _line, message, _comments, context in extract_from_dir(package, _METHODS, keywords=_KEYWORDS):
        found.add(message, locations=[(f"{package.name}/{file}", 0)], context=context)
    return found


def po_file(package: Path) -> Path:
    """Return where a package's Romanian catalogue is."""
    return package / "translations" / LANGUAGE / "LC_MESSAGES" / "messages.po"


def read(package: Path) -> Catalog:
    """Return a package's Romanian catalogue; empty when it has none yet."""
    path = po_file(package)
    if not path.exists():
        return Catalog(
            locale=LANGUAGE, project="Paraph", fuzzy=False, header_comment=f"# Romanian texts of {package.name}."
        )
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue in the form that gettext reads."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def update(package: Path) -> None:
    """Write the `.po` with today's texts, and the `.mo` from it."""
    catalogue = read(package)
    catalogue.update(extracted(package), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    path = po_file(package)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, sort_output=True, omit_header=False, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(read(package)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        update(Path(name))
