"""Increments of somebody who owns the web zone (attack W1): all refused, and the honest twin of each is accepted."""

import re
import subprocess

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, NullObject, NumberObject

from preflight.increment import judge
from preflight.protocol import DocumentRefused, IncrementNotAllowed
from signer.pades.errors import CannotCertify
from signer.pades.options import Appearance, SignatureOptions
from signer.pades.prepare import PreparedIncrement, prepare
from stamp.appearance import Position
from tests.support.fake_increments import (
    Forgery,
    dictionary,
    forged,
    name,
    numbers,
    text,
    without_shift,
)
from tests.support.pdfs import ORDINARY, changed, form, many_revisions, plain, qpdf, scan
from tests.support.signed_pdfs import NOW, increment_of, signed
from tests.support.tampered_increments import TAMPERED, font_of, object_stream, second_page

VISIBLE = Appearance("Ioana Țăndărică", page=0)


def judged(original: bytes, prepared: PreparedIncrement) -> None:
    judge(original, prepared.before, prepared.room, prepared.after)


def refused(original: bytes, prepared: PreparedIncrement) -> str:
    with pytest.raises(IncrementNotAllowed) as caught:
        judged(original, prepared)
    return caught.value.detail


@pytest.mark.parametrize("what", TAMPERED)
def test_increment_that_does_more_is_refused(what):
    assert refused(plain(), forged(plain(), TAMPERED[what]))
    judged(plain(), forged(plain(), lambda forgery: None))


def test_value_typed_into_a_field_is_refused():
    original = form("10 lei")

    def change(forgery: Forgery):
        forgery.reissue(forgery.form["/Fields"].raw_get(0))["/V"] = text("1000 lei")

    assert refused(original, forged(original, change))
    judged(original, forged(original, lambda forgery: None))


def test_information_reissued_with_a_change_is_refused():
    original = changed(plain(), lambda pdf: pdf.docinfo.__setitem__("/Title", "Cerere"))

    def change(forgery: Forgery):
        forgery.reissue(forgery.writer.trailer.raw_get("/Info"))["/Title"] = text("Contract")

    assert refused(original, forged(original, change))
    judged(original, forged(original, lambda forgery: None))


def test_object_repeated_unchanged_is_refused():
    assert "no business" in refused(plain(), forged(plain(), lambda forgery: forgery.reissue(second_page(forgery))))
    judged(plain(), forged(plain(), lambda forgery: None))


def test_nothing_under_another_generation_of_a_number_is_refused():
    """To pyHanko, reading with tolerance, "8 1" is null already; to other readers it takes the place of "8 0"."""
    original = plain().replace(b"endobj", b"endobk", 1)

    def blank(forgery: Forgery):
        page = second_page(forgery).get_object()
        forgery.writer.objects[(1, page.raw_get("/Contents").idnum)] = NullObject()

    assert "no business" in refused(original, forged(original, blank, strict=False))
    judged(original, forged(original, lambda forgery: None, strict=False))


# Bytes, rather than objects: the honest increment with one change that keeps all offsets right.

BYTES = {
    "comment in the padding": (rb"  {40,}", lambda m: b"%hidden\n".ljust(len(m))),
    "other bytes in the padding": (rb"  {40,}", lambda m: b"\x00" * len(m)),
    "smaller size": (rb"/Size \d+", lambda m: b"/Size ".ljust(len(m), b"1")),
    "previous section elsewhere": (rb"/Prev \d+", lambda m: b"/Prev ".ljust(len(m), b"1")),
    "startxref elsewhere": (rb"startxref\n\d+", lambda m: b"startxref\n".ljust(len(m), b"1")),
    "free entry": (rb"\d{10} 00000 n \n", lambda m: m[:17] + b"f \n"),
    "entry that points elsewhere": (rb"\d{10} 00000 n \n", lambda m: b"0000000015" + m[10:]),
    "entry of another generation": (rb"\d{10} 00000 n \n", lambda m: m[:11] + b"00001 n \n"),
    "trailer key": (rb"/Prev", lambda m: b"/Prex"),
    "byte range that starts later": (rb"\[0 ", lambda m: b"[1 "),
    "byte range that ends early": (rb"(\d)\] ", lambda m: b"]" + m[2:] + b" "),
    "field name twice": (rb"/Subtype /Widget", lambda m: b"/FT /Sig/FT /Sig"),
    "other root": (rb"/Root \d+ 0 R", lambda m: re.sub(rb"\d+ 0 R", lambda n: b"9" * (len(n[0]) - 4) + b" 0 R", m)),
    "second end": (rb"endobj\n", lambda m: b"%%EOF\n\n"),
    "object end missing": (rb"endobj\n", lambda m: b"       "),
}


