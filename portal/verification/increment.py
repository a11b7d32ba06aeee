"""What was added to a document: one increment, one invisible signature, and nothing else (attacks W1, H6, H12).

An increment can replace any object, so "the file begins with what was sent" says little. Here every object that the
increment writes is accounted for:

1. A replaced object may be the catalog, the form, a page or one of their arrays, and differs from before in one thing: the
   new signature field is listed.
2. A new object has a number that nothing in the original refers to, so that the new field is the only way to it.
3. The field is a signature field with an empty rectangle, and no entry that acts.
4. The trailer names the same catalog, the same information and no encryption.

What the original itself holds is not judged: the citizen chose it, and the signing service inspected it before it signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader

from portal.verification.expectation import Expectation, without_marks
from portal.verification.failures import (
    DocumentChanged,
    LevelWrong,
    NotUnderstood,
    SeveralSignatures,
    SignatureMissing,
    SignatureVisible,
)
from portal.verification.objects import canonical, referred_to
from portal.verification.reading import read, understood

_FIELD_ENTRIES: Final = frozenset(
    {"/Type", "/Subtype", "/FT", "/T", "/TU", "/V", "/F", "/Ff", "/P", "/Rect", "/Border", "/BS"}
)


@dataclass(frozen=True, slots=True)
class AddedSignature:
    """The signature dictionary that was added."""

    byte_range: Any
    contents: Any
    claimed_time: str | None  # /M


def added_signature(original: bytes, signed: bytes) -> AddedSignature:
    """Return the one signature that `signed`, which begins with `original`, adds to it.

    Raises:
        DocumentWrong: more was added, or it cannot be read.
        SignatureWrong: no signature was added, several, or one of another kind.
    """
    with understood():
        before, strict = read(original)
        after, _ = read(signed, strict=strict)
        signature = _new_signature(before, after)
        check_trailer(before, after)
        if after.xrefs.total_revisions != before.xrefs.total_revisions + 1:
            raise DocumentChanged("not exactly one increment")
        check_added_field(original, before, after, signature.sig_field)
        return _dictionary(signature.sig_object)


def check_added_field(earlier: bytes, before: PdfFileReader, after: PdfFileReader, field: Any) -> None:
    """Check that the last increment of `after` adds this invisible field and nothing else.

    Raises:
        DocumentWrong: it adds more.
    """
    _check_objects(earlier, before, after, field)
    _check_field(field)


def _new_signature(before: PdfFileReader, after: PdfFileReader) -> Any:
    known = {each.field_name for each in before.embedded_signatures}
    new = [each for each in after.embedded_signatures if each.field_name not in known]
    if not new:
        raise SignatureMissing
    if len(new) > 1:
        raise SeveralSignatures
    return new[0]


def check_trailer(before: PdfFileReader, after: PdfFileReader) -> None:
    """Check that catalog and information are the same objects, and nothing is encrypted.

    Raises:
        DocumentWrong: they are not, or something is.
    """
    if before.encrypted or after.encrypted:
        raise NotUnderstood("encrypted")
    for name in ("/Root", "/Info"):
        old, new = (
            canonical(reader.trailer.raw_get(name)) if name in reader.trailer else None for reader in (before, after)
        )
        if old != new:
            raise DocumentChanged(f"trailer {name}")


def _check_objects(original: bytes, before: PdfFileReader, after: PdfFileReader, field: Any) -> None:
    last = after.xrefs.total_revisions - 1
    if after.xrefs.refs_freed_in_revision(last):
        raise DocumentChanged("an object was removed")
    old = after.get_historical_resolver(last - 1)
    expected = Expectation(old, after, field).objects
    new_numbers = []
    for ref in after.xrefs.explicit_refs_in_revision(last):
        if after.xrefs.get_historical_ref(ref, last - 1) is None:
            new_numbers.append(ref.idnum)
        elif without_marks(expected.get(ref.idnum)) != without_marks(canonical(after.get_object(ref))):
            raise DocumentChanged(f"object {ref.idnum}")
    if stray := referred_to(original, before, new_numbers):
        raise DocumentChanged(f"object {stray} was referred to before it was there")


def _check_field(field: Any) -> None:
    left, bottom, right, top = (float(each) for each in field.get("/Rect", (0, 0, 0, 0)))
    if left != right or bottom != top:
        raise SignatureVisible(f"{left} {bottom} {right} {top}")
    if strange := set(field.keys()) - _FIELD_ENTRIES:
        raise DocumentChanged(f"the field has {', '.join(sorted(strange))}")


def time_stamp_dictionary(signature: Any) -> AddedSignature:
    """Return a document time-stamp's dictionary.

    Raises:
        LevelWrong: it is of another kind.
    """
    if signature.get("/Type") != "/DocTimeStamp" or signature.get("/SubFilter") != "/ETSI.RFC3161":
        raise LevelWrong(str(signature.get("/SubFilter")))
    return _entries(signature)


def _dictionary(signature: Any) -> AddedSignature:
    if signature.get("/Type", "/Sig") != "/Sig" or signature.get("/SubFilter") != "/ETSI.CAdES.detached":
        raise LevelWrong(str(signature.get("/SubFilter")))
    if "/Reference" in signature:  # DocMDP, FieldMDP: would forbid what comes later, and was not asked for
        raise LevelWrong("a certification signature")
    return _entries(signature)


def _entries(signature: Any) -> AddedSignature:
    time = signature.get("/M")
    ranges, contents = (signature.raw_get(name) if name in signature else None for name in ("/ByteRange", "/Contents"))
    return AddedSignature(ranges, contents, None if time is None else str(time))
