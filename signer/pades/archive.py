"""Signed files as they are found again: what archiving and renewing go on from. Source: EN 319 142-1 §5.4, §5.5."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from asn1crypto import parser
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from core.algorithms import HashAlgorithm
from core.errors import DomainError
from signer.pades.errors import cannot_prepare


class NotArchived(DomainError):
    """A file without a document time-stamp over all that is in it: not of level B-LTA."""


class NotLongTerm(DomainError):
    """A file whose newest signature has no time-stamp, or no validation data behind it: not of level B-LT."""


@dataclass(frozen=True, slots=True)
class ArchivedDocument:
    """A file, its newest document time-stamp, and the digest of what that covers."""

    content: bytes
    token: bytes
    digest: bytes
    strict: bool  # whether strict reading opens the file


def archived_document(content: bytes, algorithm: HashAlgorithm) -> ArchivedDocument:
    """Return a file with its newest document time-stamp, which must cover all of it.

    Raises:
        NotArchived: there is none, or something came after it.
        CannotPrepare: the file cannot be read.
    """
    with cannot_prepare():
        reader, strict = _read(content)
        newest = reader.embedded_signatures[-1] if reader.embedded_signatures else None
        if newest is None or newest.sig_object_type != "/DocTimeStamp":
            raise NotArchived("the newest signature in it is no document time-stamp")
        start, first, second, last = (int(each) for each in newest.byte_range)
        if start != 0 or second + last != len(content):
            raise NotArchived("something was added behind its newest document time-stamp")
        running = algorithm.new(content[:first])
        running.update(content[second:])
        token = newest.pkcs7_content[: parser.peek(newest.pkcs7_content)]  # without the zeros that fill the room
        return ArchivedDocument(content, token, running.digest(), strict)


def long_term_document(content: bytes) -> bool:
    """Check that a file is of level B-LT; return whether strict reading opens it.

    Raises:
        NotLongTerm: it is not, or is more.
        CannotPrepare: the file cannot be read.
    """
    with cannot_prepare():
        reader, strict = _read(content)
        newest = reader.embedded_signatures[-1] if reader.embedded_signatures else None
        if newest is None or newest.sig_object_type == "/DocTimeStamp":
            raise NotLongTerm("no signature, or archived already")
        if not newest.signer_info["unsigned_attrs"] or "/DSS" not in reader.root:
            raise NotLongTerm("no time-stamp on the signature, or no validation data")
        return strict


def _read(content: bytes) -> tuple[PdfFileReader, bool]:
    try:
        return PdfFileReader(BytesIO(content), strict=True), True
    except PdfError:
        return PdfFileReader(BytesIO(content), strict=False), False
