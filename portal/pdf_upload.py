"""What is wrong with an uploaded file, as far as it shows without opening it.

The portal opens no PDF of unknown origin: whether one can be signed is for the signing service to say.
Found here is what a glance finds, so that a citizen learns of it at once.
"""

from __future__ import annotations

import re
from typing import Final

from portal.errors import PortalError

_HEADER: Final = b"%PDF-"
_END: Final = 1024  # %%EOF stands within the last 1024 bytes (ISO 32000-1, Annex H.3)
_LAST_XREF: Final = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_ENCRYPTED: Final = re.compile(rb"/Encrypt\b")
_HEIC: Final = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")


class UploadRefused(PortalError):
    """A file that cannot be taken."""


class FileEmpty(UploadRefused):
    """No bytes."""


class NotPdf(UploadRefused):
    """Another format, or something before the header (attack H10)."""


class PhotoFormat(NotPdf):
    """An iPhone's picture format."""


class PdfBroken(UploadRefused):
    """The end is missing: the file was cut off."""


class PdfEncrypted(UploadRefused):
    """Protected with a password."""


def check(content: bytes) -> None:
    """Check a file at a glance.

    Raises:
        UploadRefused: the subclass says why.
    """
    if not content:
        raise FileEmpty
    if content[4:12] in _HEIC:
        raise PhotoFormat
    if not content.startswith(_HEADER):
        raise NotPdf
    if b"%%EOF" not in content[-_END:]:
        raise PdfBroken
    if _ENCRYPTED.search(_trailer(content)):
        raise PdfEncrypted


def _trailer(content: bytes) -> bytes:
    """Return the bytes of the file's last trailer, or of the dictionary of its last cross-reference stream."""
    last = None
    for last in _LAST_XREF.finditer(content, max(0, len(content) - 4 * _END)):  # noqa: B007 - the last match is wanted
        pass
    if last is None or int(last[1]) >= len(content):
        return b""
    section = content[int(last[1]) : content.find(b"startxref", int(last[1]))]
    return section.split(b"stream", 1)[0] if b"trailer" not in section else section.split(b"trailer", 1)[1]
