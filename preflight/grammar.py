"""What an increment may consist of, worked out from the original: nothing is allowed, a few things are expected.

From the original, and the numbers the increment gives to its new objects, follows what every re-issued object must look
like: the catalog, the form, its list of fields, the page or its list of annotations, each with its one insertion. The
increment's objects must be exactly those, the field, the signature dictionary, and (when visible) the one appearance
that the dictionary's name and time give. Nor may it repeat an object unchanged: which one is repeated, and as what, two
readers may see differently (another generation of a number is no object to one, and hides the object from the other).

A new object takes a number that no object has and nothing refers to: an author may have left references to numbers that
will be taken, so that something is different once they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject, Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from core.errors import DomainError
from preflight.protocol import IncrementNotAllowed
from preflight.reading import OpenDocument
from preflight.references import numbers_referred_to
from preflight.values import Name, Ref, Stream, Value, entry, equal, items, plain, raw_items
from stamp.appearance import Position, appearance, check_name, place

_SIGNATURE: Final[dict[str, Value]] = {
    "/Type": Name("/Sig"),
    "/Filter": Name("/Adobe.PPKLite"),
    "/SubFilter": Name("/ETSI.CAdES.detached"),
}
_CERTIFICATION: Final[list[Value]] = [
    {
        "/Type": Name("/SigRef"),
        "/TransformMethod": Name("/DocMDP"),
        "/TransformParams": {"/Type": Name("/TransformParams"), "/P": 2, "/V": Name("/1.2")},
    }
]
_TIME: Final = re.compile(rb"D:(\d{14})Z")
_FIELD_NAME: Final = re.compile(rb"Paraph[1-9]\d{0,4}")
_FLAGS: Final = 132  # print, locked
_MAX_STREAM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Original:
    """What the grammar needs of the original."""

    document: OpenDocument
    numbers: frozenset[int]  # every object number that any cross-reference section mentions
    field_names: frozenset[str]

    @property
    def reader(self) -> PdfFileReader:
        """The first engine."""
        return self.document.reader

    def value(self, ref: Ref) -> Value:
        """Return the current value of an object, on which all engines agree."""
        return self.document.exact.value(ref)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a reader shows of the signature dictionary, before it verifies anything."""

    name: str  # /Name; empty when there is none
    at: datetime  # /M, in UTC
    certifies: bool  # later changes are closed but for forms and signatures (DocMDP)


@dataclass(frozen=True, slots=True)
class SignatureField:
    """The field that an increment adds."""

    field: Ref
    signature: Ref
    page: Ref
    rect: tuple[int, int, int, int] | None  # None: invisible
    byte_range: tuple[int, int, int, int]
    claims: Claims


def original_of(document: OpenDocument, field_names: set[str]) -> Original:
    """Return what the grammar needs of an open document."""
    numbers, xrefs = {0}, document.reader.xrefs
    for revision in range(xrefs.total_revisions):
        data = xrefs.get_xref_data(revision)
        numbers.update(data.standard_xrefs, data.xrefs_in_objstm, data.freed)
        if data.hybrid is not None:
            hybrid = data.hybrid.xref_data
            numbers.update(hybrid.standard_xrefs, hybrid.xrefs_in_objstm, hybrid.freed)
    return Original(document, frozenset(numbers), frozenset(field_names))


