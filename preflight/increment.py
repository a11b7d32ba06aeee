"""The judgement on an increment: it adds one signature field, and nothing else a reader could see.

1. The original can be signed at all (`preflight.check`'s refusals).
2. Every byte is an object, the cross-reference section, or the trailer (`preflight.syntax`); the section lists exactly
   those objects at their offsets; the trailer is the original's, with /Prev on the original's own section.
3. The objects are exactly those that the original and one new signature field give (`preflight.grammar`).
4. Where earlier signatures stand, pyHanko's difference policy for what may follow a signature agrees.
5. The second engine shows the same pages before and after (`preflight.pictures`).
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification

from core.errors import Malformed
from preflight import pictures
from preflight.check import guarded, inspect
from preflight.forms import Form
from preflight.grammar import Claims, SignatureField, judge_objects, original_of
from preflight.pictures import AddedField
from preflight.protocol import IncrementNotAllowed
from preflight.reading import OpenDocument, open_document
from preflight.syntax import ParsedIncrement, parse_increment
from preflight.values import Ref, Stream, Value, equal, plain

_MAX_ROOM: Final = 200_000  # bytes
_MAX_INCREMENT: Final = 2_000_000
_SECTION_KEYS: Final = frozenset({"/Type", "/W", "/Index", "/Filter", "/Length", "/DecodeParms", "/XRefStm"})


def judge(original: bytes, before: bytes, room: int, after: bytes) -> Claims:
    """Return what the signature claims, when the increment may be signed.

    Raises:
        DocumentRefused: the original cannot be signed.
        IncrementNotAllowed: the increment adds something else, or might.
    """
    return guarded(lambda: _judge(original, before, room, after))


def _judge(original: bytes, before: bytes, room: int, after: bytes) -> Claims:
    if room < 4 or room % 2 or room > _MAX_ROOM or len(before) + len(after) > _MAX_INCREMENT:
        raise IncrementNotAllowed("size")
    document = open_document(original)
    form = inspect(document).form
    contents = b"<" + b"0" * (room - 2) + b">"
    increment = before + contents + after
    byte_range = (0, len(original) + len(before), len(original) + len(before) + room, len(after))
    added = _judge_bytes(document, form, increment, byte_range)
    if form.signatures:
        if added.claims.certifies:
            raise IncrementNotAllowed("a certification of a document that is signed already")
        _check_differences(document, increment)
    field = AddedField(_page_number(document, added.page), added.rect, byte_range)
    pictures.compare(original, (before, contents, after), field)
    return added.claims


def _judge_bytes(
    document: OpenDocument, form: Form, increment: bytes, byte_range: tuple[int, int, int, int]
) -> SignatureField:
    original = original_of(document, form.names)
    try:
        parsed = parse_increment(increment)
        _check_section(document, parsed, original.numbers)
        objects = _objects(document, parsed, increment)
    except Malformed as error:
        raise IncrementNotAllowed(error.detail) from error
    return judge_objects(original, objects, byte_range, byte_range[2] - byte_range[1])


def _objects(document: OpenDocument, parsed: ParsedIncrement, increment: bytes) -> dict[Ref, Value]:
    """Return the increment's objects but for a cross-reference stream; of an encrypted file, decrypted."""
    objects = {ref: value for ref, value in parsed.objects.items() if parsed.offsets[ref] != parsed.xref_at}
    if not document.reader.encrypted:
        return objects
    reader = PdfFileReader(BytesIO(document.data + increment), strict=document.strict)
    reader.decrypt(b"")
    return {ref: _decrypted(reader, ref, value) for ref, value in objects.items()}


def _decrypted(reader: PdfFileReader, ref: Ref, encrypted: Value) -> Value:
    """Return an object's value, decrypted but for a signature's /Contents, which never is (ISO 32000-2 §7.6.2)."""
    obj: Any = reader.get_object(Reference(ref.number, ref.generation, reader))
    if isinstance(encrypted, Stream):
        return Stream({key: plain(obj.raw_get(key)) for key in encrypted.entries()}, bytes(obj.data))
    if isinstance(encrypted, dict) and "/ByteRange" in encrypted and "/Contents" in encrypted:
        clear = {key: plain(obj.raw_get(key)) for key in encrypted if key != "/Contents"}
        return {**clear, "/Contents": encrypted["/Contents"]}
    return plain(obj)


def _check_section(document: OpenDocument, parsed: ParsedIncrement, used: frozenset[int]) -> None:
    """The cross-references name the increment's objects, each at its offset, and nothing else; the trailer goes on."""
    start = len(document.data)
    wanted = {ref.number: (start + at, ref.generation, True) for ref, at in parsed.offsets.items()}
    if len(wanted) != len(parsed.offsets) or parsed.startxref != start + parsed.xref_at:
        raise Malformed("object numbers or startxref")
    listed = parsed.table if parsed.table is not None else _stream_entries(parsed, len(wanted), used)
    if listed.pop(0, (0, 65535, False)) != (0, 65535, False) or listed != wanted:
        raise Malformed("cross-references do not list the objects as they are")
    if (parsed.table is None) != document.reader.has_xref_stream and not _mixed(document):
        raise Malformed("another kind of cross-references than the original's")
    _check_trailer(document, parsed.trailer, max(wanted))


