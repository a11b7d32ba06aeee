"""Documents that show one thing while they are unsigned and another once they are signed (attacks H1, H3, H7).

The author owns nothing but the document: the increment is our own, honest one. Each document is made so that some
engine reads an object, a trailer or a list otherwise than the engine that writes the increment, and so sees it change
when it is written anew. Asserted: the reason, that an engine would have been shown something else, and the twin.
"""

from __future__ import annotations

import re
import subprocess
import zlib
from pathlib import Path

import pypdfium2
import pytest

from preflight.check import check_document
from preflight.increment import judge
from preflight.protocol import DocumentRefused, IncrementNotAllowed
from signer.pades.options import SignatureOptions
from signer.pades.prepare import PreparedIncrement, prepare
from tests.support.hostile_pdfs import assembled, stream, with_object_stream
from tests.support.pdfs import qpdf
from tests.support.signed_pdfs import NOW, increment_of

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
TOLERANT = b"<< /Type /Catalog /Type /Catalog /Pages 2 0 R >>"  # so odd that the first engine reads with tolerance
FONT = b"/Font << /F1 9 0 R >>"


def text(words: bytes) -> bytes:
    return stream(b"BT /F1 24 Tf 100 620 Td (%s) Tj ET" % words)


def page(contents: bytes, resources: bytes = b"/Resources << " + FONT + b" >>", more: bytes = b"") -> bytes:
    box = b"/MediaBox [ 0 0 595 842 ]"
    return b"<< /Type /Page /Parent 2 0 R %s /Contents %s %s %s >>" % (box, contents, resources, more)


def objects(**changes: bytes) -> dict[int, bytes]:
    """Return two pages, of which the second is a promise of 10 lei; object 7 would be another promise."""
    usual = {
        1: CATALOG,
        2: b"<< /Type /Pages /Kids [ 3 0 R 4 0 R ] /Count 2 >>",
        3: page(b"5 0 R"),
        4: page(b"6 0 R"),
        5: text(b"Pagina intai"),
        6: text(b"Platesc 10 lei"),
        7: text(b"Platesc 1000000 lei"),
        9: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    return usual | {int(number.strip("_")): body for number, body in changes.items()}


def picture(shade: int) -> bytes:
    data = zlib.compress(bytes([shade]) * 100)
    return stream(data, b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray "
                  b"/BitsPerComponent 8 /Filter /FlateDecode")  # fmt: skip


def covered(name: bytes, resources: bytes) -> dict[int, bytes]:
    """Return a page whose text lies under a picture."""
    shown = stream(b"BT /F1 24 Tf 100 620 Td (Platesc 1000000 lei) Tj ET q 400 0 0 60 90 600 cm /%s Do Q" % name)
    return objects(_3=page(b"5 0 R", b"/Resources << %s %s >>" % (FONT, resources)), _5=shown, _8=picture(255))


def two_ends() -> bytes:
    """Two sections; the first `startxref` with its end names the older one, one more behind it the newer."""
    older = assembled(objects(_4=page(b"7 0 R")))
    section = int(re.findall(rb"startxref\n(\d+)", older)[0])
    body = b"4 0 obj\n%s\nendobj\n" % page(b"6 0 R")
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 10 /Root 1 0 R /Prev %d >>\n" % (len(older), section)
    ends = b"startxref\n%d\n%%%%EOF\nstartxref\n%d\n" % (section, len(older) + len(body))
    return older + body + table + ends


def two_entries() -> bytes:
    """The table names the first page twice."""
    data = assembled(objects())
    start = data.index(b"xref\n0 1")
    other = b"3 0 obj\n%s\nendobj\n" % page(b"7 0 R")
    tail = data[start:].replace(b"trailer\n", b"3 1\n%010d 00000 n \ntrailer\n" % start, 1)
    return data[:start] + other + re.sub(rb"startxref\n\d+", b"startxref\n%d" % (start + len(other)), tail)


def other_generation() -> bytes:
    """The newest section names the second page's number with another generation, which some engines do not look at."""
    data = assembled(objects(_1=TOLERANT, _2=b"<< /Type /Pages /Kids [ 4 0 R 3 0 R ] /Count 2 >>"))
    section = int(re.findall(rb"startxref\n(\d+)", data)[0])
    body = b"4 1 obj\n%s\nendobj\n" % page(b"7 0 R")
    table = b"xref\n4 1\n%010d 00001 n \ntrailer\n<< /Size 10 /Root 1 0 R /Prev %d >>\n" % (len(data), section)
    return data + body + table + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))


OTHER_TREE = {
    "_10": b"<< /Type /Pages /Kids [ 3 0 R 11 0 R ] /Count 2 >>",
    "_11": page(b"7 0 R"),
    "_12": b"<< /Type /Catalog /Pages 10 0 R >>",
}
AMBIGUOUS = {
    "two ends": (two_ends, "startxref"),
    "two entries for a page": (two_entries, "object 3: two cross-references"),
    "another generation": (other_generation, "object 4: another generation"),
    "a key of the catalog twice": (
        lambda: assembled(objects(_1=b"<< /Type /Catalog /Pages 2 0 R /Pages 10 0 R >>", **OTHER_TREE)),
        "object 1: key twice",
    ),
    "a key of the page twice": (
        lambda: assembled(objects(_1=TOLERANT, _3=page(b"5 0 R", more=b"/Contents 7 0 R"))),
        "object 3: key twice",
    ),
    "two roots": (lambda: assembled(objects(**OTHER_TREE), extra=b"/Root 12 0 R "), "trailer: key twice"),
    "a name that is no UTF-8": (lambda: assembled(covered(b"Im#E9", b"/XObject << /Im#E9 8 0 R >>")), "object 3"),
    "annotations that are another page's contents": (
        lambda: assembled(objects(_3=page(b"5 0 R", more=b"/Annots 10 0 R"), _4=page(b"10 0 R"), _10=b"[ 6 0 R ]")),
        "the list of /Annots is something else as well",
    ),
}  # fmt: skip


