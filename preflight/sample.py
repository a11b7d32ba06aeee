"""A document of one page and an increment over it, by which the zone proves that it can judge."""

from __future__ import annotations

from typing import Final, NamedTuple

_ROOM: Final = 66


class Sample(NamedTuple):
    """What `judge` takes."""

    original: bytes
    before: bytes
    room: int
    after: bytes


def sample() -> Sample:
    """Return a document with an increment that adds a signature field and nothing else."""
    original = _file({1: "<< /Type /Catalog /Pages 2 0 R >>", 2: _PAGES, 3: f"{_PAGE} >>"}, 0, "/Size 4", b"%PDF-1.7\n")
    changed = {
        1: "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>",
        3: f"{_PAGE} /Annots [ 5 0 R ] >>",
        4: "<< /Fields [ 5 0 R ] /SigFlags 3 >>",
        5: "<< /FT /Sig /Type /Annot /Subtype /Widget /F 132 /T (Paraph1) /P 3 0 R /V 6 0 R /Rect [ 0 0 0 0 ] >>",
        6: "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260101000000Z) "
        f"/ByteRange [ {'0' * 10} {'1' * 10} {'2' * 10} {'3' * 10} ] /Contents <{'0' * (_ROOM - 2)}> >>",
    }
    previous = original.rindex(b"xref\n0 ")
    identifier = "/ID [ <30303030303030303030303030303030> <31313131313131313131313131313131> ]"
    increment = _file(changed, len(original), f"/Size 7 /Prev {previous} {identifier}", b"")
    return _cut(original, increment)


_PAGES: Final = "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>"
_PAGE: Final = "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ]"


def _cut(original: bytes, increment: bytes) -> Sample:
    start = increment.index(b"/Contents <") + len(b"/Contents ")
    end = start + _ROOM
    numbers = (0, len(original) + start, len(original) + end, len(increment) - end)
    before = increment[:start]
    for digit, number in zip(b"0123", numbers, strict=True):
        before = before.replace(bytes([digit]) * 10, str(number).rjust(10).encode("ascii"), 1)
    return Sample(original, before, _ROOM, increment[end:])


def _file(objects: dict[int, str], start: int, trailer: str, head: bytes) -> bytes:
    """Return objects, their cross-reference table and a trailer, at offset `start` of a file."""
    data, table = bytearray(head), b"0 1\n0000000000 65535 f \n"
    for number, body in objects.items():
        table += f"{number} 1\n{start + len(data):010} 00000 n \n".encode("ascii")
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    end = f"trailer\n<< /Root 1 0 R {trailer} >>\nstartxref\n{start + len(data)}\n%%EOF\n"
    return bytes(data) + b"xref\n" + table + end.encode("ascii")
