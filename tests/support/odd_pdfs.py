"""Documents that are odd, each with what is to happen: it is signed, or refused with a reason (classes B, C and D).

`ODD` maps a name to (generator, expectation); the expectation is a code of `preflight.reasons` or `SIGNED`.
"""

from __future__ import annotations

import re
import zlib

from pikepdf import Array, Dictionary, Encryption, Name, Pdf, Permissions, String
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec

from tests.support.pdfs import Generator, changed, form, layers, many_revisions, plain, qpdf, tool
from tests.support.signed_pdfs import signed, signed_by_pyhanko

SIGNED = "signed"


def encrypted(*, user: str = "", revision: int = 6, allow: Permissions | None = None) -> bytes:
    protection = Encryption(user=user, owner="stapan", R=revision, allow=allow or Permissions(), aes=revision >= 4)
    return changed(plain(), lambda pdf: None, encryption=protection if revision >= 4 else _old(user, revision))


def _old(user: str, revision: int) -> Encryption:
    return Encryption(user=user, owner="stapan", R=revision, aes=False, metadata=False)


def forbidden() -> bytes:
    """An author who allows nothing but reading."""
    return qpdf(plain(), "--encrypt", "", "stapan", "256", "--modify=none", "--form=n", "--annotate=n", "--")


def only_attachments_encrypted() -> bytes:
    return qpdf(plain(), "--encrypt", "", "stapan", "128", "--use-aes=y", "--cleartext-metadata", "--")


def hybrid() -> bytes:
    """A table whose trailer names a cross-reference stream as well (ISO 32000-2 §7.5.8.4)."""
    data = bytearray(plain() if plain().endswith(b"\n") else plain() + b"\n")
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
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


def _found(pattern: bytes, data: bytes | bytearray) -> bytes:
    match = re.search(pattern, data)
    assert match is not None
    return match[1]


def unfinished_deflate() -> bytes:
    """A cross-reference stream that ends with a flush, not with an end."""
    data = qpdf(plain(), "--object-streams=generate", "--compress-streams=n")
    at = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    head, body = re.split(rb"stream\n", data[at:], maxsplit=1)
    rows = body[: int(_found(rb"/Length (\d+)", head))]
    packer = zlib.compressobj()
    flushed = packer.compress(rows) + packer.flush(zlib.Z_SYNC_FLUSH)
    head = re.sub(rb"/Length \d+", b"/Filter /FlateDecode /Length %d" % len(flushed), head)
    end = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at
    return data[:at] + head + b"stream\n" + flushed + end


def locked(action: FieldMDPAction, fields: list[str] | None = None, permission: MDPPerm | None = None) -> bytes:
    lock = FieldMDPSpec(action, fields)
    return signed_by_pyhanko(form(), SigFieldSpec("Alta1", field_mdp_spec=lock, doc_mdp_update_value=permission))


def certified(permission: MDPPerm) -> bytes:
    return signed_by_pyhanko(plain(), certify=True, docmdp_permissions=permission)


def broken_signature() -> bytes:
    """Signed, then written anew by qpdf."""
    return qpdf(signed(plain()))


def altered_signature() -> bytes:
    """Signed, then one letter of the page exchanged."""
    return signed(plain()).replace(b"cerere", b"cerele", 1)


def form_loop() -> bytes:
    def change(pdf: Pdf) -> None:
        field = pdf.Root.AcroForm.Fields[0]
        field.Kids = Array([field])

    return changed(form(), change)


def taken_names() -> bytes:
    """A text field that is called as ours would be."""
    return changed(form(), lambda pdf: pdf.Root.AcroForm.Fields[0].__setitem__("/T", String("Paraph1")))


def malformed_metadata() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.Metadata = pdf.make_stream(b"<x:", Type=Name.Metadata, Subtype=Name.XML)

    return changed(plain(), change, fix_metadata_version=False)


def xfa_dynamic() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.AcroForm.XFA = pdf.make_stream(b"<config><acrobat7><dynamicRender>required</dynamicRender></acrobat7>")

    return changed(form(), change)


def needs_rendering() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.AcroForm.XFA = pdf.make_stream(b"<template/>")
        pdf.Root.NeedsRendering = True

    return changed(form(), change)


