"""Where the signed part of a file ends: the one new signature's own revision. What comes behind it is judged apart."""

from __future__ import annotations

from typing import Any, Final

from portal.verification.failures import ByteRangeWrong, OtherDocument, SeveralSignatures, SignatureMissing
from portal.verification.reading import read, understood

_END: Final = b"%%EOF"


def signed_revision(original: bytes, content: bytes) -> bytes:
    """Return the file up to the end of the revision that its one new signature closes.

    Raises:
        DocumentWrong: it is another document, or cannot be read.
        SignatureWrong: no signature was added, several, or one that does not cover a whole revision.
    """
    if not content.startswith(original):
        raise OtherDocument
    if len(content) == len(original):
        raise SignatureMissing
    with understood():
        before, strict = read(original)
        after, _ = read(content, strict=strict)
        known = {each.field_name for each in before.embedded_signatures}
        new = [each for each in after.embedded_signatures if each.field_name not in known]
        signatures = [each for each in new if each.sig_object_type != "/DocTimeStamp"]
        if not signatures:
            raise SignatureMissing
        if len(signatures) > 1:
            raise SeveralSignatures
        end = _end(signatures[0].sig_object)
    if not len(original) < end <= len(content) or not content[:end].rstrip(b"\r\n").endswith(_END):
        raise ByteRangeWrong(f"{end} is not the end of a revision")
    return content[:end]


def _end(signature: Any) -> int:
    ranges = signature.raw_get("/ByteRange") if "/ByteRange" in signature else None
    if not isinstance(ranges, list) or len(ranges) != 4 or not all(isinstance(each, int) for each in ranges):
        raise ByteRangeWrong("/ByteRange is not four numbers")
    return int(ranges[2]) + int(ranges[3])
