"""The form of a document: its fields, earlier signatures and what they lock, and whether values are fixed in the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    StreamObject,
)

from preflight.protocol import DocumentRefused
from preflight.values import entry, items, raw_items
from preflight.xfa import check_xfa

_MAX_FIELDS: Final = 20_000
_MAX_DEPTH: Final = 40


@dataclass
class Form:
    """What is known of a form."""

    names: set[str] = field(default_factory=set)  # of the fields at the top
    signatures: list[Any] = field(default_factory=list)  # signature fields that are signed
    has_values: bool = False
    needs_appearances: bool = False
    has_xfa: bool = False


def inspect_form(root: Any) -> Form:
    """Return what is known of the document's form, after checking that it may be signed over.

    Raises:
        DocumentRefused: the form is damaged, closed, locked, or shows what is not in the page.
    """
    form = Form()
    if "/AcroForm" in root:
        _read_form(root, form)
    if form.has_values and form.needs_appearances:
        raise DocumentRefused("form-not-fixed")
    _check_certification(root, form)
    return form


def _read_form(root: Any, form: Form) -> None:
    acroform = root["/AcroForm"]
    if not isinstance(acroform, DictionaryObject) or isinstance(acroform, StreamObject):
        raise DocumentRefused("form-damaged", "form is no dictionary")
    fields = entry(acroform, "/Fields", ArrayObject())
    if not isinstance(fields, ArrayObject):
        raise DocumentRefused("form-damaged", "/Fields is no array")
    form.needs_appearances = bool(entry(acroform, "/NeedAppearances", default=False))
    form.names = {str(f["/T"]) for f in items(fields) if isinstance(f, DictionaryObject) and "/T" in f}
    for one, kind in _walk(fields):
        _note(one, kind, form)
    if "/XFA" in acroform:
        form.has_xfa = True
        _check_xfa(root, acroform["/XFA"])


def _walk(fields: Any) -> Iterator[tuple[Any, str]]:
    """Give every field with its (inherited) type; a tree with a loop is damaged."""
    seen: set[tuple[int, int]] = set()
    waiting = [(each, "", 0) for each in raw_items(fields)]
    while waiting:
        reference, kind, depth = waiting.pop()
        if not isinstance(reference, IndirectObject):
            raise DocumentRefused("form-damaged", "field is no reference")
        key = (reference.idnum, reference.generation)
        if key in seen or depth > _MAX_DEPTH or len(seen) > _MAX_FIELDS:
            raise DocumentRefused("form-damaged", "loop, field twice, too deep or too many")
        seen.add(key)
        one = reference.get_object()
        if not isinstance(one, DictionaryObject):
            raise DocumentRefused("form-damaged", "field is no dictionary")
        kind = str(entry(one, "/FT", kind))
        yield one, kind
        kids = entry(one, "/Kids", ArrayObject())
        if not isinstance(kids, ArrayObject):
            raise DocumentRefused("form-damaged", "/Kids is no array")
        waiting += [(each, kind, depth + 1) for each in raw_items(kids)]


def _note(one: Any, kind: str, form: Form) -> None:
    value = entry(one, "/V")
    if value is None or isinstance(value, NullObject) or value == "":
        return
    if kind == "/Sig":
        if not isinstance(value, DictionaryObject):
            raise DocumentRefused("form-damaged", "signature is no dictionary")
        form.signatures.append(one)
    elif not (isinstance(value, NameObject) and value == "/Off"):
        form.has_values = True


def _check_certification(root: Any, form: Form) -> None:
    """Refuse a document that its author, or an earlier signatory, closed (attack H4)."""
    permissions = entry(root, "/Perms")
    if isinstance(permissions, DictionaryObject) and "/DocMDP" in permissions:
        _check_references(permissions["/DocMDP"])
    for signed in form.signatures:
        _check_references(signed["/V"])
        if "/Lock" in signed:
            raise DocumentRefused("locked")


def _check_references(signature: Any) -> None:
    references = entry(signature, "/Reference", ArrayObject())
    if not isinstance(references, ArrayObject):
        raise DocumentRefused("form-damaged", "/Reference is no array")
    for reference in items(references):
        method = entry(reference, "/TransformMethod")
        if method == "/FieldMDP":
            raise DocumentRefused("locked")
        parameters = entry(reference, "/TransformParams", DictionaryObject())
        if method == "/DocMDP" and entry(parameters, "/P", 2) == 1:
            raise DocumentRefused("certified")


def _check_xfa(root: Any, xfa: Any) -> None:
    """Refuse a form whose pages are made while it is read, or that has programs: not what gets signed would be seen."""
    if entry(root, "/NeedsRendering"):
        raise DocumentRefused("xfa-dynamic")
    parts = [xfa] if isinstance(xfa, StreamObject) else items(xfa)
    check_xfa([bytes(part.data) for part in parts if isinstance(part, StreamObject)])
