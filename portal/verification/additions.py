"""What may follow a signature, and nothing else: validation data, then a time-stamp over all of it (attack H6).

1. Nothing; or one increment with a security store; or that and one with a document time-stamp. No bytes behind.
2. The store's increment writes the catalog, in which the store alone is new, and what the store holds: lists of streams
   that nothing else refers to. What an earlier store held is still in it, in its place.
3. The time-stamp's increment does what the signature's did: it lists one invisible field.

Source: EN 319 142-1 §5.4, §5.5; ISO 32000-2 §12.8.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils.generic import Reference, StreamObject
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from portal.verification.expectation import without_marks
from portal.verification.failures import DocumentChanged
from portal.verification.increment import AddedSignature, check_added_field, check_trailer, time_stamp_dictionary
from portal.verification.objects import canonical, referred_to
from portal.verification.reading import read, understood

_LISTS: Final = ("/Certs", "/OCSPs", "/CRLs")
_STREAM: Final = frozenset({"/Length", "/Filter"})
_END: Final = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF\s{0,2}\Z")
_LARGEST: Final = 12_000_000  # bytes of one certificate, answer or list

_Name = tuple[str, int, int]  # a reference as `canonical` gives it


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a security store holds, DER."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Additions:
    """What follows the signature."""

    evidence: Evidence | None
    time_stamp: AddedSignature | None


def additions(revision: bytes, content: bytes) -> Additions:
    """Return what was added to a signed revision.

    Raises:
        DocumentChanged: more than may be.
        NotUnderstood: it cannot be read.
    """
    if content == revision:
        return Additions(None, None)
    with understood():
        before, strict = read(revision)
        after, _ = read(content, strict=strict)
        first = before.xrefs.total_revisions
        count = after.xrefs.total_revisions - first
        _check_end(content, len(revision))
        if count not in {1, 2}:
            raise DocumentChanged(f"{count} increments behind the signature")
        check_trailer(before, after)
        evidence = _Store(revision, before, after, first).evidence()
        return Additions(evidence, _time_stamp(revision, before, after) if count == 2 else None)


def _check_end(content: bytes, start: int) -> None:
    found = _END.search(content, max(start, len(content) - 100))
    if found is None or not start <= int(found[1]) < len(content):
        raise DocumentChanged("something behind the last increment")


def _time_stamp(revision: bytes, before: PdfFileReader, after: PdfFileReader) -> AddedSignature:
    known = {each.field_name for each in before.embedded_signatures}
    new = [each for each in after.embedded_signatures if each.field_name not in known]
    if len(new) != 1:
        raise DocumentChanged(f"{len(new)} time-stamps in the last increment")
    check_added_field(revision, before, after, new[0].sig_field)
    return time_stamp_dictionary(new[0].sig_object)


class _Store:
    """The increment with the security store: revision number `at`, counted from 0."""

    def __init__(self, revision: bytes, before: PdfFileReader, after: PdfFileReader, at: int) -> None:
        if after.xrefs.refs_freed_in_revision(at):
            raise DocumentChanged("an object was removed")
        self._revision = revision
        self._before = before
        self._reader = after
        self._was, self._is = (after.get_historical_resolver(number) for number in (at - 1, at))
        written = list(after.xrefs.explicit_refs_in_revision(at))
        self._written = {_name(ref) for ref in written}
        self._new = {_name(ref) for ref in written if after.xrefs.get_historical_ref(ref, at - 1) is None}
        section = after.xrefs.get_xref_container_info(at).stream_ref  # a cross-reference stream is an object too
        self._explained: set[_Name] = {_name(section)} & self._new if section is not None else set()

    def evidence(self) -> Evidence:
        """Return what the store holds, after checking that its increment does nothing else."""
        old, store = self._stores()
        found = Evidence(*(self._list(old.get(name, ()), store.get(name, ())) for name in _LISTS))
        if any(store.get(key) != old.get(key) for key in (store.keys() | old.keys()) - {*_LISTS, "/Type"}):
            raise DocumentChanged("the security store")
        if strange := self._written - self._explained:
            raise DocumentChanged(f"object {min(strange)[1]}")
        if stray := referred_to(self._revision, self._before, [number for _, number, _ in self._new]):
            raise DocumentChanged(f"object {stray} was referred to before it was there")
        return found

    def _stores(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the store before and now, after checking that nothing else in the catalog changed."""
        root = self._is.root_ref
        was, now = (canonical(state.get_object(root)) for state in (self._was, self._is))
        old, store = was.pop("/DSS", None), now.pop("/DSS", None)
        if without_marks(was) != without_marks(now) or (old is not None and not isinstance(old, dict) and old != store):
            raise DocumentChanged("catalog")
        self._explained.add(_name(root))
        now_held = self._followed(self._is, store, explain=True)
        if not isinstance(now_held, dict):
            raise DocumentChanged("an increment without a security store")
        return self._followed(self._was, old) or {}, now_held

    def _followed(self, state: HistoricalResolver, value: Any, *, explain: bool = False) -> Any:
        """Return a value, or the object that it refers to, whose writing is explained by that."""
        if not isinstance(value, tuple) or value[:1] != ("ref",):
            return value
        if explain:
            self._explained.add(value)
        return canonical(state.get_object(Reference(value[1], value[2], self._reader)))

    def _list(self, old: Any, now: Any) -> tuple[bytes, ...]:
        """Return the contents of a list's streams: those that were there, then new ones."""
        before, items = self._followed(self._was, old), self._followed(self._is, now, explain=True)
        if items[: len(before)] != before:
            raise DocumentChanged("the security store lost something")
        for item in items[len(before) :]:
            if item not in self._new or item in self._explained:
                raise DocumentChanged("the security store refers to something else than its own data")
            self._explained.add(item)
        return tuple(self._content(item) for item in items)

    def _content(self, item: Any) -> bytes:
        stream = self._is.get_object(Reference(item[1], item[2], self._reader))
        if not isinstance(stream, StreamObject) or not stream.keys() - {"/Type"} <= _STREAM:
            raise DocumentChanged("the security store holds something else than data")
        data = bytes(stream.data)
        if len(data) > _LARGEST:
            raise DocumentChanged(f"{len(data)} bytes")
        return data


def _name(ref: Any) -> _Name:
    return ("ref", ref.idnum, ref.generation)