@pytest.mark.parametrize("what", BYTES)
def test_increment_with_other_bytes_is_refused(what):
    original = plain()
    honest = prepare(original, SignatureOptions(NOW))
    pattern, change = BYTES[what]
    whole = honest.before + honest.after
    match = re.search(pattern, whole)
    assert match is not None
    tampered = without_shift(honest, pattern, change(match[0]))
    assert tampered != honest
    assert refused(original, tampered)
    judged(original, honest)


@pytest.mark.parametrize(
    "added",
    [
        b"\n",
        b"%%EOF\n",
        b"%comment\n",
        b"99 0 obj\nnull\nendobj\n",
        b"xref\n0 0\ntrailer\n<< /Size 99 /Root 1 0 R /Prev 15 >>\nstartxref\n15\n%%EOF\n",
    ],
)
def test_anything_after_the_end_is_refused(added):
    honest = prepare(plain(), SignatureOptions(NOW))
    assert refused(plain(), PreparedIncrement(honest.before, honest.room, honest.after + added))


@pytest.mark.parametrize("added", [b"%comment\n", b"99 0 obj\nnull\nendobj\n", b"\x00", b" " * 500])
def test_anything_before_the_first_object_is_refused(added):
    honest = prepare(plain(), SignatureOptions(NOW))
    assert refused(plain(), PreparedIncrement(added + honest.before, honest.room, honest.after))


def test_cross_reference_stream_over_a_table_is_refused():
    def change(forgery: Forgery):
        forgery.writer.stream_xrefs = True

    assert "kind of cross-references" in refused(plain(), forged(plain(), change))


def test_object_stream_is_refused():
    original = qpdf(plain(), "--object-streams=generate")
    assert refused(original, forged(original, object_stream))
    judged(original, forged(original, lambda forgery: None))


def test_cross_reference_stream_in_place_of_the_page_is_refused():
    original = qpdf(plain(), "--object-streams=generate")

    def change(forgery: Forgery):
        forgery.writer.objects = {k: v for k, v in forgery.writer.objects.items() if k[1] != forgery.page_ref.idnum}
        forgery.writer._lastobj_id = forgery.page_ref.idnum - 1  # the section takes the next number

    prepared = forged(original, change)
    assert "another object's place" in refused(original, prepared)


def test_table_over_a_cross_reference_stream_is_refused():
    original = qpdf(plain(), "--object-streams=generate")

    def change(forgery: Forgery):
        forgery.writer.stream_xrefs = False

    assert "kind of cross-references" in refused(original, forged(original, change))
    judged(original, forged(original, lambda forgery: None))


def test_increment_on_an_earlier_revision_is_refused():
    original = many_revisions(3)
    offsets = re.findall(rb"startxref\n(\d+)", original)
    honest = prepare(original, SignatureOptions(NOW))
    earlier = without_shift(honest, rb"/Prev " + offsets[-1], b"/Prev " + offsets[-2])
    assert "trailer" in refused(original, earlier)
    judged(original, honest)


