"""What is asked of a request before any view sees it, and the number it is known by in the log."""

from __future__ import annotations

from typing import Final

from flask import Flask, g, request

from api.refusals import RepeatedField
from core.entropy import Entropy
from core.logs import current_request

_PAGES: Final = "/oauth2/authorize"
_METHODS: Final = ("/csc/", "/oauth2/", "/revoke", "/.well-known/", "/health")


def is_page() -> bool:
    """Return whether a person looks at the answer: the authorization pages, and what is no method of the API."""
    path = request.path
    return path.startswith(_PAGES) or not path.startswith(_METHODS)


def request_number() -> str:
    """Return the request's number, the same in the log and in the answer."""
    return str(g.get("request_number", ""))


def number_requests(app: Flask, entropy: Entropy) -> None:
    """Give every request the number its log lines carry."""

    @app.before_request
    def number() -> None:
        g.request_number = current_request() or entropy.token_bytes(6).hex()


def refuse_ambiguity(app: Flask) -> None:
    """Refuse a media type that came twice: it reaches us as one value joined with a comma (attack N1).

    Another host than ours is refused before (`citystyle.guards`).
    """

    @app.before_request
    def refuse() -> None:
        if "," in request.environ.get("CONTENT_TYPE", ""):
            raise RepeatedField("Content-Type")
