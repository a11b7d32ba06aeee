"""Security headers on every answer: pages, errors and static files alike (attacks Z4, Z7, Z15).

They are added below Flask, at the WSGI edge, so that no answer can miss them; a view that sets one itself keeps its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_INLINE_SCRIPT: Final = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
# The base template with nothing in it that needs a request.
_BARE: Final = """{% extends "govuk_frontend_jinja/template.html" %}
{% block header %}{% endblock %}{% block footer %}{% endblock %}"""


def content_security_policy(environment: Environment) -> str:
    """Return the policy, with the hash of the one inline line that the base template holds, computed from that line."""
    page = environment.from_string(_BARE).render()
    hashes = " ".join(f"'{_sha256(each)}'" for each in _INLINE_SCRIPT.findall(page))
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _sha256(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def security_headers(policy: str, *, https: bool) -> list[tuple[str, str]]:
    """Return the headers that every answer carries unless it has its own."""
    headers = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        ("Cache-Control", "no-store"),
    ]
    if https:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return headers


class WithHeaders:
    """A WSGI application whose every answer carries the given headers."""

    def __init__(self, application: WSGIApplication, headers: list[tuple[str, str]]) -> None:
        self._application = application
        self._headers = headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            present = {name.lower() for name, _ in headers}
            missing = [(name, value) for name, value in self._headers if name.lower() not in present]
            return start_response(status, headers + missing, exc_info)

        return self._application(environ, start)
