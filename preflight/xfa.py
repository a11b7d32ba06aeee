"""What an XFA form may hold: no pages made while it is read, no programs (attack H2).

The form is XML, cut into packets anywhere, in any encoding and spelling that XML knows. So it is parsed, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.parsers import expat

from preflight.protocol import DocumentRefused

_LARGEST: Final = 20_000_000  # bytes
_PROGRAM: Final = frozenset({"script"})


def check_xfa(packets: Sequence[bytes]) -> None:
    """Check the packets of a form.

    Raises:
        DocumentRefused: its pages are made while it is read, it has programs, or it cannot be read.
    """
    if sum(map(len, packets)) > _LARGEST:
        raise DocumentRefused("too-heavy", "XFA")
    try:
        _read(b"".join(packets))
    except expat.ExpatError:  # packets without the two that hold them together: each a document of its own
        try:
            for packet in packets:
                _read(packet)
        except expat.ExpatError as error:
            raise DocumentRefused("xfa-dynamic", f"not XML: {error}") from error


def _read(xml: bytes) -> None:
    path: list[str] = []
    words: list[str] = []

    def begin(name: str, _attributes: dict[str, str]) -> None:
        path.append(name.rpartition(" ")[2])
        words.clear()
        if path[-1] in _PROGRAM:
            raise DocumentRefused("active-content", "XFA script")

    def end(_name: str) -> None:
        if path.pop() == "dynamicRender" and "".join(words).strip() == "required":
            raise DocumentRefused("xfa-dynamic")

    def declare(*_declaration: object) -> None:
        raise DocumentRefused("xfa-dynamic", "a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = words.append
    parser.StartDoctypeDeclHandler = declare
    parser.Parse(xml, True)  # noqa: FBT003  # the last piece