def action(kind: str, **entries: object) -> Dictionary:
    return Dictionary(S=Name(f"/{kind}"), **entries)


def at_opening(kind: str, **entries: object) -> bytes:
    return changed(plain(), lambda pdf: pdf.Root.__setitem__("/OpenAction", action(kind, **entries)))


def in_object_stream() -> bytes:
    """A program that only an object stream names."""
    return qpdf(at_opening("JavaScript", JS=String("app.alert(1)")), "--object-streams=generate")


def escaped_name() -> bytes:
    """A program whose name is written with escapes: /J#61vaScript."""
    data = at_opening("Nimic123456", XS=String("app.alert(1)"))
    changed_name = data.replace(b"/Nimic123456", b"/J#61v#61Scr#69pt"[: len(b"/Nimic123456")], 1)
    return _same_length(data, b"/Nimic123456", b"/J#61vaScript") if changed_name else data


def _same_length(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace a name by a longer one, taking the room from the text beside it."""
    spare = len(new) - len(old)
    return data.replace(b"(app.alert(1))", b"(app.alert(1))"[: -1 - spare] + b")", 1).replace(old, new, 1)


def in_page_annotation(annotation: Dictionary) -> bytes:
    def change(pdf: Pdf) -> None:
        annotation.Type = Name.Annot
        annotation.Rect = Array([60, 600, 200, 620])
        pdf.pages[1].obj.Annots = Array([pdf.make_indirect(annotation)])

    return changed(plain(), change)


def in_name_tree() -> bytes:
    def change(pdf: Pdf) -> None:
        script = pdf.make_indirect(action("JavaScript", JS=String("1")))
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])))

    return changed(plain(), change)


def external_stream() -> bytes:
    """A page whose content lies in another file."""

    def change(pdf: Pdf) -> None:
        content = pdf.make_stream(b"", F=Dictionary(Type=Name.Filespec, F=String("other.bin")))
        pdf.pages[0].obj.Contents = content

    return changed(plain(), change)


def xref_stream_replaced_number() -> bytes:
    return tool(plain(), "mutool", "clean", "in.pdf", "out.pdf")


def nested_arrays(depth: int = 100_000) -> bytes:
    """A catalog with an array nested deep."""
    data = plain()
    return data.replace(b"/Type /Catalog", b"/X " + b"[" * depth + b"]" * depth + b" /Type /Catalog", 1)


def no_pages() -> bytes:
    return changed(plain(), _empty_tree)


def _empty_tree(pdf: Pdf) -> None:
    while len(pdf.pages):
        del pdf.pages[0]


def wrong_offsets() -> bytes:
    """Every offset of the table is off by more than anybody corrects."""
    return re.sub(rb"(\d{10}) 00000 n", lambda m: b"%010d 00000 n" % (int(m[1]) + 37), plain())


def previous_loop() -> bytes:
    data = many_revisions(2)
    last = data[data.rindex(b"startxref") + 9 :].split()[0]
    head, tail = data[: data.rindex(b"/Prev")], data[data.rindex(b"/Prev") :]
    return head + re.sub(rb"/Prev \d+", b"/Prev " + last, tail, count=1)


ODD: dict[str, tuple[Generator, str]] = {
    # B: signed and valid, and yet wrong, unless somebody looks
    "form-needs-appearances": (lambda: form("Ioana", need_appearances=True), "form-not-fixed"),
    "locked-all": (lambda: locked(FieldMDPAction.ALL), "locked"),
    "locked-include": (lambda: locked(FieldMDPAction.INCLUDE, ["nume"]), "locked"),
    "locked-exclude": (lambda: locked(FieldMDPAction.EXCLUDE, ["nume"]), "locked"),
    "locked-p1": (lambda: locked(FieldMDPAction.ALL, permission=MDPPerm.NO_CHANGES), "locked"),
    "form-loop": (form_loop, "form-damaged"),
    "encrypted-and-signed": (lambda: signed(encrypted()), SIGNED),
    # C: others open it
    "encrypted-rc4-128": (lambda: qpdf(plain(), "--allow-weak-crypto", "--encrypt", "", "stapan", "128", "--"), SIGNED),
    "encrypted-rc4-40": (lambda: qpdf(plain(), "--allow-weak-crypto", "--encrypt", "", "stapan", "40", "--"), SIGNED),
    "encrypted-aes-128": (lambda: encrypted(revision=4), SIGNED),
    "encrypted-aes-256": (encrypted, SIGNED),
    "hybrid": (hybrid, SIGNED),
    "mupdf-clean": (xref_stream_replaced_number, SIGNED),
    "bytes-before-header": (lambda: b"HTTP/1.1 200 OK\r\n\r\n" + plain(), "bad-header"),
    "malformed-header": (lambda: b"%PDX-" + plain()[5:], "not-a-pdf"),
    "truncated": (lambda: plain()[:1200], "incomplete"),
    "zeros-after-eof": (lambda: plain() + bytes(2000), "incomplete"),
    "no-startxref": (lambda: plain().replace(b"startxref", b"startxxxx"), "incomplete"),
    "wrong-offsets": (wrong_offsets, "damaged"),
    "previous-loop": (previous_loop, "damaged"),
    "unfinished-deflate": (unfinished_deflate, "damaged"),
    "malformed-metadata": (malformed_metadata, SIGNED),
    "annotations-of-wrong-type": (
        lambda: changed(plain(), lambda pdf: pdf.pages[0].obj.__setitem__("/Annots", 7)),
        "damaged",
    ),
    "form-of-wrong-type": (lambda: changed(plain(), lambda pdf: pdf.Root.__setitem__("/AcroForm", 7)), "form-damaged"),
    "our-field-name-taken": (taken_names, SIGNED),
    # D: rightly refused
    "password": (lambda: encrypted(user="secret"), "password"),
    "forbidden-by-author": (forbidden, "permissions"),
    "certified-p1": (lambda: certified(MDPPerm.NO_CHANGES), "certified"),
    "certified-p2": (lambda: certified(MDPPerm.FILL_FORMS), SIGNED),
    "certified-p3": (lambda: certified(MDPPerm.ANNOTATE), SIGNED),
    "signed-by-other-program": (lambda: signed_by_pyhanko(plain()), SIGNED),
    "signature-broken-by-rewriting": (broken_signature, SIGNED),
    "signature-broken-by-altering": (altered_signature, SIGNED),
    "empty": (lambda: b"", "empty"),
    "html": (lambda: b"<!doctype html><title>Cerere</title>" * 40, "not-a-pdf"),
    "zip": (lambda: b"PK\x03\x04" + bytes(2000), "not-a-pdf"),
    "header-only": (lambda: b"%PDF-1.7\n", "not-a-pdf"),
    "no-pages": (no_pages, "no-pages"),
    "nested-arrays": (nested_arrays, "damaged"),
    "xfa-dynamic": (xfa_dynamic, "xfa-dynamic"),
    "needs-rendering": (needs_rendering, "xfa-dynamic"),
    # H2, H3: what could act, and what looks different elsewhere
    "javascript-at-opening": (lambda: at_opening("JavaScript", JS=String("app.alert(1)")), "active-content"),
    "javascript-in-object-stream": (in_object_stream, "active-content"),
    "javascript-escaped": (escaped_name, "active-content"),
    "javascript-in-name-tree": (in_name_tree, "active-content"),
    "launch": (lambda: at_opening("Launch", F=String("calc.exe")), "active-content"),
    "go-to-remote": (lambda: at_opening("GoToR", F=String("a.pdf"), D=Array([0, Name.Fit])), "active-content"),
    "submit-form": (
        lambda: in_page_annotation(Dictionary(Subtype=Name.Link, A=action("SubmitForm", F=String("http://a")))),
        "active-content",
    ),
    "hide": (
        lambda: in_page_annotation(Dictionary(Subtype=Name.Link, A=action("Hide", T=String("nume")))),
        "active-content",
    ),
    "movie": (lambda: in_page_annotation(Dictionary(Subtype=Name.Screen)), "active-content"),
    "external-stream": (external_stream, "external-content"),
    "layer-in-print-only": (lambda: layers(print_only=True), "layers-differ"),
}
