"""The portal, put together."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import httpx
from flask import Flask, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from citystyle.dress import dress
from citystyle.guards import refuse_foreign_origin
from citystyle.problems import Problem, problem_page
from citystyle.site import Site
from citystyle.words import gettext as _
from portal import tables, texts
from portal.accounts import Accounts
from portal.clock import Clock, SystemClock
from portal.connection import Connection
from portal.csc_client import CscClient, ServiceFailed
from portal.database import Database, DatabaseFailed
from portal.documents import NoSuchDocument
from portal.entropy import Entropy, SystemEntropy
from portal.errors import NotConnected, PortalError
from portal.files import FileStore
from portal.filings import FilingMoved, NoSuchFiling
from portal.journey.collecting import Collecting
from portal.journey.leaving import Leaving
from portal.journey.parts import Parts
from portal.journey.returning import OtherSignIn, Returning, UnknownAnswer
from portal.keys import load_keys, load_request_key
from portal.pages.authorizing import authorizing, coming_back
from portal.pages.drafting import drafting
from portal.pages.filing import filing_pages
from portal.pages.filings import filing_list
from portal.pages.front import front
from portal.pages.guard import guard, is_signed_in, to_sign_in
from portal.pages.signing_in import signing_in
from portal.sessions import DatabaseSessions
from portal.settings import PortalSettings

_log: Final = logging.getLogger(__name__)
_FORM_BYTES: Final = 100_000
"""Bytes of any form but an upload."""
_UPLOAD: Final = "drafting.upload"
"""The one endpoint that takes files."""


def create_app(
    settings: PortalSettings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Flask:
    """Return the portal as a WSGI application.

    Raises:
        SecretMissing: `secret.key` or `request.key` is not in the portal's folder.
        DatabaseFailed: the database does not work.
    """
    parts = _parts(settings, clock or SystemClock(), entropy or SystemEntropy(), transport)
    accounts = Accounts(parts.database, parts.keys, parts.clock, parts.entropy)
    app = Flask(__name__, static_folder=None)
    app.config.update(SECRET_KEY=parts.keys.forms, MAX_CONTENT_LENGTH=_FORM_BYTES)
    app.session_interface = DatabaseSessions(parts.database, parts.keys, parts.clock, parts.entropy)
    dress(app, _site(settings))
    _limit_uploads(app, settings)
    refuse_foreign_origin(app, _site(settings))
    guard(app, accounts)  # before CSRFProtect, which reads the whole body
    CSRFProtect(app)
    _routes(app, parts, accounts)
    _errors(app)
    app.jinja_env.globals["is_signed_in"] = is_signed_in
    return app


def _parts(settings: PortalSettings, clock: Clock, entropy: Entropy, transport: httpx.BaseTransport | None) -> Parts:
    directory = settings.directory
    database = Database(directory / "db.sqlite")
    database.create(tables.metadata)
    return Parts(
        settings,
        database,
        FileStore(directory / "files", entropy),
        CscClient(settings.service_url, transport),
        Connection(directory),
        load_keys(directory),
        load_request_key(directory),
        clock,
        entropy,
    )


def _site(settings: PortalSettings) -> Site:
    here = Path(__file__).parent
    return Site(
        service=lambda: str(_("Requests and signatures")),
        owner=settings.city,
        public_origin=settings.public_origin,
        help_phone=settings.help_phone,
        cookie="__Host-portal",
        frame="portal/base.html",
        templates=here / "templates",
        translations=(here / "translations",),
    )


def _limit_uploads(app: Flask, settings: PortalSettings) -> None:
    most = settings.max_file_bytes * settings.max_files + 1_000_000

    @app.before_request
    def allow_more() -> None:
        if request.endpoint == _UPLOAD:
            request.max_content_length = most


def _routes(app: Flask, parts: Parts, accounts: Accounts) -> None:
    leaving, returning, collecting = Leaving(parts), Returning(parts), Collecting(parts, accounts)
    app.register_blueprint(front(parts.database))
    app.register_blueprint(signing_in(accounts, parts.entropy))
    app.register_blueprint(filing_list(parts))
    app.register_blueprint(filing_pages(parts))
    app.register_blueprint(drafting(parts))
    app.register_blueprint(authorizing(leaving, collecting))
    app.register_blueprint(coming_back(returning, collecting))


# Every failure that a view lets fall through, and its status. What is not here is a fault of ours: 500.
_STATUSES: Final[dict[type[PortalError], int]] = {
    NotConnected: 503,
    ServiceFailed: 503,
    DatabaseFailed: 503,
    UnknownAnswer: 400,
    OtherSignIn: 403,
}


def _errors(app: Flask) -> None:
    @app.errorhandler(PortalError)
    def answer(error: PortalError) -> Response:
        status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 409)
        _log.warning("%s: %s", type(error).__name__, error.detail)
        return problem_page(texts.problem(error), status)

    @app.errorhandler(NoSuchFiling)
    @app.errorhandler(NoSuchDocument)
    def not_found(_error: PortalError) -> Response:
        problem = Problem(_("Page not found"), _("Check the address, or go to the first page."))
        return problem_page(problem, 404)

    @app.errorhandler(FilingMoved)
    def moved(_error: FilingMoved) -> ResponseReturnValue:
        flash(_("The request was changed meanwhile, in another tab or on another device. This is how it stands now."))
        filing = (request.view_args or {}).get("filing")
        return redirect(url_for("filing.show", filing=filing) if filing else url_for("filings.show"), 303)

    @app.errorhandler(CSRFError)
    def form_expired(error: CSRFError) -> ResponseReturnValue:
        if is_signed_in():
            _log.warning("form refused: %s", error.description)
            problem = Problem(
                _("The form is too old"), _("Go back, load the page again and repeat the step. What you saved is kept.")
            )
            return problem_page(problem, 400)
        return to_sign_in()
