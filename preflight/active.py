"""What in a document could act: programs, actions that reach outside, players, content that lies elsewhere (attack H2).

Two steps. A search over the bytes (and the object streams, decompressed) for the names such things need: most documents
have none and are done. Where one is found, or names are written with escapes, or the file is encrypted, a walk over
everything that can be reached decides: a word in a text or in a picture's bytes harms nobody.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from preflight.protocol import DocumentRefused
from preflight.reading import OpenDocument
from preflight.references import object_streams

_MAX_OBJECTS: Final = 200_000
_ACTIONS: Final = frozenset(
    {
        "/ECMAScript",
        "/GoTo3DView",
        "/GoToE",
        "/GoToR",
        "/Hide",
        "/ImportData",
        "/JavaScript",
        "/Launch",
        "/Movie",
        "/Rendition",
        "/RichMediaExecute",
        "/SetOCGState",
        "/Sound",
        "/SubmitForm",
    }
)
_PLAYERS: Final = frozenset({"/Movie", "/Sound", "/Screen", "/RichMedia", "/3D"})
_END: Final = rb"(?![^\x00\s()<>\[\]{}/%])"  # a name ends here: white space (NUL is some), a delimiter or a comment
_WORDS: Final = re.compile(
    rb"/(?:JS" + _END + rb"|JavaScript|Launch|GoTo[RE3]|SubmitForm|ImportData|Rendition|Movie|Sound|Screen|SetOCGState"
    rb"|Hide" + _END + rb"|RichMedia|3D" + _END + rb"|ECMAScript|FFilter"
    rb"|F[\x00\s]*[(<%]|F[\x00\s]+\d+(?:%|[\x00\s]+(?:%|\d+(?:%|[\x00\s]+[R%]))))"
)
_ESCAPED: Final = re.compile(rb"/[^\x00\s()<>\[\]{}/%]*#[0-9A-Fa-f]{2}[^\x00\s()<>\[\]{}/%]*")
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


def check_active_content(document: OpenDocument) -> None:
    """Refuse a document that could show something else than its pages, or fetches a part from elsewhere.

    Raises:
        DocumentRefused: it could; or it is too large to be sure.
    """
    if (
        document.reader.encrypted
        or _suspicious(document.data)
        or any(map(_suspicious, object_streams(document.reader)))
    ):
        _walk(document)


def _suspicious(data: bytes) -> bool:
    """Return whether one of the words is there, also when letters of it are written as #xx."""
    if _WORDS.search(data):
        return True
    names = (found[0] for found in _ESCAPED.finditer(data))
    return any(_WORDS.match(_ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), name) + b"(") for name in names)


def _walk(document: OpenDocument) -> None:
    seen: set[tuple[int, int]] = set()
    waiting: list[Any] = [document.reader.trailer.flatten()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, IndirectObject):
            key = (value.idnum, value.generation)
            if key in seen:
                continue
            seen.add(key)
            if len(seen) > _MAX_OBJECTS:
                raise DocumentRefused("too-heavy", "objects")
            value = value.get_object()
        if isinstance(value, DictionaryObject):
            _check(value)
            waiting += [value.raw_get(key) for key in value if not (key == "/Contents" and "/ByteRange" in value)]
        elif isinstance(value, ArrayObject):
            waiting += [value.raw_get(at) for at in range(len(value))]


def _check(value: Any) -> None:
    if "/JS" in value or _name(value, "/S") in _ACTIONS:
        raise DocumentRefused("active-content", _name(value, "/S"))
    if _name(value, "/Subtype") in _PLAYERS and ("/Rect" in value or _name(value, "/Type") == "/Annot"):
        raise DocumentRefused("active-content", str(value["/Subtype"]))
    if isinstance(value, StreamObject) and "/F" in value:
        raise DocumentRefused("external-content")


def _name(value: Any, key: str) -> str:
    found = value.raw_get(key) if key in value else None
    if isinstance(found, IndirectObject):
        found = found.get_object()
    return str(found) if isinstance(found, NameObject) else ""
