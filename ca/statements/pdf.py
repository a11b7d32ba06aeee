"""A statement as a document that can be kept: PDF/A-2u (ISO 19005-2), its font inside, the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from fpdf import FPDF

from ca.statements.metadata import xmp
from ca.statements.text import DATE, Block, Kind, Language
from core.errors import DomainError

_FONT: Final = "body"
_COMPLIANCE: Final = "PDF/A-2U"
_MARGIN: Final = 22.0  # mm
_GREY: Final = 90
_TEST_LINE: Final = "TEST – fără valoare juridică – without legal effect"  # noqa: RUF001  # the dash of typography
_LOOKS: Final[dict[Kind, tuple[float, float, float]]] = {  # points, mm of a line, mm before
    "title": (17, 8, 2),
    "heading": (12, 6.5, 4),
    "item": (10, 5.2, 0.6),
    "paragraph": (10, 5.2, 1.6),
}
_LANGUAGES: Final[dict[Language, str]] = {"ro": "ro-RO", "en": "en-GB"}


class NotPrintable(DomainError):
    """A character that the font does not have."""


class _Statement(FPDF):
    """Pages that say TEST at their head and their number at their foot."""

    def header(self) -> None:
        """Write the first line of a page."""
        self.set_font(_FONT, size=8)
        self.set_text_color(_GREY)
        self.cell(0, 5, _TEST_LINE, align="C", new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(0)
        self.ln(3)

    def footer(self) -> None:
        """Write the last line of a page."""
        self.set_y(-15)
        self.set_font(_FONT, size=8)
        self.set_text_color(_GREY)
        self.cell(0, 5, str(self.page_no()), align="C")
        self.set_text_color(0)


def render(parts: Sequence[tuple[Language, Sequence[Block]]], author: str) -> bytes:
    """Return one document; each part, in its language, begins on a page of its own.

    Raises:
        NotPrintable: a character that the font does not have.
    """
    statement = _Statement(format="A4", enforce_compliance=_COMPLIANCE)
    made_at = datetime.fromisoformat(DATE).replace(tzinfo=UTC)
    title = " / ".join(blocks[0].text for _language, blocks in parts)
    statement.set_creation_date(made_at)
    statement.set_title(title)
    statement.set_author(author)
    statement.set_xmp_metadata(xmp(title, author, made_at))
    statement.set_lang(_LANGUAGES[parts[0][0]])
    statement.set_margins(_MARGIN, _MARGIN * 0.7, _MARGIN)
    statement.set_auto_page_break(auto=True, margin=_MARGIN)
    with as_file(files("stamp") / "fonts" / "DejaVuSans-Latin.ttf") as font:
        _check_letters(parts, font)
        statement.add_font(_FONT, fname=font)
        for _language, blocks in parts:
            statement.add_page()
            for block in blocks:
                _write(statement, block)
        return bytes(statement.output())


def _check_letters(parts: Sequence[tuple[Language, Sequence[Block]]], font: Path) -> None:
    with TTFont(font) as tables:
        known = tables.getBestCmap()
    for block in (block for _language, blocks in parts for block in blocks):
        if missing := {letter for letter in block.text if ord(letter) not in known}:
            raise NotPrintable(f"{sorted(missing)} in {block.text[:40]!r}")


def _write(statement: FPDF, block: Block) -> None:
    points, line, before = _LOOKS[block.kind]
    statement.set_font(_FONT, size=points)
    statement.ln(before)
    indent = 5.0 if block.kind == "item" else 0.0
    if indent:
        statement.cell(indent, line, "–")  # noqa: RUF001  # the dash of typography
    statement.multi_cell(0, line, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
