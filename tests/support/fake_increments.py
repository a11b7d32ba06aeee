"""Increments as somebody who owns the web zone would write them: the honest one, and one change to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.sign.fields import prepare_sig_field

from signer.pades.options import Appearance, SignatureOptions
from signer.pades.prepare import PreparedIncrement, _cut, _set_flags, _signature
from signer.pades.writer import IncrementWriter
from stamp.appearance import appearance as drawn
from stamp.appearance import place
from tests.support.signed_pdfs import NOW

Tamper = Callable[["Forgery"], object]
PAGE_BOX = (0.0, 0.0, 595.0, 842.0)


class Forgery:
    """An increment in the making: its writer, the page, the field and the signature dictionary."""

    def __init__(
        self,
        original: bytes,
        *,
        visible: Appearance | None = None,
        page: int = 0,
        field: str = "Paraph1",
        strict: bool = True,
        at: datetime = NOW,
    ) -> None:
        self.options = SignatureOptions(at, appearance=visible)
        self.writer = IncrementWriter(original, strict=strict, label=b"forged")
        self.page_ref: Any = self.writer.find_page_for_modification(page)[0]
        self.page: Any = self.page_ref.get_object()
        box = place(visible.position, page_box(self.page)) if visible else None
        _made, self.field_ref = prepare_sig_field(
            field, self.writer.root, self.writer, include_on_page=self.page_ref, box=box
        )
        _set_flags(self.writer)
        self.field: Any = self.field_ref.get_object()
        self.signature = _signature(self.options)
        self.field["/V"] = self.writer.add_object(self.signature)
        if visible:
            form = drawn(visible.signatory, self.options.claimed_time, self.writer.add_object)
            self.field["/AP"] = DictionaryObject({NameObject("/N"): form})

    @property
    def root(self) -> Any:
        return self.writer.root

    @property
    def form(self) -> Any:
        return self.root["/AcroForm"]

    def reissue(self, ref: Any) -> Any:
        """Put an existing object into the increment and return it."""
        self.writer.mark_update(ref)
        return ref.get_object()

    def add(self, obj: PdfObject) -> IndirectObject:
        return self.writer.add_object(obj)

    def finish(self) -> PreparedIncrement:
        return _cut(self.writer, self.signature)


def page_box(page: Any) -> tuple[float, float, float, float]:
    edges = [float(edge) for edge in page["/MediaBox"]]
    return edges[0], edges[1], edges[2], edges[3]


def forged(original: bytes, tamper: Tamper, **options: Any) -> PreparedIncrement:
    """Return the honest increment but for what `tamper` does to it."""
    forgery = Forgery(original, **options)
    tamper(forgery)
    return forgery.finish()


def stream(data: bytes, **entries: PdfObject) -> StreamObject:
    return StreamObject({NameObject(f"/{key}"): value for key, value in entries.items()}, stream_data=data)


def name(value: str) -> NameObject:
    return NameObject(f"/{value}")


def numbers(*values: int) -> ArrayObject:
    return ArrayObject(NumberObject(value) for value in values)


def text(value: str) -> TextStringObject:
    return TextStringObject(value)


def dictionary(**entries: PdfObject) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})


def other_contract(forgery: Forgery) -> IndirectObject:
    """A page content that says something else."""
    return forgery.add(stream(b"BT /F1 20 Tf 60 400 Td (Alt contract) Tj ET"))


def without_shift(prepared: PreparedIncrement, pattern: bytes, replacement: bytes) -> PreparedIncrement:
    """Replace the first match of a pattern by other bytes of the same length, so that all offsets stay right."""
    for part in ("before", "after"):
        data: bytes = getattr(prepared, part)
        match = re.search(pattern, data)
        if match is None:
            continue
        assert len(match[0]) == len(replacement), (match[0], replacement)
        changed = data[: match.start()] + replacement + data[match.end() :]
        rest = {"before": prepared.before, "room": prepared.room, "after": prepared.after} | {part: changed}
        return PreparedIncrement(**rest)
    raise AssertionError(pattern)
