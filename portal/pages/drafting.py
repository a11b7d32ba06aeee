"""What a citizen does with a draft's documents: upload, order, remove."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from citystyle.words import gettext as _
from portal import documents, filings, pdf_upload
from portal.documents import SameDocument, TooManyDocuments, clean_name
from portal.errors import PortalError
from portal.files import FileTooLarge, KeptFile
from portal.forms import UploadForm
from portal.journey.parts import Parts
from portal.pages.filing import filing_page
from portal.pages.guard import visitor
from portal.pdf_upload import UploadRefused
from portal.texts import upload_text


def drafting(parts: Parts) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("drafting", __name__, url_prefix="/filings/<filing>/documents")

    @pages.get("")
    def show(filing: str) -> ResponseReturnValue:
        return _back(filing)  # where a language link of a page shown in answer to an upload leads

    @pages.post("")
    def upload(filing: str) -> ResponseReturnValue:
        form = UploadForm()
        form.files.errors = _refusals(parts, filing)
        return filing_page(parts, filing, form) if form.files.errors else _back(filing)

    @pages.post("/<document>/remove")
    def remove(filing: str, document: str) -> ResponseReturnValue:
        with parts.database.transaction() as db:
            draft = filings.get(db, filing, visitor().account.id)
            filings.touch(db, draft, parts.clock.now())
            file = documents.remove(db, draft.id, document)
        parts.files.remove(file)
        return _back(filing)

    @pages.post("/<document>/up")
    def move_up(filing: str, document: str) -> ResponseReturnValue:
        position = request.form.get("position", -1, type=int)
        with parts.database.transaction() as db:
            draft = filings.get(db, filing, visitor().account.id)
            filings.touch(db, draft, parts.clock.now())
            documents.move_up(db, draft.id, document, position)
        return _back(filing)

    return pages


def _refusals(parts: Parts, filing: str) -> list[str]:
    """Take what can be taken of the files sent, and return why the others were not."""
    chosen = [each for each in request.files.getlist("files") if each.filename]
    if not chosen:
        return [_("Choose at least one file.")]
    refused = []
    for file in chosen:
        try:
            _take(parts, filing, file)
        except (UploadRefused, FileTooLarge, TooManyDocuments) as error:
            limits = parts.settings
            name = clean_name(file.filename or "")
            refused.append(upload_text(error, name, limits.max_file_bytes, limits.max_files))
    return refused


def _take(parts: Parts, filing: str, file: FileStorage) -> None:
    kept = parts.files.keep(cast("BinaryIO", file.stream), parts.settings.max_file_bytes)
    try:
        pdf_upload.check(parts.files.read(kept.name))
        _add(parts, filing, file.filename or "", kept)
    except SameDocument:  # chosen twice, or a double press
        parts.files.remove(kept.name)
    except PortalError:
        parts.files.remove(kept.name)
        raise


def _add(parts: Parts, filing: str, name: str, kept: KeptFile) -> None:
    with parts.database.transaction() as db:
        draft = filings.get(db, filing, visitor().account.id)
        filings.touch(db, draft, parts.clock.now())
        documents.add(db, draft.id, name, kept, parts.settings.max_files, parts.entropy)


def _back(filing: str) -> ResponseReturnValue:
    return redirect(url_for("filing.show", filing=filing), 303)
