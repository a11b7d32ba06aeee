"""Documents whose cross-references or lines are written as no standard says (classes C of the list of odd PDFs).

Each is made from the bytes of a sound file; `QUIRKY` maps a name to (generator, expectation) as in `odd_pdfs`.
"""

from __future__ import annotations

import re
import zlib

from tests.support.pdfs import Generator, changed, many_revisions, plain, qpdf, tool

SIGNED = "signed"


def hybrid() -> bytes:
    """A table whose trailer names a cross-reference stream as well (ISO 32000-2 §7.5.8.4)."""
    data = bytearray(plain() if plain().endswith(b"\n") else plain() + b"\n")
    previous = _last_section(data)
    size = int(_found(rb"/Size (\d+)", data))
    root = _found(rb"/Root (\d+ 0 R)", data)
    members = b"%d 0 << /Ascuns true >>" % size
    first = members.index(b"<<")
    packed = len(data)
    data += b"%d 0 obj\n<< /Type /ObjStm /N 1 /First %d /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        size + 1, first, len(members), members,
    )  # fmt: skip
    stream_at = len(data)
    rows = b"\x02" + (size + 1).to_bytes(4, "big") + b"\x00\x00"
    data += (
        b"%d 0 obj\n<< /Type /XRef /W [ 1 4 2 ] /Index [ %d 1 ] /Size %d /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (size + 2, size, size + 3, len(rows), rows)
    )
    table = len(data)
    data += b"xref\n%d 2\n%010d 00000 n \n%010d 00000 n \n" % (size + 1, packed, stream_at)
    data += b"trailer\n<< /Size %d /Root %s /Prev %d /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        size + 3, root, previous, stream_at, table,
    )  # fmt: skip
    return bytes(data)


