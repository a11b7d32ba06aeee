"""Where a visible signature may stand and what it shows.

Nothing of it is free: one size, four corners, four lines of which only name and date differ. So `preflight` builds the
same appearance from the signature dictionary's /Name and /M and compares (attack H12: a stamp over a clause, hostile
text in a stamp). No word of it says that the signature is valid: that is for whoever verifies it.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, PdfObject, StreamObject

from core.errors import Malformed
from stamp.font import Font, font, font_objects

WIDTH: Final = 200  # points
HEIGHT: Final = 56
_MARGIN: Final = 24
_INSET: Final = 6
_LEADING: Final = 12
_SIZE: Final = 8
_MAX_NAME: Final = 80  # characters
_IN_NAMES: Final = " -.'\u2019"
TEST_LINE: Final = "TEST – fără valoare juridică"  # noqa: RUF001  # the dash of Romanian typography


class NoPlace(Malformed):
    """The page is too small, or turned, for a visible signature."""


class NameNotAllowed(Malformed):
    """A name that does not look like one."""


class Position(Enum):
    """The corner of the page. The value is the word in requests and settings."""

    BOTTOM_RIGHT = "bottom-right"
    BOTTOM_LEFT = "bottom-left"
    TOP_RIGHT = "top-right"
    TOP_LEFT = "top-left"


def place(position: Position, page_box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Return the rectangle (left, bottom, right, top; whole points) of a corner of a page box.

    Raises:
        NoPlace: the page is not at least twice as wide and high as the appearance.
    """
    left, bottom, right, top = page_box
    if right - left < 2 * WIDTH or top - bottom < 4 * HEIGHT:
        raise NoPlace(f"{right - left:.0f} x {top - bottom:.0f} points")
    x = int(left) + _MARGIN if position.value.endswith("left") else int(right) - _MARGIN - WIDTH
    y = int(bottom) + _MARGIN if position.value.startswith("bottom") else int(top) - _MARGIN - HEIGHT
    return x, y, x + WIDTH, y + HEIGHT


def check_name(name: str) -> None:
    """Refuse what is not made of letters, spaces, hyphens, dots and apostrophes.

    Raises:
        NameNotAllowed: it is empty, too long, or has another character.
        NotPrintable: a letter is not in the font.
    """
    if not name.strip() or len(name) > _MAX_NAME:
        raise NameNotAllowed(f"{len(name)} characters")
    if not all(unicodedata.category(c)[0] == "L" or c in _IN_NAMES for c in name):
        raise NameNotAllowed("another character than of a name")
    font().encode(name)


def lines(signatory: str, claimed_time: datetime) -> tuple[str, str, str, str]:
    """Return the four lines. `claimed_time` is in UTC."""
    return ("Semnat electronic de", signatory, f"{claimed_time:%Y-%m-%d %H:%M:%S} UTC", TEST_LINE)


def appearance(signatory: str, claimed_time: datetime, register: Any) -> PdfObject:
    """Return a reference to the form XObject; `register` takes an object and gives its reference.

    Raises:
        NameNotAllowed: see `check_name`.
        NotPrintable: see `check_name`.
    """
    check_name(signatory)
    resources = DictionaryObject({"/Font": DictionaryObject({"/F1": font_objects(register)})})
    form = StreamObject(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(NumberObject(edge) for edge in (0, 0, WIDTH, HEIGHT)),
            NameObject("/Resources"): resources,
        },
        encoded_data=content(lines(signatory, claimed_time)),
    )
    return register(form)  # type: ignore[no-any-return]  # register is the writer's own


def content(texts: tuple[str, ...]) -> bytes:
    """Return the drawing instructions: white ground, thin frame, the lines from the top."""
    frame = f"q 1 g 0 0 {WIDTH} {HEIGHT} re f 0.4 G 0.5 w 0.5 0.5 {WIDTH - 1} {HEIGHT - 1} re S 0 g BT"
    rows = [_row(text, HEIGHT - _LEADING * number - 3) for number, text in enumerate(texts, start=1)]
    return "\n".join([frame, *rows, "ET Q"]).encode("ascii")


def _row(text: str, baseline: int) -> str:
    face = font()
    glyphs = "".join(f"{glyph:04x}" for glyph in face.encode(text))
    return f"/F1 {_fitting(face, text)} Tf 1 0 0 1 {_INSET} {baseline} Tm <{glyphs}> Tj"


def _fitting(face: Font, text: str) -> Decimal:
    """Return the font size: the usual one, or the largest at which a long name fits."""
    room = Decimal(WIDTH - 2 * _INSET) * 1000 / max(face.width(text), 1)
    return min(Decimal(_SIZE), room.quantize(Decimal("0.1"), rounding="ROUND_DOWN"))