def judge_objects(
    original: Original, objects: dict[Ref, Value], byte_range: tuple[int, int, int, int], room: int
) -> SignatureField:
    """Return the field that the increment's objects add, after checking that they do nothing else.

    Raises:
        IncrementNotAllowed: an object is missing, unexpected, or not exactly as it must be.
    """
    new = {ref: value for ref, value in objects.items() if ref.number not in original.numbers}
    if any(ref.generation for ref in new):
        raise IncrementNotAllowed("new object with a generation")
    if waited_for := {ref.number for ref in new} & numbers_referred_to(original.document.exact.parts()):
        raise IncrementNotAllowed(f"the document refers to object {min(waited_for)} before it is there")
    signature = _only(new, "/Type", "/Sig")
    field = _only(new, "/FT", "/Sig")
    added = _check_field(original, new, field, signature)
    claims = _check_signature(new[signature], byte_range, room)
    expected = _expected(original, new, field, added.page)
    if claims.certifies:
        _expect_permissions(original, expected, signature)
    for ref, value in _stamp(new, added, claims).items():
        expected.setdefault(ref, value)
    if rest := objects.keys() - expected.keys() - {field, signature}:
        raise IncrementNotAllowed(f"object {min(rest).number} has no business here")
    for ref, value in expected.items():
        if ref not in objects or not equal(objects[ref], value):
            raise IncrementNotAllowed(f"object {ref.number} is not the original with its one insertion")
    return SignatureField(field, signature, added.page, added.rect, byte_range, claims)


def _only(new: dict[Ref, Value], key: str, name: str) -> Ref:
    found = [ref for ref, value in new.items() if isinstance(value, dict) and value.get(key) == Name(name)]
    if len(found) != 1:
        raise IncrementNotAllowed(f"{len(found)} new objects with {key} {name}")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Added:
    page: Ref
    rect: tuple[int, int, int, int] | None
    appearance: Ref | None


def _check_field(original: Original, new: dict[Ref, Value], field: Ref, signature: Ref) -> _Added:
    """Check the field, which is its own widget: a free name of ours, a page of the document, a place from the list."""
    value = new[field]
    if not isinstance(value, dict):
        raise IncrementNotAllowed("field")
    name, page = value.get("/T"), value.get("/P")
    if not isinstance(name, bytes) or not _FIELD_NAME.fullmatch(name) or name.decode() in original.field_names:
        raise IncrementNotAllowed("field name")
    if not isinstance(page, Ref):
        raise IncrementNotAllowed("field without a page")
    node = _check_page(original, page)
    rect, form = _place(node, value)
    expected: dict[str, Value] = {
        "/FT": Name("/Sig"),
        "/Type": Name("/Annot"),
        "/Subtype": Name("/Widget"),
        "/F": _FLAGS,
        "/T": name,
        "/P": page,
        "/V": signature,
        "/Rect": [*rect] if rect else [0, 0, 0, 0],
    }
    if form is not None:
        expected["/AP"] = {"/N": form}
    if not equal(value, expected):
        raise IncrementNotAllowed("field is not as it must be")
    return _Added(page, rect, form)


def _place(page: Any, field: dict[str, Value]) -> tuple[tuple[int, int, int, int] | None, Ref | None]:
    """Return rectangle and appearance of a visible field: one of the four corners of an upright page."""
    shown = field.get("/AP")
    if shown is None:
        return None, None
    form = shown.get("/N") if isinstance(shown, dict) else None
    if not isinstance(form, Ref):
        raise IncrementNotAllowed("appearance")
    if _inherited(page, "/Rotate") not in (None, 0) or _inherited(page, "/UserUnit") not in (None, 1):
        raise IncrementNotAllowed("a visible signature on a turned or scaled page")
    edges = [float(edge) for edge in items(_inherited(page, "/CropBox") or _inherited(page, "/MediaBox"))]
    box = (min(edges[0], edges[2]), min(edges[1], edges[3]), max(edges[0], edges[2]), max(edges[1], edges[3]))
    for position in Position:
        rect = place(position, box)
        if equal(field.get("/Rect"), [*rect]):
            return rect, form
    raise IncrementNotAllowed("a rectangle that is in no corner")


def _check_page(original: Original, page: Ref) -> Any:
    """Return the page, after checking that the page tree leads to it."""
    node = original.reader.get_object(Reference(page.number, page.generation, original.reader))
    found, ref, here = node, page, node
    for _ in range(60):
        if "/Parent" not in here:
            break
        parent = here.raw_get("/Parent")
        kids = raw_items(entry(here["/Parent"], "/Kids", []))
        if not any(isinstance(kid, IndirectObject) and Ref(kid.idnum, kid.generation) == ref for kid in kids):
            raise IncrementNotAllowed("a page that its parent does not know")
        ref, here = Ref(parent.idnum, parent.generation), here["/Parent"]
    top: Any = original.reader.root.raw_get("/Pages")
    if ref == page or ref != Ref(top.idnum, top.generation) or not isinstance(found, DictionaryObject):
        raise IncrementNotAllowed("not a page of the document")
    return found


