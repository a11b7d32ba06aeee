"""One filing's page, which shows where it stands, and its downloads."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, send_file
from flask.typing import ResponseReturnValue

from portal import documents, filings
from portal.documents import GOOD, Document, NoSuchDocument
from portal.forms import UploadForm
from portal.journey.parts import Parts
from portal.pages.guard import visitor
from portal.texts import notice_text, verdict_text

# A PDF of a stranger's making is never shown on our origin (attacks Z7, H10).
_SANDBOX: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"


def filing_pages(parts: Parts) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("filing", __name__, url_prefix="/filings/<filing>")

    @pages.get("")
    def show(filing: str) -> ResponseReturnValue:
        return filing_page(parts, filing, UploadForm())

    @pages.get("/documents/<document>/original.pdf")
    def original(filing: str, document: str) -> ResponseReturnValue:
        paper = _paper(parts, filing, document)
        return _download(parts, paper.file, paper.name)

    @pages.get("/documents/<document>/signed.pdf")
    def signed(filing: str, document: str) -> ResponseReturnValue:
        paper = _paper(parts, filing, document)
        if paper.verdict != GOOD or paper.signed_file is None:
            raise NoSuchDocument(document)
        return _download(parts, paper.signed_file, paper.signed_name)

    return pages


def filing_page(parts: Parts, filing_id: str, form: UploadForm) -> str:
    """Return a filing's page: one template for each state."""
    with parts.database.reading() as db:
        filing = filings.get(db, filing_id, visitor().account.id)
        papers = documents.of_filing(db, filing.id)
    return render_template(
        f"portal/{filing.state}.html",
        filing=filing,
        papers=papers,
        notice=None if filing.notice is None else notice_text(filing.notice),
        problems=[verdict_text(paper.verdict, paper.name) for paper in papers if paper.verdict not in {None, GOOD}],
        good=[paper for paper in papers if paper.verdict == GOOD],
        form=form,
        limits=parts.settings,
        verdict_text=verdict_text,
    )


def _paper(parts: Parts, filing_id: str, document: str) -> Document:
    with parts.database.reading() as db:
        filing = filings.get(db, filing_id, visitor().account.id)
        return documents.get(db, filing.id, document)


def _download(parts: Parts, file: str, name: str) -> Response:
    response = send_file(
        parts.files.path(file), mimetype="application/pdf", as_attachment=True, download_name=name, max_age=None
    )
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["Cache-Control"] = "no-store"
    return response
