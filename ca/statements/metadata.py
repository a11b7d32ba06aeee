"""What a statement says of itself in XMP: title, author, day, and that it is PDF/A-2u (ISO 19005-2 §6.6).

The library would write the time at which it ran; then no two runs would give the same document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from lxml import etree

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC: Final = "http://purl.org/dc/elements/1.1/"
_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_PDFA: Final = "http://www.aiim.org/pdfa/ns/id/"
_META: Final = "adobe:ns:meta/"
_NAMESPACES: Final = {"x": _META, "rdf": _RDF, "dc": _DC, "xmp": _XMP, "pdfaid": _PDFA}
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def xmp(title: str, author: str, made_at: datetime) -> str:
    """Return the metadata of a statement, without the packet around it."""
    root = etree.Element(f"{{{_META}}}xmpmeta", nsmap=_NAMESPACES)
    about = etree.SubElement(etree.SubElement(root, f"{{{_RDF}}}RDF"), f"{{{_RDF}}}Description")
    about.set(f"{{{_RDF}}}about", "")
    for namespace, name, text in (
        (_PDFA, "part", "2"),
        (_PDFA, "conformance", "U"),
        (_XMP, "CreateDate", made_at.isoformat()),
        (_XMP, "ModifyDate", made_at.isoformat()),
    ):
        etree.SubElement(about, f"{{{namespace}}}{name}").text = text
    for name, kind, text in (("title", "Alt", title), ("creator", "Seq", author)):
        listed = etree.SubElement(etree.SubElement(about, f"{{{_DC}}}{name}"), f"{{{_RDF}}}{kind}")
        item = etree.SubElement(listed, f"{{{_RDF}}}li")
        item.text = text
        if kind == "Alt":
            item.set(_LANGUAGE, "x-default")
    written: str = etree.tostring(root, encoding="unicode")
    return written
