"""Signed files as they are found again: what archiving and renewing go on from. Source: EN 319 142-1 §5.4, §5.5."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from asn1crypto import parser
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from core.algorithms import HashAlgorithm
from core.errors import DomainError
from signer.pades.errors import cannot_prepare

_TOKEN: Final = "signature_time_stamp_token"  # noqa: S105  # an attribute's name: RFC 3161 appendix A


class NotArchived(DomainError):
    """A file without a document time-stamp over all that is in it: not of level B-LTA."""


class NotStamped(DomainError):
    """A file whose newest signature has no time-stamp, or that is archived already: not of level B-T or B-LT."""


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
        return ArchivedDocument(content, _without_room(newest.pkcs7_content), running.digest(), strict)


@dataclass(frozen=True, slots=True)
class StampedDocument:
    """A file, and the newest signature in it, which has a time-stamp."""

    content: bytes
    cms: bytes
    token: bytes
    has_data: bool  # validation data behind it: level B-LT
    strict: bool  # whether strict reading opens the file


def stamped_document(content: bytes) -> StampedDocument:
    """Return a file of level B-T or B-LT with its newest signature.

    Raises:
        NotStamped: it is of another level.
        CannotPrepare: the file cannot be read.
    """
    with cannot_prepare():
        reader, strict = _read(content)
        newest = reader.embedded_signatures[-1] if reader.embedded_signatures else None
        if newest is None or newest.sig_object_type == "/DocTimeStamp":
            raise NotStamped("no signature, or archived already")
        tokens = [
            each["values"][0].dump() for each in newest.signer_info["unsigned_attrs"] if each["type"].native == _TOKEN
        ]
        if not tokens:
            raise NotStamped("no time-stamp on the signature")
        return StampedDocument(content, _without_room(newest.pkcs7_content), tokens[0], "/DSS" in reader.root, strict)


def _without_room(content: bytes) -> bytes:
    """Return a CMS or token without the zeros that fill its room."""
    return content[: parser.peek(content)]


def _read(content: bytes) -> tuple[PdfFileReader, bool]:
    try:
        return PdfFileReader(BytesIO(content), strict=True), True
    except PdfError:
        return PdfFileReader(BytesIO(content), strict=False), False
