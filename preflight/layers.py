"""Optional content: layers that look different on screen, in print or by reader (attack H3)."""

from __future__ import annotations

from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject

from preflight.protocol import DocumentRefused
from preflight.values import entry, items, raw_items

_BY_READER: Final = frozenset({"/Zoom", "/User", "/Language"})
_STATES: Final = (("/View", "/ViewState"), ("/Print", "/PrintState"), ("/Export", "/ExportState"))


def has_layers(root: Any) -> bool:
    """Return whether a document has layers, after checking that all readers see the same of them.

    Raises:
        DocumentRefused: a layer is shown or hidden by event, zoom, user or language.
    """
    if "/OCProperties" not in root:
        return False
    properties = root["/OCProperties"]
    for config in [entry(properties, "/D", DictionaryObject()), *items(entry(properties, "/Configs", ArrayObject()))]:
        off, events = _members(config, "/OFF"), items(entry(config, "/AS", ArrayObject()))
        if events and entry(config, "/BaseState", "/ON") != "/ON":  # layers that are off, or as they were, unlisted
            raise DocumentRefused("layers-differ")
        for event in events:
            _check_event(event, off)
    return len(entry(properties, "/OCGs", ArrayObject())) > 0


def _members(container: Any, key: str) -> set[int]:
    groups = raw_items(entry(container, key, ArrayObject()))
    return {group.idnum for group in groups if isinstance(group, IndirectObject)}


def _check_event(event: Any, off: set[int]) -> None:
    if _BY_READER & {str(category) for category in items(entry(event, "/Category", ArrayObject()))}:
        raise DocumentRefused("layers-differ")
    for group in raw_items(entry(event, "/OCGs", ArrayObject())):
        usage = entry(group.get_object(), "/Usage", DictionaryObject())
        states = {str(usage[kind][state]) for kind, state in _STATES if kind in usage and state in usage[kind]}
        if states - {"/OFF" if getattr(group, "idnum", 0) in off else "/ON"}:
            raise DocumentRefused("layers-differ")