def _inherited(page: Any, key: str) -> Any:
    for _ in range(60):
        if key in page:
            return page[key]
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    raise IncrementNotAllowed("page tree too deep")


def _check_signature(value: Value, byte_range: tuple[int, int, int, int], room: int) -> Claims:
    """Check the signature dictionary; return what it claims (EN 319 142-1 §5.3).

    No /Reason, /Location or /ContactInfo: readers show them as the signatory's words, and nobody authorised any. A
    certification may close the document to changes, with the one transform that leaves it open to forms and signatures.
    """
    may = {"/Name", "/Reference"}
    if not isinstance(value, dict) or value.keys() - may != _SIGNATURE.keys() | {"/M", "/ByteRange", "/Contents"}:
        raise IncrementNotAllowed("entries of the signature dictionary")
    if "/Reference" in value and not equal(value["/Reference"], _CERTIFICATION):
        raise IncrementNotAllowed("another transform than a certification's")
    fixed: dict[str, Value] = {**_SIGNATURE, "/ByteRange": [*byte_range], "/Contents": bytes(room // 2 - 1)}
    if not all(equal(value[key], wanted) for key, wanted in fixed.items()):
        raise IncrementNotAllowed("signature dictionary is not as it must be")
    name = _name(value["/Name"]) if "/Name" in value else ""
    return Claims(name, _time(value["/M"]), "/Reference" in value)


def _time(value: Value) -> datetime:
    found = _TIME.fullmatch(value) if isinstance(value, bytes) else None
    if found is None:
        raise IncrementNotAllowed("time")
    try:
        return datetime.strptime(found[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise IncrementNotAllowed("time") from None


def _name(value: Value) -> str:
    """Return the name that the signature claims: nothing but what a name is made of (ISO 32000-2 §7.9.2.2)."""
    if not isinstance(value, bytes):
        raise IncrementNotAllowed("text")
    try:
        text = value[2:].decode("utf-16-be") if value.startswith(b"\xfe\xff") else value.decode("ascii")
    except UnicodeDecodeError:
        text = value.decode("latin-1")  # PDFDocEncoding differs from it in signs only; judged below all the same
    try:
        check_name(text)
    except DomainError as error:
        raise IncrementNotAllowed(f"name: {error.detail}") from error
    return text


def _expected(original: Original, new: dict[Ref, Value], field: Ref, page: Ref) -> dict[Ref, Value]:
    """Return every object that must be re-issued (or, for a new form, made), as it must be."""
    root = original.reader.root_ref
    expected: dict[Ref, Value] = {}
    _expect_annotation(original, expected, field, page)
    _expect_form(original, new, expected, Ref(root.idnum, root.generation), field)
    return expected


def _put(expected: dict[Ref, Value], ref: Ref, value: Value) -> None:
    if ref in expected:
        raise IncrementNotAllowed("one object in two roles")
    expected[ref] = value


def _appended(
    original: Original, expected: dict[Ref, Value], owner: dict[str, Value], key: str, field: Ref
) -> list[Value] | None:
    """Return the owner's direct list with the field at its end, or expect that of a list of its own."""
    listed = owner.get(key)
    if isinstance(listed, Ref):
        _put(expected, listed, [*original.document.exact.members(listed, key), field])
        return None
    if listed is not None and not isinstance(listed, list):
        raise IncrementNotAllowed("list is none")
    return [*(listed or []), field]


def _expect_annotation(original: Original, expected: dict[Ref, Value], field: Ref, page: Ref) -> None:
    value = original.value(page)
    if not isinstance(value, dict):
        raise IncrementNotAllowed("page")
    annotations = _appended(original, expected, value, "/Annots", field)
    if annotations is not None:
        _put(expected, page, {**value, "/Annots": annotations})


def _expect_form(original: Original, new: dict[Ref, Value], expected: dict[Ref, Value], root: Ref, field: Ref) -> None:
    catalog = original.value(root)
    if not isinstance(catalog, dict):
        raise IncrementNotAllowed("catalog")
    where = catalog.get("/AcroForm")
    if where is None:
        made = _new_form(new, field)
        _put(expected, made, {"/Fields": [field], "/SigFlags": 3})
        _put(expected, root, {**catalog, "/AcroForm": made})
        return
    form = original.value(where) if isinstance(where, Ref) else where
    if not isinstance(form, dict):
        raise IncrementNotAllowed("form")
    changed: dict[str, Value] = {**form, "/SigFlags": 3}
    fields = _appended(original, expected, form, "/Fields", field)
    if fields is not None:
        changed["/Fields"] = fields
    if not equal(changed, form):
        _put(expected, *((where, changed) if isinstance(where, Ref) else (root, {**catalog, "/AcroForm": changed})))


def _expect_permissions(original: Original, expected: dict[Ref, Value], signature: Ref) -> None:
    """Expect the catalog to name the certification (ISO 32000-2 §12.8.6), which is the document's first permission."""
    root = Ref(original.reader.root_ref.idnum, original.reader.root_ref.generation)
    catalog = expected.get(root, original.value(root))
    if not isinstance(catalog, dict) or "/Perms" in catalog:
        raise IncrementNotAllowed("a certification of a document that has permissions")
    expected[root] = {**catalog, "/Perms": {"/DocMDP": signature}}


def _new_form(new: dict[Ref, Value], field: Ref) -> Ref:
    found = [ref for ref, value in new.items() if isinstance(value, dict) and value.get("/Fields") == [field]]
    if len(found) != 1:
        raise IncrementNotAllowed("form")
    return found[0]


def _stamp(new: dict[Ref, Value], added: _Added, claims: Claims) -> dict[Ref, Value]:
    """Return the appearance's objects, after drawing the same appearance again and comparing."""
    if added.appearance is None:
        return {}
    drawn: list[Value] = []

    def register(obj: Any) -> Any:
        drawn.append(plain(obj))
        return IndirectObject(len(drawn), 0, None)

    try:
        top: Any = appearance(claims.name, claims.at, register)
    except DomainError as error:
        raise IncrementNotAllowed(f"appearance: {error.detail}") from error
    pairs: dict[Ref, Ref] = {}
    _match(new, drawn, Ref(top.idnum, 0), added.appearance, pairs)
    return {actual: new[actual] for actual in pairs.values()}


def _match(new: dict[Ref, Value], drawn: list[Value], ours: Ref, theirs: Ref, pairs: dict[Ref, Ref]) -> None:
    """Walk both drawings together."""
    if ours in pairs:
        if pairs[ours] != theirs:
            raise IncrementNotAllowed("appearance")
        return
    if theirs not in new or theirs in pairs.values():
        raise IncrementNotAllowed("appearance")
    pairs[ours] = theirs
    _match_value(new, drawn, drawn[ours.number - 1], new[theirs], pairs)


def _match_value(new: dict[Ref, Value], drawn: list[Value], ours: Value, theirs: Value, pairs: dict[Ref, Ref]) -> None:
    if isinstance(ours, Ref) and isinstance(theirs, Ref):
        _match(new, drawn, ours, theirs, pairs)
    elif isinstance(ours, Stream) and isinstance(theirs, Stream):
        if ours.decoded(_MAX_STREAM) != theirs.decoded(_MAX_STREAM):
            raise IncrementNotAllowed("appearance")
        _match_value(new, drawn, ours.entries(), theirs.entries(), pairs)
    elif isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for key in ours:
            _match_value(new, drawn, ours[key], theirs[key], pairs)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            _match_value(new, drawn, one, other, pairs)
    elif not equal(ours, theirs):
        raise IncrementNotAllowed("appearance")