def test_increment_of_another_document_is_refused():
    honest = prepare(plain(), SignatureOptions(NOW))
    assert refused(form(), honest)


def test_room_of_another_size_is_refused():
    honest = prepare(plain(), SignatureOptions(NOW))
    for room in (0, 2, 3, honest.room - 2, honest.room + 2, 10_000_000):
        assert refused(plain(), PreparedIncrement(honest.before, room, honest.after))


def test_increment_that_is_no_pdf_is_refused():
    for parts in ((b"", b""), (b"\xff" * 100, b""), (b"1 0 obj\n" + b"[" * 10_000, b""), (b"", b"%%EOF\n")):
        assert refused(plain(), PreparedIncrement(parts[0], 100, parts[1]))


# Visible signatures (attack H12)


def test_visible_signature_in_a_free_corner_is_accepted():
    for position in Position:
        original = plain()
        judged(original, prepare(original, SignatureOptions(NOW, appearance=Appearance("Ana Pop", 0, position))))


@pytest.mark.parametrize(
    "rect", [(0, 0, 595, 842), (0, 0, 0, 0), (-500, 24, -300, 80), (371, 24, 571, 81), (571, 80, 371, 24)]
)
def test_visible_signature_elsewhere_is_refused(rect):
    tampered = forged(plain(), lambda f: f.field.__setitem__("/Rect", numbers(*rect)), visible=VISIBLE)
    assert refused(plain(), tampered)


APPEARANCES = {
    "another text": lambda f, form: form.__setitem__("/X", text("x")),
    "another content": lambda f, form: setattr(form, "_encoded_data", b"1 0 0 rg 0 0 200 56 re f"),
    "a larger box": lambda f, form: form.__setitem__("/BBox", numbers(0, 0, 600, 900)),
    "moved": lambda f, form: form.__setitem__("/Matrix", numbers(1, 0, 0, 1, 0, 400)),
    "transparent": lambda f, form: form.__setitem__("/Group", dictionary(S=name("Transparency"))),
    "another font": lambda f, form: form["/Resources"].__setitem__("/Font", dictionary(F1=font_of(f))),
    "pressed": lambda f, form: f.field["/AP"].__setitem__("/D", f.field["/AP"].raw_get("/N")),
}


@pytest.mark.parametrize("what", APPEARANCES)
def test_appearance_that_is_not_ours_is_refused(what):
    def tamper(forgery: Forgery):
        APPEARANCES[what](forgery, forgery.field["/AP"]["/N"])

    assert refused(plain(), forged(plain(), tamper, visible=VISIBLE))
    judged(plain(), forged(plain(), lambda forgery: None, visible=VISIBLE))


@pytest.mark.parametrize("said", ["Suma: 10.000 lei", "Ana\u202epoP", "", "<b>Ana</b>", "Ана"])
def test_appearance_with_a_name_that_is_none_is_refused(said):
    def tamper(forgery: Forgery):
        forgery.signature["/Name"] = text(said)

    assert refused(plain(), forged(plain(), tamper, visible=VISIBLE))


def test_visible_signature_over_text_is_refused():
    original = signed(plain(), VISIBLE)
    again = prepare(original, SignatureOptions(NOW, appearance=VISIBLE))
    assert "would cover something" in refused(original, again)


def test_visible_signature_over_a_picture_is_refused():
    original = scan()
    covering = prepare(original, SignatureOptions(NOW, appearance=VISIBLE))
    assert "would cover something" in refused(original, covering)


# Where earlier signatures stand


def test_increment_over_a_signed_document_may_add_a_signature_and_nothing_else():
    original = signed(plain())
    judged(original, prepare(original, SignatureOptions(NOW)))

    def change(forgery: Forgery):
        forgery.reissue(forgery.form["/Fields"].raw_get(0))["/V"] = forgery.add(dictionary(Type=name("Sig")))

    assert refused(original, forged(original, change, field="Paraph2"))
    judged(original, forged(original, lambda forgery: None, field="Paraph2"))


