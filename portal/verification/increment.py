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

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.errors import SignatureValidationError

from portal.verification.expectation import Expectation, without_marks
from portal.verification.failures import (
    DocumentChanged,
    LevelWrong,
    NotUnderstood,
    OtherDocument,
    SeveralSignatures,
    SignatureMissing,
    SignatureVisible,
    VerificationFailed,
)
from portal.verification.objects import canonical, referred_to

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
    """Return the one signature that `signed` adds to `original`.

    Raises:
        DocumentWrong: it is another document, or more was added.
        SignatureWrong: no signature was added, several, or one of another kind.
    """
    if not signed.startswith(original):
        raise OtherDocument
    if len(signed) == len(original):
        raise SignatureMissing
    with _understood():
        before, strict = _read(original)
        after = PdfFileReader(BytesIO(signed), strict=strict)
        signature = _new_signature(before, after)
        _check_trailer(before, after)
        _check_objects(original, before, after, signature.sig_field)
        _check_field(signature.sig_field)
        return _dictionary(signature.sig_object)


def _read(original: bytes) -> tuple[PdfFileReader, bool]:
    """Return the original, and whether strict reading opened it; if not, the signed file is read as tolerantly."""
    try:
        return PdfFileReader(BytesIO(original), strict=True), True
    except PdfError:
        return PdfFileReader(BytesIO(original), strict=False), False


def _new_signature(before: PdfFileReader, after: PdfFileReader) -> Any:
    known = {each.field_name for each in before.embedded_signatures}
    new = [each for each in after.embedded_signatures if each.field_name not in known]
    if not new:
        raise SignatureMissing
    if len(new) > 1:
        raise SeveralSignatures
    return new[0]


def _check_trailer(before: PdfFileReader, after: PdfFileReader) -> None:
    if after.xrefs.total_revisions != before.xrefs.total_revisions + 1:
        raise DocumentChanged("not exactly one increment")
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


def _dictionary(signature: Any) -> AddedSignature:
    if signature.get("/Type", "/Sig") != "/Sig" or signature.get("/SubFilter") != "/ETSI.CAdES.detached":
        raise LevelWrong(str(signature.get("/SubFilter")))
    if "/Reference" in signature:  # DocMDP, FieldMDP: would forbid what comes later, and was not asked for
        raise LevelWrong("a certification signature")
    time = signature.get("/M")
    ranges, contents = (signature.raw_get(name) if name in signature else None for name in ("/ByteRange", "/Contents"))
    return AddedSignature(ranges, contents, None if time is None else str(time))


@contextmanager
def _understood() -> Iterator[None]:
    """Turn whatever a hostile file does to the reader into one refusal."""
    try:
        yield
    except VerificationFailed:
        raise
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise NotUnderstood(f"{type(error).__name__}: {error}"[:300]) from error
    except (RecursionError, AssertionError, ArithmeticError, NotImplementedError) as error:
        raise NotUnderstood(type(error).__name__) from error