def _mixed(document: OpenDocument) -> bool:
    """Whether the original has both kinds of cross-reference sections; then either may follow."""
    xrefs = document.reader.xrefs
    kinds = {xrefs.get_xref_container_info(at).stream_ref is None for at in range(xrefs.total_revisions)}
    return len(kinds) == 2


def _stream_entries(parsed: ParsedIncrement, count: int, used: frozenset[int]) -> dict[int, tuple[int, int, bool]]:
    """Return a cross-reference stream's entries (ISO 32000-2 §7.5.8.3): 1 byte kind, 8 offset, 2 generation."""
    ref = next(ref for ref, at in parsed.offsets.items() if at == parsed.xref_at)
    if ref.number in used or ref.generation:
        raise Malformed("a cross-reference stream in another object's place")
    section = parsed.objects[ref]
    index = parsed.trailer.get("/Index")
    if not isinstance(section, Stream) or not equal(parsed.trailer.get("/W"), [1, 8, 2]) or not isinstance(index, list):
        raise Malformed("cross-reference stream")
    rows = section.decoded(11 * (count + 2))
    pairs = [number for number in index if type(number) is int]
    if len(pairs) != len(index) or len(pairs) % 2 or len(rows) % 11 or sum(pairs[1::2]) != len(rows) // 11:
        raise Malformed("cross-reference stream index")
    numbers = [n for first, length in zip(pairs[::2], pairs[1::2], strict=True) for n in range(first, first + length)]
    entries = {n: _entry(rows[11 * at : 11 * at + 11]) for at, n in enumerate(numbers)}
    if len(entries) != len(numbers):
        raise Malformed("cross-reference twice")
    return entries


def _entry(row: bytes) -> tuple[int, int, bool]:
    if row[0] not in (0, 1):
        raise Malformed("an object in an object stream")
    return int.from_bytes(row[1:9], "big"), int.from_bytes(row[9:], "big"), row[0] == 1


def _check_trailer(document: OpenDocument, trailer: dict[str, Value], highest: int) -> None:
    """The original's entries, with /Prev, /Size and the second half of /ID as they must be."""
    was = plain(document.reader.trailer.flatten())
    if not isinstance(was, dict):
        raise Malformed("trailer")
    size, identifier = trailer.get("/Size"), trailer.get("/ID")
    expected = {key: value for key, value in was.items() if key not in _SECTION_KEYS}
    expected |= {"/Prev": document.reader.last_startxref, "/Size": size, "/ID": identifier}
    present = {key: value for key, value in trailer.items() if key not in _SECTION_KEYS}
    if not equal(present, expected) or "/XRefStm" in trailer:
        raise Malformed("trailer is not the original's")
    _check_size(size, was.get("/Size"), highest)
    _check_identifier(identifier, was.get("/ID"))


def _check_size(size: Value, was: Value, highest: int) -> None:
    if type(size) is not int or type(was) is not int or size < max(was, highest + 1) or size > was + 2**20:
        raise Malformed("/Size")


def _check_identifier(identifier: Value, was: Value) -> None:
    if not isinstance(identifier, list) or len(identifier) != 2:
        raise Malformed("/ID")
    if not all(isinstance(half, bytes) and 0 < len(half) <= 64 for half in identifier):
        raise Malformed("/ID")
    if isinstance(was, list) and was and identifier[0] != was[0]:
        raise Malformed("the first half of /ID changed")


def _check_differences(document: OpenDocument, increment: bytes) -> None:
    """Ask pyHanko's policy, as a validator of the earlier signatures will (ISO 32000-2 §12.8.2).

    It is about what may follow a signature and needs a form in the earlier revision, so it is asked only when the
    document is signed. Of encrypted files it gives false alarms; the grammar compared their objects decrypted.
    """
    if document.reader.encrypted:
        return
    reader = PdfFileReader(BytesIO(document.data + increment), strict=document.strict)
    last = reader.xrefs.total_revisions - 1
    try:
        result = DEFAULT_DIFF_POLICY.apply(
            reader.get_historical_resolver(last - 1), reader.get_historical_resolver(last)
        )
    except SuspiciousModification as error:
        raise IncrementNotAllowed(f"difference policy: {error}") from error
    if result.modification_level not in (ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING):
        raise IncrementNotAllowed(f"difference policy: {result.modification_level}")


def _page_number(document: OpenDocument, page: Ref) -> int:
    """Return at which place of the page tree a page stands, from 0."""
    waiting: list[Any] = [document.root.raw_get("/Pages")]
    number = 0
    while waiting:
        node = waiting.pop()
        if Ref(node.idnum, node.generation) == page:
            return number
        value = node.get_object()
        if "/Kids" not in value:
            number += 1
            continue
        kids = value["/Kids"]
        waiting += [kids.raw_get(at) for at in reversed(range(len(kids)))]
    raise IncrementNotAllowed("page")
