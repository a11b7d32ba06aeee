"""Publishing the statements under the addresses that certificates carry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ca import publication
from ca.statements.pdf import render
from ca.statements.text import Language, read
from core.config import Settings
from core.errors import Unavailable

_DOCUMENTS: Final[dict[str, tuple[str, tuple[Language, ...]]]] = {  # file → text, its languages in their order
    publication.PRACTICE_STATEMENT: ("cps", ("ro", "en")),
    publication.DISCLOSURE_STATEMENTS["ro"]: ("pds", ("ro",)),
    publication.DISCLOSURE_STATEMENTS["en"]: ("pds", ("en",)),
}


def documents(settings: Settings) -> dict[str, bytes]:
    """Return the statements of an installation: file name → PDF. The same settings give the same bytes.

    Raises:
        TextBroken, NotPrintable: a text cannot be filled in or drawn.
    """
    return {
        file: render([(language, read(name, language, settings)) for language in languages], settings.ca.organization)
        for file, (name, languages) in _DOCUMENTS.items()
    }


def publish_statements(settings: Settings, directory: Path) -> list[str]:
    """Make the statements anew and publish them; return the names of the files that changed.

    Raises:
        TextBroken, NotPrintable: a text cannot be filled in or drawn; nothing was published.
        Unavailable: a file could not be written; the old one stays.
    """
    changed = {name: data for name, data in documents(settings).items() if _published(directory / name) != data}
    for name, data in changed.items():
        try:
            publication.publish(directory, name, data)
        except OSError as error:
            raise Unavailable(f"{name} could not be written: {error}") from error
    return list(changed)


def _published(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
