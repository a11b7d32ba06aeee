"""OCSP and time-stamps over HTTP. Source: RFC 6960 appendix A and RFC 5019 §6; RFC 3161 §3.4.

Bare WSGI, because a web framework takes longer over such a request than the key does (`make bench`); everything else
that the zone serves is left to the application behind.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from ca.ocsp.answer import Refusal
from ca.ocsp.request import LONGEST_REQUEST
from ca.ocsp.responder import GIVEN_AGAIN_FOR, OcspAnswer
from ca.status_parts import StatusParts
from core import addresses

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_OCSP_RESPONSE: Final = "application/ocsp-response"
_MAX_AGE: Final = int(GIVEN_AGAIN_FOR.total_seconds())  # a cache tells of a revocation so much later than the responder
_HEADERS: Final = [("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", "default-src 'none'")]
_NOT_STORED: Final = ("Cache-Control", "no-store")

_Headers = list[tuple[str, str]]
_Reply = tuple[str, _Headers, bytes]


class StatusWire:
    """Answers OCSP requests (POST and GET) and time-stamp requests (POST)."""

    def __init__(self, parts: StatusParts, rest: WSGIApplication) -> None:
        self._parts = parts
        self._rest = rest

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        path: str = environ["PATH_INFO"]
        environ["paraph.call"] = _call(path)
        if path == addresses.OCSP:
            reply = _posted(environ, "application/ocsp-request", self._ocsp)
        elif path.startswith(f"{addresses.OCSP}/"):
            reply = self._ocsp_by_get(environ, path[len(addresses.OCSP) + 1 :])
        elif path == addresses.TIME_STAMP:
            reply = _posted(environ, "application/timestamp-query", self._time_stamp)
        else:
            return self._rest(environ, start)
        status, headers, body = reply
        start(status, [*headers, *_HEADERS, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _ocsp(self, der: bytes) -> _Reply:
        return _ocsp_reply(self._parts.answer(der), [_NOT_STORED])

    def _time_stamp(self, der: bytes) -> _Reply:
        headers = [("Content-Type", "application/timestamp-reply"), _NOT_STORED]
        return "200 OK", headers, self._parts.respond(der)

    def _ocsp_by_get(self, environ: WSGIEnvironment, asked: str) -> _Reply:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _refusal("405 Method Not Allowed", "Ask by GET here.", ("Allow", "GET, HEAD"))
        try:
            answer = self._parts.answer(binascii.a2b_base64(asked.encode("latin-1"), strict_mode=True))
        except ValueError:
            answer = Refusal.MALFORMED_REQUEST
        if isinstance(answer, Refusal) or not answer.repeatable:
            return _ocsp_reply(answer, [_NOT_STORED])
        tag = f'"{hashlib.sha256(answer.der).hexdigest()}"'
        headers = _cached(answer, tag)
        if tag in environ.get("HTTP_IF_NONE_MATCH", ""):
            return "304 Not Modified", headers, b""
        return _ocsp_reply(answer, headers)


def _ocsp_reply(answer: OcspAnswer | Refusal, headers: _Headers) -> _Reply:
    body = answer.value if isinstance(answer, Refusal) else answer.der
    return "200 OK", [("Content-Type", _OCSP_RESPONSE), *headers], body


def _cached(answer: OcspAnswer, tag: str) -> _Headers:
    """Return what caches are told: RFC 5019 §6.2."""
    return [
        ("ETag", tag),
        ("Last-Modified", _http_date(answer.produced_at)),
        ("Expires", _http_date(answer.next_update)),
        ("Cache-Control", f"max-age={_MAX_AGE}, public, no-transform, must-revalidate"),
    ]


def _posted(environ: WSGIEnvironment, media_type: str, answer: Callable[[bytes], _Reply]) -> _Reply:
    if environ["REQUEST_METHOD"] != "POST":
        return _refusal("405 Method Not Allowed", "Ask by POST here.", ("Allow", "POST"))
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != media_type:
        return _refusal("415 Unsupported Media Type", f"Send {media_type}.")
    body = _body(environ)
    if body is None:
        return _refusal("413 Content Too Large", f"At most {LONGEST_REQUEST} bytes.")
    return answer(body)


def _body(environ: WSGIEnvironment) -> bytes | None:
    """Return the body, or nothing where it is too long: as much is never read."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        if int(length) > LONGEST_REQUEST:
            return None
        body: bytes = environ["wsgi.input"].read(int(length))
        return body
    if not environ.get("wsgi.input_terminated"):  # without a length the server must know where it ends: chunked
        return b""
    body = environ["wsgi.input"].read(LONGEST_REQUEST + 1)
    return None if len(body) > LONGEST_REQUEST else body


def _refusal(status: str, text: str, *headers: tuple[str, str]) -> _Reply:
    return status, [("Content-Type", "text/plain; charset=utf-8"), _NOT_STORED, *headers], f"{text}\n".encode()


def _http_date(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)


def _call(path: str) -> str:
    """Return under what a request is counted: one of four names, whatever was asked for."""
    if path in {addresses.TIME_STAMP, "/health"}:
        return path
    return addresses.OCSP if path == addresses.OCSP or path.startswith(f"{addresses.OCSP}/") else "file"
