"""Bombs: small files that cost much to whoever opens them without limits (attack H9)."""

from __future__ import annotations

import zlib

from tests.support.pdfs import Generator

HEAD = b"%PDF-1.7\n"
PAGES = b"<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] >>"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def assembled(objects: dict[int, bytes], *, size: int | None = None, extra: bytes = b"") -> bytes:
    """Return a file of these objects with a cross-reference table."""
    data, offsets = bytearray(HEAD), {}
    for number, body in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (number, at) for number, at in offsets.items())
    end = b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(data) + b"xref\n0 1\n0000000000 65535 f \n" + table + end % (
        size or max(objects) + 1, extra, len(data),
    )  # fmt: skip


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def _zeros(length: int) -> bytes:
    """Return the deflated form of many zeros (a multiple of a million), without deflating them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    million = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    adler = (length % 65521) << 16 | 1
    return b"\x78\xda" + million * (length // 1_000_000) + b"\x03\x00" + adler.to_bytes(4, "big")


def with_object_stream(packed: bytes, filters: bytes) -> bytes:
    """Return a file whose catalog lies in an object stream."""
    data = bytearray(HEAD)
    offsets = {}
    for number, body in {
        2: PAGES,
        3: PAGE,
        4: stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter " + filters),
    }.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    entries = {1: (2, 4, 0), **{n: (1, at, 0) for n, at in offsets.items()}, 5: (1, start, 0)}
    rows = (
        b"\x00" * 9
        + b"\xff\xff"
        + b"".join(
            kind.to_bytes(1, "big") + at.to_bytes(8, "big") + rest.to_bytes(2, "big")
            for _n, (kind, at, rest) in sorted(entries.items())
        )
    )
    section = stream(rows, b"/Type /XRef /W [ 1 8 2 ] /Size 6 /Root 1 0 R")
    return bytes(data) + b"5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (section, start)


def object_stream_bomb() -> bytes:
    """A gigabyte of nothing where the catalog should be."""
    return with_object_stream(_zeros(1_000_000_000), b"/FlateDecode")


def stacked_filters() -> bytes:
    """The same packed twice more."""
    twice = zlib.compress(zlib.compress(_zeros(1_000_000_000), 9), 9)
    return with_object_stream(twice, b"[ /FlateDecode /FlateDecode /FlateDecode ]")


def huge_size() -> bytes:
    return assembled({1: CATALOG, 2: PAGES, 3: PAGE}, size=2**31 - 1)


def huge_table() -> bytes:
    """A table that claims two thousand million entries."""
    good = assembled({1: CATALOG, 2: PAGES, 3: PAGE})
    return good.replace(b"0 1\n0000000000", b"0 2000000000\n0000000000", 1)


def huge_index() -> bytes:
    """A cross-reference stream that claims as many, of no width."""
    section = stream(b"", b"/Type /XRef /W [ 0 0 0 ] /Index [ 0 2000000000 ] /Size 2000000000 /Root 1 0 R")
    return HEAD + b"5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (section, len(HEAD))


def many_objects(count: int = 100_000) -> bytes:
    """Objects that a walk must visit all, because a program hides among them, perhaps."""
    children = b" ".join(b"%d 0 R" % number for number in range(10, 10 + count))
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R /X [ %s ] /Y (/JavaScript) >>" % children, 2: PAGES, 3: PAGE}
    return assembled(objects | dict.fromkeys(range(10, 10 + count), b"<< /A /B >>"))


def deep_page_tree(depth: int = 2000) -> bytes:
    objects = {1: CATALOG}
    for level in range(depth):
        objects[2 + level] = b"<< /Type /Pages /Kids [ %d 0 R ] /Count 1 >>" % (3 + level)
    return assembled(objects | {2 + depth: b"<< /Type /Page /MediaBox [ 0 0 9 9 ] >>"})


def page_loop() -> bytes:
    return assembled({1: CATALOG, 2: b"<< /Type /Pages /Kids [ 2 0 R ] /Count 1 >>"})


def many_pages_claimed() -> bytes:
    return assembled({1: CATALOG, 2: b"<< /Type /Pages /Kids [ 3 0 R ] /Count 2000000000 >>", 3: PAGE})


def self_reference() -> bytes:
    return assembled({1: b"1 0 R", 2: PAGES, 3: PAGE})


def length_loop() -> bytes:
    """A stream whose length is itself."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R >>"
    content = b"<< /Length 4 0 R >>\nstream\nx\nendstream"
    return assembled({1: CATALOG, 2: PAGES, 3: page, 4: content})


def field_bomb() -> bytes:
    """A form whose fields each have the next level's fields all as children."""
    levels = {
        number: b"<< /T (f) /Kids [ %s ] >>" % b" ".join(b"%d 0 R" % (number + 1) for _ in range(10))
        for number in range(10, 30)
    }
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ 10 0 R ] >> >>"
    return assembled({1: catalog, 2: PAGES, 3: PAGE, **levels, 30: b"<< /FT /Tx /T (g) >>"})


def drawing_bomb() -> bytes:
    """Forms that draw each other ten times, twelve levels deep: opening is cheap, drawing never ends."""
    resources = b"/Resources << /XObject << /X %d 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R " + resources % 10 + b" >>"
    objects = {1: CATALOG, 2: PAGES, 3: page, 4: stream(b"/X Do " * 10)}
    form = b"/Type /XObject /Subtype /Form /BBox [ 0 0 595 842 ] "
    for number in range(10, 22):
        objects[number] = stream(b"/X Do " * 10, form + resources % (number + 1))
    objects[22] = stream(b"0 0 595 842 re f " * 10, form)
    return assembled(objects)


def picture_bomb() -> bytes:
    """A picture of 60,000 by 60,000 points in a few kilobytes."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R "
        b"/Resources << /XObject << /X 5 0 R >> >> >>"
    )
    packed = zlib.compress(_zeros(3_600_000_000), 9)
    entries = (
        b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceGray "
        b"/Filter [ /FlateDecode /FlateDecode ]"
    )
    objects = {1: CATALOG, 2: PAGES, 3: page, 4: stream(b"500 0 0 500 0 0 cm /X Do"), 5: stream(packed, entries)}
    return assembled(objects)


OPENING: dict[str, Generator] = {
    "object stream": object_stream_bomb,
    "stacked filters": stacked_filters,
    "huge table": huge_table,
    "huge index": huge_index,
    "deep page tree": deep_page_tree,
    "page loop": page_loop,
    "pages claimed": many_pages_claimed,
    "self reference": self_reference,
    "field bomb": field_bomb,
}
