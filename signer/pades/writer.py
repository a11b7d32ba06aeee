"""pyHanko's incremental writer, held to what signatures need.

An increment changes nothing but what carries the signature field, or the data that signatures are validated with. So,
other than the stock writer:
- document information and XMP metadata stay untouched (a malformed XMP packet would be parsed, an intact one rewritten);
- neither /Version nor /Extensions is written for a signature;
- re-issued objects carry the strings and numbers of the original, byte for byte and digit for digit;
- only the appended bytes are written, at the offsets they will have behind the original.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from io import BytesIO
from typing import IO, Any, Final

from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from preflight.references import numbers_referred_to, object_streams
from signer.pades.errors import CannotPrepare

_ROOM: Final = 32  # numbers: more than the objects of an increment
_PLACES_TRIED: Final = 20


class IncrementWriter(IncrementalPdfFileWriter):
    """Writes one increment over `original`. `label` makes the new half of /ID differ."""

    def __init__(self, original: bytes, *, strict: bool, label: bytes) -> None:
        reader = PdfFileReader(BytesIO(original), strict=strict)
        if strict and reader.xrefs.hybrid_xrefs_present:
            raise CannotPrepare("hybrid cross-references need tolerant reading")
        info = reader.trailer.raw_get("/Info") if "/Info" in reader.trailer else None
        super().__init__(reader.stream, prev=reader)
        if info is not None and not isinstance(info, IndirectObject):
            self.objects.clear()  # pyHanko made an object of a direct /Info; the trailer keeps it as it was
            del self.trailer["/Info"]
        self._original_length = len(original)
        self._ends_with_newline = original.endswith((b"\n", b"\r"))
        self._document_id = _document_id(reader, original, label)
        self._open()
        self._lastobj_id = _last_taken_number(reader, original)

    def _open(self) -> None:
        """Unlock a document that needs no password."""
        if not self.prev.encrypted:
            return
        if self.encrypt(b"").status is AuthStatus.FAILED:  # type: ignore[no-untyped-call]  # pyHanko's own
            raise CannotPrepare("a password is needed")
        handler = self.prev.security_handler
        if handler is not None and handler.pdf_mac_enabled:
            raise CannotPrepare("integrity-protected encryption")

    def write_increment(self) -> OffsetBuffer:
        """Return the appended bytes, in a buffer whose positions count from the start of the original."""
        for key, obj in self.objects.items():
            self.objects[key] = _faithful(obj)
        output = OffsetBuffer(self._original_length)
        if not self._ends_with_newline:
            output.write(b"\n")
        self._write(output, skip_header=True)
        return output

    def ensure_output_version(self, version: Any) -> None:
        """Leave the version alone."""

    def _update_meta(self) -> None:
        pass

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> ArrayObject:  # noqa: ARG003  # pyHanko's hook; /ID is made in __init__
        return ArrayObject()

    def _populate_trailer(self, trailer: DictionaryObject) -> None:
        trailer.update(_faithful(self.trailer.flatten()))
        trailer[NameObject("/ID")] = self._document_id
        trailer[NameObject("/Prev")] = NumberObject(self.prev.last_startxref)


class OffsetBuffer(BytesIO):
    """The bytes behind a file of `start` bytes: `tell()` and `seek()` count from the start of the file."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start

    def tell(self) -> int:
        """Return the position in the whole file."""
        return super().tell() + self.start

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position in the whole file."""
        return super().seek(offset - self.start if whence == 0 else offset, whence) + self.start


def _last_taken_number(reader: PdfFileReader, original: bytes) -> int:
    """Return the number after which new objects go: behind it is room that nothing in the document refers to.

    Whoever wrote the document may have referred to numbers that no object has (attack H1); `preflight` refuses an
    increment that takes one.
    """
    highest = _highest_number(reader)
    waited_for = numbers_referred_to((original, *object_streams(reader)))
    for start in range(highest, highest + _ROOM * _PLACES_TRIED, _ROOM):
        if waited_for.isdisjoint(range(start + 1, start + 1 + _ROOM)):
            return start
    raise CannotPrepare("the document refers to too many objects that it does not have")


def _highest_number(reader: PdfFileReader) -> int:
    """Return the highest object number in use or declared, so that no new object replaces one (a wrong /Size would)."""
    highest = int(reader.trailer["/Size"])
    for revision in range(reader.xrefs.total_revisions):
        data = reader.xrefs.get_xref_data(revision)
        numbers = [*data.standard_xrefs, *data.xrefs_in_objstm, *data.freed]
        if data.hybrid is not None:
            numbers += [*data.hybrid.xref_data.standard_xrefs, *data.hybrid.xref_data.xrefs_in_objstm]
        highest = max(highest, max(numbers, default=0))
    return highest


def _document_id(reader: PdfFileReader, original: bytes, label: bytes) -> ArrayObject:
    """Return /ID: the first half stays, the second tells this revision from others (ISO 32000-2 §14.4)."""
    new = hashlib.blake2b(original[-4096:] + len(original).to_bytes(8, "big") + label, digest_size=16).digest()
    try:
        first = reader.trailer["/ID"][0]
    except KeyError:
        return ArrayObject([ByteStringObject(new), ByteStringObject(new)])
    return ArrayObject([ByteStringObject(first.original_bytes), ByteStringObject(new)])


def _faithful(obj: PdfObject) -> Any:
    """Return the object with strings and numbers that are written exactly as they were read."""
    if isinstance(obj, StreamObject):
        return obj  # our own; a re-issued object is never a stream
    if type(obj) is DictionaryObject:
        return _same_container(obj, DictionaryObject({key: _faithful(obj.raw_get(key)) for key in obj}))
    if type(obj) is ArrayObject:
        return _same_container(obj, ArrayObject(_faithful(obj.raw_get(at)) for at in range(len(obj))))
    if isinstance(obj, TextStringObject) and obj.autodetected_encoding is not None:
        return ByteStringObject(obj.original_bytes)
    if isinstance(obj, FloatObject):
        return _PlainFloat(obj)  # type: ignore[no-untyped-call]  # pyHanko's constructor
    return obj


def _same_container(old: PdfObject, new: PdfObject) -> PdfObject:
    new.container_ref = old.container_ref
    return new


class _PlainFloat(FloatObject):
    """A real number, written without an exponent, which PDF does not know."""

    def write_to_stream(self, stream: IO[bytes], handler: Any = None, container_ref: Any = None) -> None:  # noqa: ARG002  # a number is never encrypted
        stream.write(format(Decimal(self), "f").encode("ascii"))
