"""The `status` zone over HTTP: OCSP and time-stamps, revocation lists and certificates, and whether all of it works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask, Response
from flask.typing import ResponseReturnValue

from ca.status_files import check_lists, serve_files
from ca.status_parts import StatusParts
from ca.status_probe import StatusProbe
from ca.status_wire import StatusWire
from core.clock import Clock
from core.errors import DomainError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_LARGEST_BODY: Final = 64_000  # bytes: files are only read


def create_app(published: Path, parts: StatusParts, probe: StatusProbe, clock: Clock) -> WSGIApplication:
    """Return the application of the `status` zone."""
    return StatusWire(parts, create_pages(published, probe, clock))


def create_pages(published: Path, probe: StatusProbe, clock: Clock) -> Flask:
    """Return what is served besides answers and tokens."""
    app = Flask("paraph.status", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_LARGEST_BODY, MAX_FORM_MEMORY_SIZE=_LARGEST_BODY)
    app.register_error_handler(DomainError, _unavailable)
    app.after_request(_with_headers)
    serve_files(app, published)

    @app.get("/health")
    def health() -> ResponseReturnValue:
        probe.check(check_lists(published, clock.now()))
        return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    return app


def _with_headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


def _unavailable(error: DomainError) -> Response:
    return Response(f"{type(error).__name__}\n", 503, mimetype="text/plain", headers={"Cache-Control": "no-store"})
