"""What a request must not be before any view sees it (attacks Z5, Z6, Z14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask, abort, request

from citystyle.site import Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEALTH: Final = "/health"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class OneHost:
    """A WSGI application that answers for its public host only; but health, which a supervisor asks by address."""

    def __init__(self, application: WSGIApplication, origin: str) -> None:
        self._application = application
        self._host = origin.split("://", 1)[1].lower()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        if environ.get("HTTP_HOST", "").lower() != self._host and environ.get("PATH_INFO") != HEALTH:
            start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"This is not the address of this site.\n"]
        return self._application(environ, start_response)


def refuse_doubled_cookies(app: Flask, site: Site) -> None:
    """Refuse a request with one of our cookies twice.

    A sibling host can plant a second cookie of our name; which of two wins is chance, so neither does.
    """
    names = (site.cookie, "__Host-lang")

    @app.before_request
    def check() -> None:
        sent = [each.split("=", 1)[0].strip() for each in request.headers.get("Cookie", "").split(";")]
        if any(sent.count(name) > 1 for name in names):
            abort(400)


def refuse_foreign_origin(app: Flask, site: Site) -> None:
    """Refuse every request that changes something and says it comes from another origin; beside CSRF tokens."""

    @app.before_request
    def check() -> None:
        if request.method not in _SAFE and request.headers.get("Origin", site.public_origin) != site.public_origin:
            abort(400)
