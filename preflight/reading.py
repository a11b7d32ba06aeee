"""Opening a document with the first engine, pyHanko: strictly, else with tolerance; never with a password."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.crypt import AuthStatus, PubKeySecurityHandler, StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader

from core.errors import DomainError
from preflight.exact import ExactReader
from preflight.protocol import DocumentRefused

_HEADER: Final = b"%PDF-"
_SMALLEST: Final = 200  # bytes: no document with a page is smaller
_MODIFY: Final = 1 << 3  # permission bits of ISO 32000-2 table 22: bit 4, modify
_ANNOTATE: Final = 1 << 5  # bit 6, annotate and fill in
_FILL_IN: Final = 1 << 8  # bit 9, fill in and sign


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document that the first engine could read. `strict` says how; `exact` reads parts of it a second time."""

    data: bytes
    reader: PdfFileReader
    strict: bool
    exact: ExactReader

    @property
    def root(self) -> Any:
        """The document catalog."""
        return self.reader.root


def open_document(data: bytes) -> OpenDocument:
    """Return the document, decrypted when that needs no password.

    Raises:
        DocumentRefused: it cannot be read, or only with a password, or its author does not allow signing.
    """
    check_header(data)
    document = _read(data)
    if document.reader.encrypted:
        _decrypt(document.reader)
    return document


def check_header(data: bytes) -> None:
    """Refuse what is no PDF, or has something before its header: offsets might count from either (attack H10)."""
    if not data:
        raise DocumentRefused("empty")
    if not data.startswith(_HEADER):
        raise DocumentRefused("bad-header" if _HEADER in data[:4096] else "not-a-pdf")


def _read(data: bytes) -> OpenDocument:
    """Read strictly, then with tolerance; a document with hybrid cross-references is always read with tolerance."""
    try:
        reader = PdfFileReader(BytesIO(data), strict=True)
        _touch(reader)
        if not reader.xrefs.hybrid_xrefs_present:
            return OpenDocument(data, reader, strict=True, exact=ExactReader(data, reader))
    except (MemoryError, DomainError):
        raise
    except Exception:  # noqa: BLE001, S110  # hostile input raises what it likes; the second try gives the verdict
        pass
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        _touch(reader)
    except (MemoryError, DomainError):
        raise
    except Exception as error:
        raise DocumentRefused(_class_of(error, data), f"{type(error).__name__}: {error}") from error
    return OpenDocument(data, reader, strict=False, exact=ExactReader(data, reader))


def _touch(reader: PdfFileReader) -> None:
    """Read the catalog, which a wrong offset in the cross-references would spoil. Encrypted ones wait for the key."""
    if not reader.encrypted:
        reader.root["/Pages"]["/Kids"]


def _class_of(error: Exception, data: bytes) -> str:
    if len(data) < _SMALLEST:
        return "not-a-pdf"
    if b"%%EOF" not in data[-1100:] or b"startxref" not in data[-2200:] or "marker not found" in str(error):
        return "incomplete"
    return "damaged"


def _decrypt(reader: PdfFileReader) -> None:
    handler = _security_handler(reader)
    try:
        status = reader.decrypt(b"").status
    except (MemoryError, DomainError):
        raise
    except Exception as error:
        raise DocumentRefused("unusual-protection", f"{type(error).__name__}: {error}") from error
    if status is AuthStatus.FAILED:
        raise DocumentRefused("password")
    if handler.pdf_mac_enabled:
        raise DocumentRefused("unusual-protection", "integrity-protected encryption")
    _check_crypt_filters(handler)
    _check_permissions(reader, status)


def _security_handler(reader: PdfFileReader) -> StandardSecurityHandler:
    try:
        direct = not _is_reference(reader.trailer, "/Encrypt")
        handler = reader.security_handler
    except (MemoryError, DomainError):
        raise
    except Exception as error:
        raise DocumentRefused("unusual-protection", f"{type(error).__name__}: {error}") from error
    if isinstance(handler, PubKeySecurityHandler):
        raise DocumentRefused("recipients")
    if direct or not isinstance(handler, StandardSecurityHandler):
        raise DocumentRefused("unusual-protection", "direct /Encrypt or unknown handler")
    return handler


def _is_reference(container: Any, key: str) -> bool:
    return hasattr(container.raw_get(key), "idnum")


def _check_crypt_filters(handler: StandardSecurityHandler) -> None:
    """Refuse files of which only a part is encrypted: plain objects could carry the rest away (attack H8)."""
    config = handler.crypt_filter_config
    filters: tuple[str | None, ...] = (
        config.string_filter_name,
        config.stream_filter_name,
        config.embedded_file_filter_name,
    )
    names = {str(name) for name in filters if name is not None}
    if len(names) != 1 or "/Identity" in names:
        raise DocumentRefused("unusual-protection", "only a part is encrypted")


def _check_permissions(reader: PdfFileReader, status: AuthStatus) -> None:
    """Obey the author: without the owner's password a document is signed only when some change is allowed."""
    if status is AuthStatus.OWNER:
        return
    allowed = int(reader.trailer["/Encrypt"]["/P"])
    if not allowed & (_MODIFY | _ANNOTATE | _FILL_IN):
        raise DocumentRefused("permissions")
