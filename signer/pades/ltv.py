"""The document security store: what the signatures in a document are validated with. Source: EN 319 142-1 §5.4.

It comes in an increment of its own behind the signature, so nothing that was signed changes. A store that is there
already keeps all it has; what is in it is not written again.
"""

from __future__ import annotations

from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject

from signer.pades.errors import cannot_prepare
from signer.pades.writer import IncrementWriter
from signer.validation_data import ValidationData

_STORE: Final = NameObject("/DSS")
_EXTENSIONS: Final = NameObject("/Extensions")


def add_validation_data(document: bytes, data: ValidationData, *, strict: bool = True) -> bytes:
    """Return the document with these data in its security store; the document itself when nothing is new.

    Raises:
        CannotPrepare: the document cannot be read.
    """
    with cannot_prepare():
        writer = IncrementWriter(document, strict=strict, label=b"security store")
        store = writer.root["/DSS"] if "/DSS" in writer.root else None  # noqa: SIM401  # pyHanko's get does not follow references
        changed = DictionaryObject({}) if store is None else store
        added = [
            _add(writer, changed, key, values)
            for key, values in (("/Certs", data.certificates), ("/OCSPs", data.ocsps), ("/CRLs", data.crls))
        ]
        if not any(added):
            return document
        _put(writer, changed, new=store is None)
        return document + writer.write_increment().getvalue()


def _add(writer: IncrementWriter, store: Any, key: str, values: tuple[bytes, ...]) -> bool:
    """Append what is new to one of the store's lists; return whether anything was."""
    listed = store[key] if key in store else ArrayObject()
    known = {bytes(listed[at].data) for at in range(len(listed))}
    new = [value for value in values if value not in known]
    if new:
        kept = [listed.raw_get(at) for at in range(len(listed))]
        streams = [writer.add_object(StreamObject(stream_data=value)) for value in new]
        store[NameObject(key)] = ArrayObject([*kept, *streams])
    return bool(new)


def _put(writer: IncrementWriter, store: Any, *, new: bool) -> None:
    if not new:
        writer.update_container(store)
        return
    writer.root[_STORE] = writer.add_object(store)
    if _EXTENSIONS not in writer.root:  # EN 319 142-1 §5.4.2.2: readers of PDF 1.7 learn that there is more
        level = DictionaryObject(
            {NameObject("/BaseVersion"): NameObject("/1.7"), NameObject("/ExtensionLevel"): NumberObject(1)}
        )
        writer.root[_EXTENSIONS] = DictionaryObject({NameObject("/ESIC"): level})
    writer.update_root()  # type: ignore[no-untyped-call]  # pyHanko's own
