"""The `web` zone's application: CSC API, OAuth endpoints, authorization pages, put together from its ports."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask, Response
from flask_babel import gettext

from api import routes
from api.csc.credentials import Credentials
from api.csc.signatures import Limits, Signatures
from api.deps import Deps
from api.errors import answer_errors
from api.housekeeping import Housekeeping
from api.jsons import json_response
from api.limits.counters import Counters
from api.limits.rules import Allowances, RateLimits
from api.oauth.authentication import Authentication
from api.oauth.clients import Clients
from api.oauth.codes import Codes
from api.oauth.par import PushedRequests
from api.oauth.revoke import RevocationEndpoint
from api.oauth.token import TokenEndpoint
from api.pages import frame, revocation, views
from api.pages.browser import COOKIE, Browsers
from api.pages.flow import Flow
from api.requests import number_requests, refuse_ambiguity
from api.security import Bearer
from citystyle.dress import dress
from citystyle.site import Site
from core.config import Settings

_HERE: Final = Path(__file__).parent


def create_app(settings: Settings, deps: Deps) -> Flask:
    """Return the application. It is made in each worker, after the fork."""
    app = Flask("api", static_folder=None, root_path=str(_HERE))
    app.config["PROPAGATE_EXCEPTIONS"] = False  # an error nobody foresaw is a bare 500, in tests as in production
    number_requests(app, deps.entropy)
    refuse_ambiguity(app)
    dress(app, _site(settings))
    frame.use_frames(app, settings.service.languages)
    codes = Codes(deps.database, deps.keys, deps.sam, deps.clock, deps.entropy)
    methods = _methods(settings, deps, codes)
    app.register_blueprint(routes.csc(settings, methods))
    app.register_blueprint(routes.oauth(settings, methods))
    pages = _pages(settings, deps, codes)
    app.register_blueprint(views.routes(pages))
    app.register_blueprint(revocation.routes(_revocation(settings, deps)))
    answer_errors(app, pages.failed)
    _health(app, deps)
    return app


def _methods(settings: Settings, deps: Deps, codes: Codes) -> routes.Methods:
    database, keys, clock, entropy = deps.database, deps.keys, deps.clock, deps.entropy
    clients = Clients(database, keys, clock, entropy)
    audience, multisign = settings.service.public_origin, settings.sam.multisign
    limits = Limits(multisign, settings.web.max_documents, settings.web.max_document_bytes)
    bearer = Bearer(database, keys, clock)
    rates = RateLimits(Counters(deps.counters, clock), clients.get, keys, Allowances.of(settings.web))
    authentication = Authentication(database, clients, rates, keys, clock, audience)
    return routes.Methods(
        bearer=bearer,
        limits=rates,
        credentials=Credentials(deps.sam, clock),
        signatures=Signatures(bearer, deps.signing, limits),
        pushed=PushedRequests(database, authentication, clients, rates, keys, clock, entropy, audience, multisign),
        tokens=TokenEndpoint(database, authentication, codes, keys, clock, entropy),
        revocation=RevocationEndpoint(database, authentication, keys, deps.sam, clock),
        housekeeping=Housekeeping(database, clock),
    )


def _pages(settings: Settings, deps: Deps, codes: Codes) -> views.Pages:
    origin = settings.service.public_origin
    flow = Flow(deps.database, deps.sam, codes, deps.keys, deps.clock, origin)
    return views.Pages(flow, Browsers(deps.keys, deps.entropy, origin), deps.clock, _help_phone(settings))


def _revocation(settings: Settings, deps: Deps) -> revocation.RevocationPages:
    browsers = Browsers(deps.keys, deps.entropy, settings.service.public_origin)
    return revocation.RevocationPages(deps.revocation, browsers, _help_phone(settings))


def _help_phone(settings: Settings) -> str:
    return settings.service.help_phone.replace(" ", "\N{NO-BREAK SPACE}")


def _site(settings: Settings) -> Site:
    return Site(
        service=lambda: str(gettext("Electronic signature")),
        owner=settings.service.name,
        public_origin=settings.service.public_origin,
        help_phone=_help_phone(settings),
        cookie=COOKIE,
        frame=frame.TEMPLATE,
        templates=_HERE / "templates",
        translations=(_HERE / "translations",),
        languages=settings.service.languages,
    )


def _health(app: Flask, deps: Deps) -> None:
    @app.get("/health")
    def health() -> Response:
        deps.check()
        return json_response({"status": "ok"})