def test_field_name_that_is_taken_is_refused():
    original = signed(plain())

    def rename(forgery: Forgery):
        forgery.field["/T"] = text("Paraph1")

    assert refused(original, forged(original, rename, field="Paraph2")) == "field name"


def test_refusal_of_the_original_comes_before_the_increment_is_looked_at():
    with pytest.raises(DocumentRefused) as caught:
        judge(b"no pdf", b"", 100, b"")
    assert caught.value.reason == "not-a-pdf"


def test_pages_look_the_same_to_a_third_engine_but_for_the_stamp(tmp_path):
    original = plain()
    (tmp_path / "a.pdf").write_bytes(original)
    (tmp_path / "b.pdf").write_bytes(signed(original))
    (tmp_path / "c.pdf").write_bytes(signed(original, VISIBLE))
    for each in "abc":
        command = ["pdftoppm", "-r", "50", "-gray", f"{each}.pdf", each]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    a, b, c = ([page.read_bytes() for page in sorted(tmp_path.glob(f"{x}-*.pgm"))] for x in "abc")
    assert a == b
    assert a[0] != c[0]
    assert a[1] == c[1]


def test_honest_increments_are_judged_well_twice():
    prepared = increment_of(plain())
    judged(plain(), prepared)


# Certifications (attack H4)


def certify(forgery: Forgery) -> None:
    """Make the honest signature a certification, as `signer.pades` does."""
    parameters = dictionary(Type=name("TransformParams"), P=NumberObject(2), V=name("1.2"))
    reference = dictionary(Type=name("SigRef"), TransformMethod=name("DocMDP"), TransformParams=parameters)
    forgery.signature["/Reference"] = ArrayObject([reference])
    forgery.root["/Perms"] = dictionary(DocMDP=forgery.field.raw_get("/V"))
    forgery.writer.update_root()


def _reference(forgery: Forgery):
    return forgery.signature["/Reference"][0]


CERTIFICATIONS = {
    "closed to everything": lambda f: _reference(f)["/TransformParams"].__setitem__("/P", NumberObject(1)),
    "open to annotations": lambda f: _reference(f)["/TransformParams"].__setitem__("/P", NumberObject(3)),
    "locking fields": lambda f: _reference(f).__setitem__("/TransformMethod", name("FieldMDP")),
    "with data": lambda f: _reference(f).__setitem__("/Data", f.root.raw_get("/Pages")),
    "twice": lambda f: f.signature["/Reference"].append(_reference(f)),
    "unnamed": lambda f: f.root.__delitem__("/Perms"),
    "usage rights": lambda f: f.root["/Perms"].__setitem__("/UR3", f.field.raw_get("/V")),
    "of another signature": lambda f: f.root["/Perms"].__setitem__("/DocMDP", f.add(dictionary(Type=name("Sig")))),
    "only named": lambda f: f.signature.__delitem__("/Reference"),
}


@pytest.mark.parametrize("what", CERTIFICATIONS)
def test_a_certification_of_another_kind_is_refused__h4(what):
    def tamper(forgery: Forgery):
        certify(forgery)
        CERTIFICATIONS[what](forgery)

    assert refused(plain(), forged(plain(), tamper))
    judged(plain(), forged(plain(), certify))


def _with_usage_rights() -> bytes:
    return ORDINARY["usage-rights"]()


def test_a_certification_is_the_first_signature_or_none__iso32000_2_12_8_2_2():
    judged(plain(), prepare(plain(), SignatureOptions(NOW, certifies=True)))
    once = signed(plain())
    assert "signed already" in refused(once, forged(once, certify, field="Paraph2"))
    with pytest.raises(CannotCertify):
        prepare(_with_usage_rights(), SignatureOptions(NOW, certifies=True))
    assert "permissions" in refused(_with_usage_rights(), forged(_with_usage_rights(), certify))
