"""The first page, and health."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from portal.database import Database
from portal.pages.guard import is_signed_in
from portal.tables import accounts


def front(database: Database) -> Blueprint:
    """Return the first page's routes."""
    pages = Blueprint("front", __name__)

    @pages.get("/")
    def index() -> ResponseReturnValue:
        return redirect(url_for("filings.show" if is_signed_in() else "signing_in.show"), 303)

    @pages.get("/health")
    def health() -> ResponseReturnValue:
        with database.transaction() as connection:  # a lock and a read: what every step needs
            connection.execute(select(func.count()).select_from(accounts))
        return {"status": "ok"}

    return pages