def unfinished_deflate() -> bytes:
    """A cross-reference stream that ends with a flush, not with an end."""
    packer = zlib.compressobj()
    data, at, rows = _with_object_streams()
    flushed = packer.compress(b"".join(rows)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _with_section(data, at, flushed, b"/Filter /FlateDecode")


def high_generation() -> bytes:
    """Generation 65536, as MuPDF's own cleaning writes it."""
    return tool(plain(), "mutool", "clean", "in.pdf", "out.pdf")


def wrong_offsets() -> bytes:
    """Every offset of the table is off by more than anybody corrects."""
    return re.sub(rb"(\d{10}) 00000 n", lambda m: b"%010d 00000 n" % (int(m[1]) + 37), plain())


def wrong_size(size: bytes) -> bytes:
    """A trailer that counts too few objects or too many."""
    return re.sub(rb"/Size \d+", lambda m: (b"/Size " + size).ljust(len(m[0])), plain())


def previous_loop() -> bytes:
    """A last section whose /Prev is itself."""
    data = many_revisions(2)
    last = b"%d" % _last_section(data)
    head, tail = data[: data.rindex(b"/Prev")], data[data.rindex(b"/Prev") :]
    return head + re.sub(rb"/Prev \d+", b"/Prev " + last, tail, count=1)


def size_shrinks() -> bytes:
    """A later section that counts fewer objects than an earlier one."""
    data = many_revisions(2)
    head, tail = data[: data.rindex(b"/Size")], data[data.rindex(b"/Size") :]
    return head + re.sub(rb"/Size \d+", lambda m: b"/Size 4".ljust(len(m[0])), tail, count=1)


def padded_entries() -> bytes:
    """Entries of a table with blanks behind them."""
    data = plain()
    start, end = data.rindex(b"xref\n0"), data.rindex(b"trailer")
    return data[:start] + re.sub(rb" ([nf]) \n", rb" \1   \n", data[start:end]) + data[end:]


def replaced_section() -> bytes:
    """An update that gives the number of the old cross-reference stream to another object."""
    data = qpdf(plain(), "--object-streams=generate")
    at = _last_section(data)
    number, size = int(_found(rb"(\d+) 0 obj", data[at:])), int(_found(rb"/Size (\d+)", data[at:]))
    root, ids = _found(rb"(/Root \d+ 0 R)", data[at:]), _found(rb"(?s)(/ID \[.*?\])", data[at:])
    replacement = b"%d 0 obj\n<< /Nimic true >>\nendobj\n" % number
    section = len(data) + len(replacement)
    rows = b"".join(b"\x01" + each.to_bytes(4, "big") + b"\0" for each in (len(data), section))
    entries = b"/Type /XRef /W [ 1 4 1 ] /Index [ %d 1 %d 1 ] /Size %d /Prev %d" % (number, size, size + 1, at)
    stream = b"<< %s %s %s /Length %d >>\nstream\n%s\nendstream" % (entries, root, ids, len(rows), rows)
    return data + replacement + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (size, stream, section)


def wrong_index() -> bytes:
    """A cross-reference stream that gives other places within the object stream than the stream has."""
    data, at, rows = _with_object_streams()
    for row in rows:
        row[-1] ^= row[0] == 2  # an object in a stream
    return _with_section(data, at, b"".join(rows), b"")


def unknown_filter() -> bytes:
    """An object stream under a filter that nobody knows."""
    data = qpdf(plain(), "--object-streams=generate")
    return re.sub(rb"(/Filter /)FlateDecode([^>]*/ObjStm)|(/ObjStm[^>]*/Filter /)FlateDecode", _renamed, data, count=1)


def _renamed(match: re.Match[bytes]) -> bytes:
    return match[0].replace(b"FlateDecode", b"NecunoscutX")


def key_twice() -> bytes:
    """A catalog that has one key twice."""
    data = changed(plain(), lambda pdf: pdf.Root.update({"/Cheia1": 1, "/Cheia2": 2}))
    return data.replace(b"/Cheia2", b"/Cheia1", 1)


def bad_escape() -> bytes:
    """A name with an escape of no hexadecimal digits."""
    return changed(plain(), lambda pdf: pdf.Root.update({"/Nume": 1})).replace(b"/Nume", b"/A#zz", 1)


def _with_object_streams() -> tuple[bytes, int, list[bytearray]]:
    """Return a file with object streams, where its cross-reference stream begins, and that stream's rows."""
    data = qpdf(plain(), "--object-streams=generate")
    at = _last_section(data)
    width = sum(int(each) for each in _found(rb"/W \[([ \d]+)\]", data[at:]).split())
    packed = data[data.index(b"stream\n", at) + 7 :]
    predicted = zlib.decompressobj().decompress(packed)
    rows, above = [], bytes(width)
    for start in range(0, len(predicted), width + 1):  # each row begins with its predictor, which is "up"
        row = bytearray((a + b) % 256 for a, b in zip(predicted[start + 1 : start + 1 + width], above, strict=True))
        rows.append(row)
        above = bytes(row)
    return data, at, rows


def _with_section(data: bytes, at: int, rows: bytes, encoding: bytes) -> bytes:
    """Return the file with its cross-reference stream written anew."""
    head = data[at : data.index(b"stream\n", at)]
    head = re.sub(rb"/Length \d+ /Filter /FlateDecode /DecodeParms << [^>]* >>", b"", head)
    head = head.replace(b">>", b"%s /Length %d >>" % (encoding, len(rows)))
    return data[:at] + head + b"stream\n" + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def _last_section(data: bytes | bytearray) -> int:
    """Return where the last cross-reference section begins."""
    return int(data[data.rindex(b"startxref") + 9 :].split()[0])


def _found(pattern: bytes, data: bytes | bytearray) -> bytes:
    match = re.search(pattern, data)
    assert match is not None
    return match[1]


QUIRKY: dict[str, tuple[Generator, str]] = {
    "hybrid": (hybrid, SIGNED),
    "generation-65536": (high_generation, SIGNED),
    "section-size-shrinks": (size_shrinks, SIGNED),
    "size-too-small": (lambda: wrong_size(b"3"), SIGNED),
    "size-too-large": (lambda: wrong_size(b"99"), SIGNED),
    "section-object-replaced": (replaced_section, SIGNED),
    "wrong-index-in-object-stream": (wrong_index, "damaged"),
    "key-twice": (key_twice, "damaged"),
    "line-ends-cr": (lambda: plain().replace(b"\n", b"\r"), SIGNED),
    "line-ends-crlf": (lambda: plain().replace(b"\n", b"\r\n"), "damaged"),
    "wrong-offsets": (wrong_offsets, "damaged"),
    "table-from-one": (lambda: plain().replace(b"xref\n0 ", b"xref\n1 "), "damaged"),
    "padded-entries": (padded_entries, "damaged"),
    "previous-loop": (previous_loop, "damaged"),
    "unfinished-deflate": (unfinished_deflate, "damaged"),
    "unknown-filter": (unknown_filter, "damaged"),
    "bad-escape-in-name": (bad_escape, "damaged"),
    "truncated": (lambda: plain()[:1200], "incomplete"),
    "zeros-after-eof": (lambda: plain() + bytes(2000), "incomplete"),
    "no-startxref": (lambda: plain().replace(b"startxref", b"startxxxx"), "incomplete"),
}
