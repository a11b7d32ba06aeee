"""One change each to the honest increment, as somebody who owns the web zone would make it (attack W1): `TAMPERED`."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils.generic import ArrayObject, NumberObject

from tests.support.fake_increments import (
    Forgery,
    Tamper,
    dictionary,
    name,
    numbers,
    other_contract,
    stream,
    text,
)


def annotation(forgery: Forgery):
    shown = forgery.add(
        stream(b"1 0 0 rg 0 0 300 300 re f", Type=name("XObject"), Subtype=name("Form"), BBox=numbers(0, 0, 300, 300))
    )
    rect = numbers(60, 400, 360, 700)
    return forgery.add(
        dictionary(Type=name("Annot"), Subtype=name("FreeText"), Rect=rect, AP=dictionary(N=shown), Contents=text("x"))
    )


def second_page(forgery: Forgery):
    return forgery.writer.find_page_for_modification(1)[0]


def replace_pages(forgery: Forgery):
    pages = forgery.reissue(forgery.root.raw_get("/Pages"))
    pages["/Kids"] = ArrayObject(reversed(pages["/Kids"]))


def new_page_tree(forgery: Forgery):
    tree = dictionary(**{key[1:]: forgery.root["/Pages"].raw_get(key) for key in forgery.root["/Pages"]})
    forgery.root["/Pages"] = forgery.add(tree)


def replace_contents(forgery: Forgery):
    ref = forgery.page.raw_get("/Contents")
    forgery.writer.objects[(ref.generation, ref.idnum)] = stream(b"BT ET")


def font_of(forgery: Forgery):
    fonts = forgery.page["/Resources"]["/Font"]
    return fonts.raw_get(next(iter(fonts)))


def new_catalog(forgery: Forgery):
    root = dictionary(**{key[1:]: forgery.root.raw_get(key) for key in forgery.root})
    forgery.writer.trailer["/Root"] = forgery.add(root)


def object_stream(forgery: Forgery):
    packed = forgery.writer.prepare_object_stream()
    forgery.writer.add_object(dictionary(A=name("B")), obj_stream=packed)


SCRIPT: dict[str, Any] = {"S": name("JavaScript"), "JS": text("app.alert(1)")}
TAMPERED: dict[str, Tamper] = {
    "pages replaced": replace_pages,
    "new page tree": new_page_tree,
    "content replaced": replace_contents,
    "content of its own": lambda f: f.page.__setitem__("/Contents", other_contract(f)),
    "content added": lambda f: f.page.__setitem__(
        "/Contents", ArrayObject([f.page.raw_get("/Contents"), other_contract(f)])
    ),
    "resources replaced": lambda f: f.page.__setitem__("/Resources", dictionary()),
    "page cropped": lambda f: f.page.__setitem__("/CropBox", numbers(0, 0, 300, 300)),
    "page turned": lambda f: f.page.__setitem__("/Rotate", NumberObject(90)),
    "annotation added": lambda f: f.page["/Annots"].append(annotation(f)),
    "annotation before ours": lambda f: f.page["/Annots"].insert(0, annotation(f)),
    "annotation on the next page": lambda f: f.reissue(second_page(f)).__setitem__(
        "/Annots", ArrayObject([annotation(f)])
    ),
    "widget on two pages": lambda f: f.reissue(second_page(f)).__setitem__("/Annots", ArrayObject([f.field_ref])),
    "page action": lambda f: f.page.__setitem__("/AA", dictionary(O=dictionary(**SCRIPT))),
    "font replaced": lambda f: f.reissue(font_of(f)).__setitem__("/BaseFont", name("Symbol")),
    "form resources": lambda f: f.form.__setitem__("/DR", dictionary(Font=dictionary())),
    "form draws itself": lambda f: f.form.__setitem__("/NeedAppearances", NumberObject(1)),
    "form of another kind": lambda f: f.form.__setitem__("/XFA", f.add(stream(b"<template/>"))),
    "calculation order": lambda f: f.form.__setitem__("/CO", ArrayObject([f.field_ref])),
    "second field": lambda f: f.form["/Fields"].append(f.add(dictionary(FT=name("Tx"), T=text("suma")))),
    "second signature": lambda f: f.form["/Fields"].append(f.add(dictionary(FT=name("Sig"), T=text("Paraph2")))),
    "opening action": lambda f: f.root.__setitem__("/OpenAction", dictionary(**SCRIPT)),
    "document action": lambda f: f.root.__setitem__("/AA", dictionary(WC=dictionary(**SCRIPT))),
    "layer states": lambda f: f.root.__setitem__("/OCProperties", dictionary(OCGs=ArrayObject(), D=dictionary())),
    "name tree": lambda f: f.root.__setitem__("/Names", dictionary(JavaScript=dictionary(Names=ArrayObject()))),
    "viewer preferences": lambda f: f.root.__setitem__("/ViewerPreferences", dictionary(Direction=name("R2L"))),
    "version": lambda f: f.root.__setitem__("/Version", name("2.0")),
    "metadata": lambda f: f.root.__setitem__("/Metadata", f.add(stream(b"<x/>"))),
    "new catalog": new_catalog,
    "object nobody needs": lambda f: f.add(dictionary(A=name("B"))),
    "page-like object nobody needs": lambda f: f.add(dictionary(Type=name("Page"), Contents=other_contract(f))),
    "field with an action": lambda f: f.field.__setitem__("/AA", dictionary(K=dictionary(**SCRIPT))),
    "field with a lock": lambda f: f.field.__setitem__("/Lock", dictionary(Action=name("All"))),
    "field with seed values": lambda f: f.field.__setitem__("/SV", dictionary(Ff=NumberObject(1))),
    "field with a colour": lambda f: f.field.__setitem__("/MK", dictionary(BG=numbers(1, 1, 1))),
    "field unprinted": lambda f: f.field.__setitem__("/F", NumberObject(2)),
    "field called otherwise": lambda f: f.field.__setitem__("/T", text("Suma totala")),
    "invisible field with a rectangle": lambda f: f.field.__setitem__("/Rect", numbers(0, 0, 595, 842)),
    "page that is none": lambda f: f.field.__setitem__("/P", f.root.raw_get("/Pages")),
    "signature that certifies": lambda f: f.signature.__setitem__("/Reference", ArrayObject()),
    "signature with a certificate": lambda f: f.signature.__setitem__("/Cert", text("x")),
    "signature of another kind": lambda f: f.signature.__setitem__("/SubFilter", name("adbe.pkcs7.detached")),
    "signature at no time": lambda f: f.signature.__setitem__("/M", text("D:20261399000000Z")),
    "signature in local time": lambda f: f.signature.__setitem__("/M", text("D:20260101000000+02'00'")),
    "reason": lambda f: f.signature.__setitem__("/Reason", text("De acord cu toate")),
    "place": lambda f: f.signature.__setitem__("/Location", text("Cluj")),
    "contact": lambda f: f.signature.__setitem__("/ContactInfo", text("a@example.com")),
    "name that hides": lambda f: f.signature.__setitem__("/Name", text("Da\u202eaN")),
    "name without end": lambda f: f.signature.__setitem__("/Name", text("a" * 2000)),
    "name that is a sentence": lambda f: f.signature.__setitem__("/Name", text("Platesc 100 lei")),
}
