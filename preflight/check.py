"""Whether a document can be signed, and what is worth knowing of it before the citizen is asked for a code.

Rules: the library's own words never leave; every exception ends in a class of `preflight.reasons`; nothing is repaired
in silence, because a rewritten file is another document.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject

from core.errors import DomainError
from preflight import pictures
from preflight.active import check_active_content
from preflight.earlier import broken_signatures
from preflight.exact import ExactReader
from preflight.forms import Form, inspect_form
from preflight.layers import has_layers
from preflight.protocol import DocumentRefused, DocumentReport
from preflight.reading import OpenDocument, open_document
from preflight.values import Ref, Value, entry

log = logging.getLogger(__name__)
T = TypeVar("T")


def check_document(data: bytes) -> DocumentReport:
    """Return the report on a document that can be signed.

    Raises:
        DocumentRefused: it cannot; `reason` says why.
    """
    return guarded(lambda: _check(data))


def guarded(work: Callable[[], T]) -> T:
    """Do `work`; whatever a hostile document makes a library raise becomes a refusal."""
    try:
        return work()
    except DomainError:
        raise
    except MemoryError as error:
        raise DocumentRefused("too-heavy", "memory") from error
    except Exception as error:
        log.info("document refused", extra={"error": type(error).__name__, "detail": str(error)[:200]})
        raise DocumentRefused("damaged", f"{type(error).__name__}: {error}"[:500]) from error


@dataclass(frozen=True, slots=True)
class Inspected:
    """A document that may be signed."""

    pages: int
    form: Form
    layers: bool


def inspect(document: OpenDocument) -> Inspected:
    """Return what is known of an open document, after checking that it may be signed.

    Raises:
        DocumentRefused: it may not.
    """
    pages = _page_count(document)
    form = inspect_form(document.root)
    check_active_content(document)
    return Inspected(pages, form, has_layers(document.root))


def _check(data: bytes) -> DocumentReport:
    document = open_document(data)
    found = inspect(document)
    broken = broken_signatures(document.reader) if found.form.signatures else set()
    return DocumentReport(
        pages=found.pages,
        strict=document.strict,
        earlier_signatures=len(found.form.signatures),
        earlier_signatures_broken=len(broken),
        warnings=_warnings(document, found.form, layers=found.layers, broken=bool(broken)),
    )


def _page_count(document: OpenDocument) -> int:
    """Return how many pages both engines count: a file that they read differently is two documents (attack H7)."""
    if entry(document.root["/Pages"], "/Count", 0) == 0:
        raise DocumentRefused("no-pages")
    _check_first_page(document)
    _check_reissued(document)
    pages = pictures.page_count(document.data)
    if pages == 0:
        raise DocumentRefused("no-pages")
    if pages != document.reader.root["/Pages"]["/Count"]:
        raise DocumentRefused("damaged", "engines count different pages")
    return pages


def _check_first_page(document: OpenDocument) -> None:
    """The field goes onto the first page, unless it is visible elsewhere."""
    page = document.reader.find_page_for_modification(0)[0].get_object()
    if not isinstance(page, DictionaryObject) or not isinstance(entry(page, "/Annots", ArrayObject()), ArrayObject):
        raise DocumentRefused("damaged", "first page or its annotations")


def _check_reissued(document: OpenDocument) -> None:
    """What a signature writes anew, for an invisible field on the first page, is read alike by all engines."""
    exact, root = document.exact, document.reader.root_ref
    exact.check_end()
    catalog = exact.value(Ref(root.idnum, root.generation))
    page = document.reader.find_page_for_modification(0)[0]
    _check_list(exact, exact.value(Ref(page.idnum, page.generation)), "/Annots")
    form = catalog.get("/AcroForm") if isinstance(catalog, dict) else None
    _check_list(exact, exact.value(form) if isinstance(form, Ref) else form, "/Fields")


def _check_list(exact: ExactReader, owner: Value, key: str) -> None:
    listed = owner.get(key) if isinstance(owner, dict) else None
    if isinstance(listed, Ref):
        exact.members(listed, key)


def _warnings(document: OpenDocument, form: Form, *, layers: bool, broken: bool) -> list[str]:
    root = document.root
    permissions = entry(root, "/Perms", DictionaryObject())
    found = {
        "earlier-signature-broken": broken,
        "earlier-signatures": bool(form.signatures),
        "tolerant": not document.strict,
        "encrypted": document.reader.encrypted,
        "xfa-static": form.has_xfa,
        "usage-rights": "/UR3" in permissions or "/UR" in permissions,
        "attachments": "/EmbeddedFiles" in entry(root, "/Names", DictionaryObject()),
        "portfolio": "/Collection" in root,
        "layers": layers,
        "need-appearances": form.needs_appearances,
    }
    return [code for code, applies in found.items() if applies]