def pictures(data: bytes, folder: Path) -> list[bytes]:
    """Return what three engines show of both pages."""
    (folder / "a.pdf").write_bytes(data)
    commands = {
        "poppler": ["pdftoppm", "-r", "30", "-gray", "a.pdf", "poppler"],
        "mupdf": ["mutool", "draw", "-q", "-r", "30", "-c", "gray", "-o", "mupdf-%d.pgm", "a.pdf"],
    }
    for command in commands.values():
        subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=60)
    document = pypdfium2.PdfDocument(data)
    drawn = [bytes(each.render(scale=0.4, grayscale=True).buffer) for each in document]
    document.close()
    return [*(path.read_bytes() for path in sorted(folder.glob("*.pgm"))), *drawn]


def changes_its_face(original: bytes, prepared: PreparedIncrement, folder: Path) -> bool:
    whole = original + prepared.before + b"<" + b"0" * (prepared.room - 2) + b">" + prepared.after
    return pictures(original, folder) != pictures(whole, folder)


def prepared_blindly(original: bytes) -> PreparedIncrement:
    return prepare(original, SignatureOptions(NOW), strict=False)


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_a_document_that_engines_read_differently_is_refused__h7(what, tmp_path):
    build, detail = AMBIGUOUS[what]
    original = build()
    prepared = prepared_blindly(original)
    assert changes_its_face(original, prepared, tmp_path)
    for attempt in (lambda: check_document(original), lambda: judge(original, *parts(prepared))):
        with pytest.raises(DocumentRefused, match=re.escape(f"engines may read it differently: {detail}")) as refused:
            attempt()
        assert refused.value.reason == "damaged"


def parts(prepared: PreparedIncrement) -> tuple[bytes, int, bytes]:
    return prepared.before, prepared.room, prepared.after


@pytest.mark.parametrize(
    "twin",
    [
        lambda: assembled(objects()),
        lambda: assembled(objects(_1=TOLERANT)),  # a key twice, and the same both times
        lambda: assembled(covered(b"Im#C3#A9", b"/XObject << /Im#C3#A9 8 0 R >>")),
        lambda: assembled(objects(_3=page(b"5 0 R", more=b"/Annots 10 0 R"), _10=b"[ ]")),
        lambda: qpdf(assembled(objects()), "--object-streams=generate"),
        lambda: assembled(objects(_3=page(b"5 0 R", more=b"/X (a\\(b\\)(c)\\\n\\101\\7)/Y<4\n1>% note\r/Z[.5 -1. null]"))),
    ],
    ids=["plain", "same key twice", "name in UTF-8", "list of its own", "object stream", "any spelling"],
)  # fmt: skip
def test_the_honest_twin_is_signed_and_keeps_its_face(twin, tmp_path):
    original = twin()
    assert not changes_its_face(original, increment_of(original), tmp_path)


# -- references to what is not there yet -----------------------------------------------------------------------------


def waiting(spelling: bytes = b"%d 0 R") -> bytes:
    """A layer's membership counts groups that do not exist; once they do, they are on, and the clause is hidden."""
    members = b" ".join(spelling % number for number in range(22, 34))
    clause = b"/OC /A BDC BT /F1 24 Tf 100 620 Td (Platesc 1000000 lei) Tj ET EMC"
    return assembled(
        objects(
            _1=b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [ 20 0 R ] /D << >> >> >>",
            _4=page(b"6 0 R", b"/Resources << " + FONT + b" /Properties << /A 21 0 R >> >>"),
            _6=stream(clause),
            _20=b"<< /Type /OCG /Name (x) >>",
            _21=b"<< /Type /OCMD /P /AllOff /OCGs [ " + members + b" ] >>",
        )
    )


def taking(original: bytes, number: int, monkeypatch) -> PreparedIncrement:
    """Return an increment whose new objects take the numbers behind `number`, whoever waits for them."""
    with monkeypatch.context() as patch:
        patch.setattr("signer.pades.writer._last_taken_number", lambda *_: number)
        return prepared_blindly(original)


def test_new_objects_do_not_take_numbers_that_a_layer_waits_for__h3(tmp_path, monkeypatch):
    original = waiting()
    check_document(original)
    awaited = taking(original, 21, monkeypatch)
    assert changes_its_face(original, awaited, tmp_path)
    with pytest.raises(IncrementNotAllowed, match="refers to object 22 before it is there"):
        judge(original, *parts(awaited))
    assert not changes_its_face(original, increment_of(original), tmp_path)


@pytest.mark.parametrize("spelling", [b"%d\x000\fR", b"00%d 0 R", b"+%d 0 R", b"%d %%x\n 0%%" + b"y" * 3000 + b"\rR"])
def test_a_number_is_found_however_the_reference_is_spelt__h3(spelling, monkeypatch):
    original = waiting(spelling)
    with pytest.raises(IncrementNotAllowed, match="before it is there"):
        judge(original, *parts(taking(original, 21, monkeypatch)))


def test_a_reference_inside_an_object_stream_is_found__h3(monkeypatch):
    catalog = b"1 0 << /Type /Catalog /Pages 2 0 R /X 6 0 R >>"
    original = with_object_stream(zlib.compress(catalog), b"/FlateDecode")
    assert b"6 0 R" not in original
    with pytest.raises(IncrementNotAllowed, match="refers to object 6 before it is there"):
        judge(original, *parts(taking(original, 5, monkeypatch)))
    increment_of(original)
