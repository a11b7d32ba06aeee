"""The embedded font: DejaVu Sans, reduced to Latin letters (among them ă â î ș ț). Widths are in thousandths of the size."""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
)

from core.errors import Malformed

_FILE: Final = Path(__file__).parent / "fonts" / "DejaVuSans-Latin.ttf"
_NAME: Final = "/PARAPH+DejaVuSans"


class NotPrintable(Malformed):
    """A character that the font does not have."""


@dataclass(frozen=True, slots=True)
class Font:
    """What drawing needs of the font."""

    file_deflated: bytes
    file_length: int
    glyphs: dict[str, int]
    widths: list[int]  # by glyph
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int

    def encode(self, text: str) -> list[int]:
        """Return the glyphs of `text`.

        Raises:
            NotPrintable: a character is not in the font.
        """
        try:
            return [self.glyphs[character] for character in text]
        except KeyError as error:
            raise NotPrintable(f"U+{ord(error.args[0]):04X}") from None

    def width(self, text: str) -> int:
        """Return the width of `text`, in thousandths of the font's size."""
        return sum(self.widths[glyph] for glyph in self.encode(text))


@functools.cache
def font() -> Font:
    """Return the font; read once for a process."""
    data = _FILE.read_bytes()
    tables: Any = TTFont(_FILE)
    scale = 1000 / tables["head"].unitsPerEm
    head, hhea, os2 = tables["head"], tables["hhea"], tables["OS/2"]
    order = {name: number for number, name in enumerate(tables.getGlyphOrder())}
    return Font(
        zlib.compress(data, 9),
        len(data),
        {chr(code): order[name] for code, name in tables.getBestCmap().items()},
        [round(tables["hmtx"][name][0] * scale) for name in tables.getGlyphOrder()],
        (round(head.xMin * scale), round(head.yMin * scale), round(head.xMax * scale), round(head.yMax * scale)),
        round(hhea.ascent * scale),
        round(hhea.descent * scale),
        round(getattr(os2, "sCapHeight", hhea.ascent) * scale),
    )


def font_objects(register: Any) -> PdfObject:
    """Return a reference to the font's dictionary; `register` takes an object and gives its reference."""
    face = font()
    file = _stream(face.file_deflated, {"/Length1": NumberObject(face.file_length)})
    descriptor = DictionaryObject(
        {
            "/Type": NameObject("/FontDescriptor"),
            "/FontName": NameObject(_NAME),
            "/Flags": NumberObject(4),
            "/FontBBox": ArrayObject(NumberObject(edge) for edge in face.box),
            "/ItalicAngle": NumberObject(0),
            "/Ascent": NumberObject(face.ascent),
            "/Descent": NumberObject(face.descent),
            "/CapHeight": NumberObject(face.cap_height),
            "/StemV": NumberObject(80),
            "/FontFile2": register(file),
        }
    )
    return register(_type0(register(_cid_font(face, register(descriptor))), register(_to_unicode(face))))  # type: ignore[no-any-return]  # register is the writer's own


def _type0(descendant: PdfObject, to_unicode: PdfObject) -> DictionaryObject:
    return DictionaryObject(
        {
            "/Type": NameObject("/Font"),
            "/Subtype": NameObject("/Type0"),
            "/BaseFont": NameObject(_NAME),
            "/Encoding": NameObject("/Identity-H"),
            "/DescendantFonts": ArrayObject([descendant]),
            "/ToUnicode": to_unicode,
        }
    )


def _cid_font(face: Font, descriptor: PdfObject) -> DictionaryObject:
    system = DictionaryObject(
        {
            "/Registry": ByteStringObject(b"Adobe"),
            "/Ordering": ByteStringObject(b"Identity"),
            "/Supplement": NumberObject(0),
        }
    )
    return DictionaryObject(
        {
            "/Type": NameObject("/Font"),
            "/Subtype": NameObject("/CIDFontType2"),
            "/BaseFont": NameObject(_NAME),
            "/CIDSystemInfo": system,
            "/FontDescriptor": descriptor,
            "/CIDToGIDMap": NameObject("/Identity"),
            "/DW": NumberObject(600),
            "/W": ArrayObject([NumberObject(0), ArrayObject(NumberObject(width) for width in face.widths)]),
        }
    )


def _to_unicode(face: Font) -> StreamObject:
    """Return the CMap that lets text be copied out of the appearance (ISO 32000-2 §9.10.3)."""
    pairs = [f"<{glyph:04x}> <{ord(character):04x}>" for character, glyph in sorted(face.glyphs.items())]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    ranges = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    text = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{ranges}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
    return _stream(zlib.compress(text.encode("ascii"), 9), {})


def _stream(deflated: bytes, entries: dict[str, PdfObject]) -> StreamObject:
    values = {NameObject("/Filter"): NameObject("/FlateDecode"), **{NameObject(k): v for k, v in entries.items()}}
    return StreamObject(values, encoded_data=deflated)
