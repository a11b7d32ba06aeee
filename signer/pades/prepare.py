"""The increment that gives a document a signature field with an empty signature in it.

`original + before + room + after` is the file; the signature covers all of it but the room. The original stays in
front, byte for byte. `preflight` judges what is written here against a grammar of its own, so a change on this side
needs the same change there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NumberObject, PdfObject
from pyhanko.sign.fields import SigSeedSubFilter, prepare_sig_field
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PdfSignedData, SignatureObject

from signer.pades.errors import CannotCertify, CannotPrepare, cannot_prepare
from signer.pades.options import Appearance, SignatureOptions
from signer.pades.writer import IncrementWriter
from stamp.appearance import NoPlace, appearance, place

_FIELD_NAME: Final = "Paraph"
_TIME_STAMP_NAME: Final = "ParaphTime"
_MAX_FIELDS: Final = 10_000
_FORMS_AND_SIGNATURES: Final = 2  # /P of DocMDP, ISO 32000-2 table 257
_SIGNED_APPEND_ONLY: Final = 3  # SigFlags, ISO 32000-2 table 225


@dataclass(frozen=True, slots=True)
class PreparedIncrement:
    """What is appended to a document: two parts around the room (`room` bytes, '<' and '>' included)."""

    before: bytes
    room: int
    after: bytes


def prepare(original: bytes, options: SignatureOptions, *, strict: bool = True) -> PreparedIncrement:
    """Return the increment with a new signature field.

    With `strict` a document that only tolerant reading opens is refused; whoever verifies the result needs the same.

    Raises:
        CannotPrepare: the document cannot be read, or has no place for a signature.
        CannotCertify: a certification is asked for, and the document is closed by somebody already.
        OptionNotAllowed: an option out of its bounds.
    """
    with cannot_prepare():
        writer = IncrementWriter(original, strict=strict, label=options.claimed_time.isoformat().encode())
        signature, visible = _signature(options), options.appearance
        field = _add_field(writer, _FIELD_NAME, signature, visible)
        if visible:
            form = appearance(visible.signatory, options.claimed_time, writer.add_object)
            field[NameObject("/AP")] = DictionaryObject({NameObject("/N"): form})
        if options.certifies:
            _certify(writer, signature, field.raw_get("/V"))
        return _cut(writer, signature)


def prepare_time_stamp(document: bytes, room: int, *, strict: bool = True) -> PreparedIncrement:
    """Return the increment with a document time-stamp over all that is there. Source: EN 319 142-1 §5.5.

    Raises:
        CannotPrepare: the document cannot be read.
    """
    with cannot_prepare():
        writer = IncrementWriter(document, strict=strict, label=b"time-stamp")
        time_stamp = DocumentTimestamp(bytes_reserved=room - 2)
        _add_field(writer, _TIME_STAMP_NAME, time_stamp, None)
        return _cut(writer, time_stamp)


def _add_field(
    writer: IncrementWriter, kind: str, signature: PdfSignedData, visible: Appearance | None
) -> DictionaryObject:
    """Add a field with a signature in it; return the field."""
    page = writer.find_page_for_modification(visible.page if visible else 0)[0]  # type: ignore[no-untyped-call]  # pyHanko's own
    box = _box(page.get_object(), visible) if visible else None
    name = _free_name(writer, kind)
    _created, field = prepare_sig_field(name, writer.root, writer, include_on_page=page, box=box)
    _set_flags(writer)
    found: DictionaryObject = field.get_object()
    found[NameObject("/V")] = writer.add_object(signature)
    return found


def _signature(options: SignatureOptions) -> SignatureObject:
    """Return the signature dictionary of PAdES (EN 319 142-1 §5.3): /M claims the time, no /Cert."""
    name = options.appearance.signatory if options.appearance else options.name
    return SignatureObject(
        timestamp=options.claimed_time,
        subfilter=SigSeedSubFilter.PADES,
        name=name,
        location=options.location,
        reason=options.reason,
        contact_info=options.contact,
        bytes_reserved=options.room - 2,
    )


def _certify(writer: IncrementWriter, signature: SignatureObject, reference: IndirectObject) -> None:
    """Make it a certification signature: later, forms may be filled in and signatures added (ISO 32000-2 §12.8.2.2)."""
    parameters = _dictionary(
        {
            "/Type": NameObject("/TransformParams"),
            "/P": NumberObject(_FORMS_AND_SIGNATURES),
            "/V": NameObject("/1.2"),
        }
    )
    method = _dictionary(
        {
            "/Type": NameObject("/SigRef"),
            "/TransformMethod": NameObject("/DocMDP"),
            "/TransformParams": parameters,
        }
    )
    signature[NameObject("/Reference")] = ArrayObject([method])
    if "/Perms" in writer.root:
        raise CannotCertify("the document has permissions already")
    writer.root[NameObject("/Perms")] = _dictionary({"/DocMDP": reference})
    writer.update_root()  # type: ignore[no-untyped-call]  # pyHanko's own


def _dictionary(entries: Mapping[str, PdfObject]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})


def _set_flags(writer: IncrementWriter) -> None:
    """Mark the form as signed and append-only.

    Unlike pyHanko's own function this leaves /NeedAppearances alone: without it a form looks different. Where values
    depend on it, `preflight` refuses the document.
    """
    form = writer.root["/AcroForm"]
    if "/SigFlags" not in form or form["/SigFlags"] != _SIGNED_APPEND_ONLY:
        form["/SigFlags"] = NumberObject(_SIGNED_APPEND_ONLY)
        writer.update_container(form)


def _cut(writer: IncrementWriter, signature: PdfSignedData) -> PreparedIncrement:
    """Write the increment, fill in /ByteRange, and cut it at the room."""
    output = writer.write_increment()
    start, end = signature.contents.offsets
    signature.byte_range.fill_offsets(output, start, end, output.tell())
    data = output.getvalue()
    return PreparedIncrement(data[: start - output.start], end - start, data[end - output.start :])


def _free_name(writer: IncrementWriter, kind: str) -> str:
    """Return a field name of ours that no other field has."""
    taken = set(_top_names(writer.root))
    number = 1
    while f"{kind}{number}" in taken:
        number += 1
    return f"{kind}{number}"


def _top_names(root: Any) -> list[str]:
    form = root["/AcroForm"] if "/AcroForm" in root else {}  # noqa: SIM401  # pyHanko's get does not follow references
    fields = form["/Fields"] if "/Fields" in form else []  # noqa: SIM401  # as above
    if len(fields) > _MAX_FIELDS:
        raise CannotPrepare(f"{len(fields)} fields")
    return [str(fields[at]["/T"]) for at in range(len(fields)) if "/T" in fields[at]]


def _box(page: Any, visible: Appearance) -> tuple[int, int, int, int]:
    """Return the rectangle on an upright page, within its crop box."""
    if _inherited(page, "/Rotate") not in (None, 0) or _inherited(page, "/UserUnit") not in (None, 1):
        raise NoPlace("the page is turned or scaled")
    edges = _inherited(page, "/CropBox") or _inherited(page, "/MediaBox")
    if edges is None:
        raise NoPlace("the page has no size")
    x1, y1, x2, y2 = (float(edge) for edge in edges)
    return place(visible.position, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))


def _inherited(page: Any, key: str) -> Any:
    """Return an inheritable attribute of a page (ISO 32000-2 §7.7.3.4)."""
    for _ in range(100):
        if key in page:
            return page[key]
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    raise CannotPrepare("page tree too deep")
