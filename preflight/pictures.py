"""The second engine's view, pdfium's: how many pages, how large, and what they look like before and after an increment.

What is compared, always: number and size of all pages, signatures (one more, with our byte range).
Which pages are drawn: the one that carries the field; and all of them when pdfium had to repair the file.

Why the others need not be drawn: pdfium either follows the cross-references or, when they fail, scans the file from
front to back and makes its own. Both files are given to it piece by piece, so we see what it read. As long as it did
not read nearly all of the file while opening it, it followed the cross-references; then every page whose objects the
increment does not re-issue is the same object at the same offset. Only objects that the grammar of
`preflight.increment` compared with the original are re-issued.

What this view can miss: differences finer than a point on the drawn page; pictures on it that the engine found through
the cross-references (same objects, not decoded); other states of layers; everything scripts would do (documents with
scripts are refused before).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2
from pypdfium2 import raw

from preflight.protocol import DocumentRefused, IncrementNotAllowed

_MAX_DRAWN: Final = 300  # pages
_REPAIRED: Final = 0.95  # share of the file read while opening it
_LONGEST: Final = 400  # pixels of the longer side of a drawn page, when nothing visible is added
_BLANK_SPREAD: Final = 8  # grey levels among the pixels of an empty place


@dataclass(frozen=True, slots=True)
class AddedField:
    """What an increment is to add: on which page, where (empty: invisible), and what the signature covers."""

    page: int
    rect: tuple[int, int, int, int] | None
    byte_range: tuple[int, int, int, int]


class _Pieces:
    """A file made of parts, read like a binary stream, which remembers what was read."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self._at = 0
        self.length = sum(len(part) for part in parts)
        self.reads: list[tuple[int, int]] = []

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, self.length)[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int) -> bytes:
        self.reads.append((self._at, self._at + count))
        wanted, start, pieces = count, self._at, []
        for part in self._parts:
            if wanted and start < len(part):
                pieces.append(part[start : start + wanted])
                wanted -= len(pieces[-1])
            start = max(0, start - len(part))
        self._at += count - wanted
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        ctypes.memmove(buffer, data, len(data))
        return len(data)

    def share_read(self) -> float:
        """Return which share of the file was read so far."""
        covered, end = 0, 0
        for start, stop in sorted(self.reads):
            covered += max(0, stop - max(start, end))
            end = max(end, stop)
        return covered / max(self.length, 1)


@contextmanager
def _opened(*parts: bytes) -> Iterator[tuple[pypdfium2.PdfDocument, bool]]:
    """Give pdfium's document and whether it was repaired."""
    pieces = _Pieces(*parts)
    try:
        document = pypdfium2.PdfDocument(pieces)
    except pypdfium2.PdfiumError as error:
        raise DocumentRefused("damaged", f"second engine: {error}") from error
    try:
        yield document, pieces.share_read() >= _REPAIRED
    finally:
        document.close()


def page_count(data: bytes) -> int:
    """Return how many pages pdfium counts.

    Raises:
        DocumentRefused: it cannot open the file.
    """
    with _opened(data) as (document, _repaired):
        return len(document)


def compare(original: bytes, parts: tuple[bytes, ...], added: AddedField) -> None:
    """Compare what pdfium shows of the original with what it shows of the file with its increment.

    Raises:
        IncrementNotAllowed: they differ in more than the added field.
        DocumentRefused: the engine cannot open one of them, or has too much to draw.
    """
    with _opened(original) as (before, repaired_before), _opened(original, *parts) as (after, repaired_after):
        _compare_structure(before, after, added)
        repaired = repaired_before or repaired_after
        if repaired and len(before) > _MAX_DRAWN:
            raise DocumentRefused("too-heavy", f"{len(before)} pages to draw")
        before.init_forms()
        after.init_forms()
        for number in range(len(before)) if repaired else [added.page]:
            rect = added.rect if number == added.page else None
            _compare_page(before[number], after[number], rect, with_pictures=repaired or rect is not None)


def _compare_structure(before: Any, after: Any, added: AddedField) -> None:
    if len(before) != len(after):
        raise IncrementNotAllowed(f"{len(before)} pages became {len(after)}")
    if any(before.get_page_size(number) != after.get_page_size(number) for number in range(len(before))):
        raise IncrementNotAllowed("a page changed its size")
    signatures = raw.FPDF_GetSignatureCount(before)
    if raw.FPDF_GetSignatureCount(after) != signatures + 1:
        raise IncrementNotAllowed("not one signature more")
    if added.byte_range not in {_byte_range(after, number) for number in range(signatures + 1)}:
        raise IncrementNotAllowed("the second engine finds another byte range")


def _byte_range(document: Any, number: int) -> tuple[int, ...]:
    signature = raw.FPDF_GetSignatureObject(document, number)
    numbers = (ctypes.c_int * 4)()
    count = raw.FPDFSignatureObj_GetByteRange(signature, numbers, 4)
    return tuple(numbers) if count == 4 else ()


def _compare_page(before: Any, after: Any, rect: tuple[int, int, int, int] | None, *, with_pictures: bool) -> None:
    scale = 1.0 if rect else min(1.0, _LONGEST / max(before.get_size()))
    old, new = (_draw(page, scale, with_pictures=with_pictures) for page in (before, after))
    if rect is None:
        if old.rows != new.rows:
            raise IncrementNotAllowed("a page looks different")
        return
    left, bottom, _right, _top = before.get_cropbox()
    x1, x2 = rect[0] - left, rect[2] - left
    y1, y2 = old.height - (rect[3] - bottom), old.height - (rect[1] - bottom)
    _compare_around(old, new, (int(x1) - 1, int(y1) - 1, int(x2) + 2, int(y2) + 2))


@dataclass(frozen=True, slots=True)
class _Picture:
    rows: tuple[bytes, ...]  # 8-bit grey, from the top
    height: int


def _draw(page: Any, scale: float, *, with_pictures: bool) -> _Picture:
    if not with_pictures:
        _hide_pictures(page)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True, draw_annots=True)
    data, stride = bytes(bitmap.buffer), bitmap.stride
    rows = tuple(data[y * stride : y * stride + bitmap.width] for y in range(bitmap.height))
    return _Picture(rows, bitmap.height)


def _hide_pictures(page: Any) -> None:
    """Leave out a page's pictures: decoding them is most of the cost, and they are the same objects."""
    for number in range(raw.FPDFPage_CountObjects(page)):
        thing = raw.FPDFPage_GetObject(page, number)
        if raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_IMAGE:
            raw.FPDFPageObj_SetIsActive(thing, 0)


def _compare_around(old: _Picture, new: _Picture, box: tuple[int, int, int, int]) -> None:
    """Outside the box nothing changes; inside, nothing was there before (attack H12)."""
    x1, y1, x2, y2 = box
    for y, (row_before, row_after) in enumerate(zip(old.rows, new.rows, strict=True)):
        inside = y1 <= y < y2
        if row_before[: x1 if inside else None] != row_after[: x1 if inside else None]:
            raise IncrementNotAllowed("a page looks different outside the signature's place")
        if inside and row_before[x2:] != row_after[x2:]:
            raise IncrementNotAllowed("a page looks different outside the signature's place")
    covered = b"".join(row[x1:x2] for row in old.rows[y1:y2])
    if not covered or max(covered) - min(covered) > _BLANK_SPREAD:
        raise IncrementNotAllowed("the signature would cover something")
