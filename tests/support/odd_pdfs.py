"""Documents that are odd, each with what is to happen: it is signed, or refused with a reason (classes B, C and D).

`ODD` maps a name to (generator, expectation); the expectation is a code of `preflight.reasons` or `SIGNED`. Those whose
cross-references are odd are in `tests.support.quirky_pdfs`, those under encryption in `tests.support.protected_pdfs`.
"""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec

from tests.support.hostile_pdfs import deep_page_tree
from tests.support.pdfs import Generator, changed, form, layers, plain, qpdf
from tests.support.protected_pdfs import PROTECTED, encrypted
from tests.support.quirky_pdfs import QUIRKY, SIGNED
from tests.support.signed_pdfs import signed, signed_by_pyhanko


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


def metadata(xmp: bytes) -> bytes:
    """An XMP packet as it stands."""

    def change(pdf: Pdf) -> None:
        pdf.Root.Metadata = pdf.make_stream(xmp, Type=Name.Metadata, Subtype=Name.XML)

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


def nested_arrays(depth: int = 100_000) -> bytes:
    """A catalog with an array nested deep."""
    data = plain()
    return data.replace(b"/Type /Catalog", b"/X " + b"[" * depth + b"]" * depth + b" /Type /Catalog", 1)


def no_pages() -> bytes:
    return changed(plain(), _empty_tree)


def _empty_tree(pdf: Pdf) -> None:
    while len(pdf.pages):
        del pdf.pages[0]


ODD: dict[str, tuple[Generator, str]] = {
    **QUIRKY,
    **PROTECTED,
    # B: signed and valid, and yet wrong, unless somebody looks
    "form-needs-appearances": (lambda: form("Ioana", need_appearances=True), "form-not-fixed"),
    "locked-all": (lambda: locked(FieldMDPAction.ALL), "locked"),
    "locked-include": (lambda: locked(FieldMDPAction.INCLUDE, ["nume"]), "locked"),
    "locked-exclude": (lambda: locked(FieldMDPAction.EXCLUDE, ["nume"]), "locked"),
    "locked-p1": (lambda: locked(FieldMDPAction.ALL, permission=MDPPerm.NO_CHANGES), "locked"),
    "form-loop": (form_loop, "form-damaged"),
    "encrypted-and-signed": (lambda: signed(encrypted()), SIGNED),
    # C: others open it
    "bytes-before-header": (lambda: b"HTTP/1.1 200 OK\r\n\r\n" + plain(), "bad-header"),
    "malformed-header": (lambda: b"%PDX-" + plain()[5:], "not-a-pdf"),
    "malformed-metadata": (lambda: metadata(b"<x:"), SIGNED),
    "metadata-not-utf-8": (lambda: metadata(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>\xff\xe9</x:xmpmeta>"), SIGNED),
    "information-of-wrong-type": (
        lambda: changed(plain(), lambda pdf: pdf.trailer.__setitem__("/Info", pdf.make_indirect(Array([1])))),
        SIGNED,
    ),
    "annotations-of-wrong-type": (
        lambda: changed(plain(), lambda pdf: pdf.pages[0].obj.__setitem__("/Annots", 7)),
        "damaged",
    ),
    "form-of-wrong-type": (lambda: changed(plain(), lambda pdf: pdf.Root.__setitem__("/AcroForm", 7)), "form-damaged"),
    "our-field-name-taken": (taken_names, SIGNED),
    # D: rightly refused
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
    "page-tree-2000-deep": (deep_page_tree, "damaged"),
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
