"""The citizen's filings: drafts and signed ones."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import documents, filings
from portal.filings import State
from portal.journey.parts import Parts
from portal.pages.guard import visitor


def filing_list(parts: Parts) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("filings", __name__)

    @pages.get("/filings")
    def show() -> ResponseReturnValue:
        with parts.database.reading() as db:
            found = filings.of_account(db, visitor().account.id)
            counts = {each.id: len(documents.of_filing(db, each.id)) for each in found}
        return render_template(
            "portal/filings.html",
            drafts=[each for each in found if each.state is not State.SIGNED],
            signed=[each for each in found if each.state is State.SIGNED],
            counts=counts,
            key=filings.new_form_key(parts.entropy),
        )

    @pages.post("/filings")
    def begin() -> ResponseReturnValue:
        with parts.database.transaction() as db:
            key = request.form.get("key", "")
            filing = filings.begin(db, visitor().account.id, key, parts.clock.now(), parts.entropy)
        return redirect(url_for("filing.show", filing=filing), 303)

    return pages
