"""The files that the `status` zone serves as they are: revocation lists and issuer certificates.

It only reads what the authority published.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ca import crl, protocol, publication
from ca.draft import Issuer
from ca.generations import pinned
from core import addresses
from core.errors import Unavailable

_CRL_TYPE: Final = "application/pkix-crl"  # RFC 2585 §4.2
_CERTIFICATE_TYPE: Final = "application/pkix-cert"  # RFC 2585 §4.1
_DOCUMENT_TYPE: Final = "application/pdf"
_LIST_TYPE: Final = "application/vnd.etsi.tsl+xml"  # as lists of lists name it: TS 119 612 §5.3.13
_STALE_AFTER: Final = timedelta(hours=24)  # CSS-6.3.9-05: published at least so often


class NotPublished(Unavailable):
    """A file that the authority must have published is not there."""


class ListStale(Unavailable):
    """A revocation list that is over, or that the authority should have replaced."""


@dataclass(frozen=True, slots=True)
class _Resource:
    file: str
    media_type: str
    cached_for: timedelta


_RESOURCES: Final = {
    addresses.ROOT_CRL: _Resource(publication.ROOT_CRL, _CRL_TYPE, timedelta(hours=1)),
    addresses.TRUSTED_LIST: _Resource(publication.TRUSTED_LIST, _LIST_TYPE, timedelta(hours=1)),
    addresses.PRACTICE_STATEMENT: _Resource(publication.PRACTICE_STATEMENT, _DOCUMENT_TYPE, timedelta(hours=1)),
    **{
        addresses.DISCLOSURE_STATEMENT.format(language): _Resource(file, _DOCUMENT_TYPE, timedelta(hours=1))
        for language, file in publication.DISCLOSURE_STATEMENTS.items()
    },
    addresses.ROOT_CERTIFICATE: _Resource(publication.ROOT_CERTIFICATE, _CERTIFICATE_TYPE, timedelta(days=1)),
}


def serve_files(app: Flask, published: Path) -> None:
    """Add the addresses of the published files."""
    for path, resource in _RESOURCES.items():

        def get(resource: _Resource = resource) -> ResponseReturnValue:
            return _answer(read(published, resource.file), resource)

        app.add_url_rule(path, endpoint=resource.file, view_func=get)

    @app.get("/crl/<name>.crl")
    def issuing_crl(name: str) -> ResponseReturnValue:
        # A revocation is on a new list at once: caches ask again soon, and are answered 304 when there is none.
        file = publication.issuing_crl(_published_generation(published, name))
        return _answer(read(published, file), _Resource(file, _CRL_TYPE, timedelta(minutes=10)))

    @app.get("/ca/<name>.crt")
    def issuing_certificate(name: str) -> ResponseReturnValue:
        file = publication.issuing_certificate(_published_generation(published, name))
        return _answer(read(published, file), _Resource(file, _CERTIFICATE_TYPE, timedelta(days=1)))


def read(published: Path, name: str) -> bytes:
    """Return a published file.

    Raises:
        NotPublished: it is not there.
    """
    try:
        return (published / name).read_bytes()
    except OSError as error:
        raise NotPublished(f"{name}: {error.strerror}") from error


def check_lists(published: Path, now: datetime) -> list[int]:
    """Prove that a relying party gets what it needs: all lists are there, fresh, and signed by their authorities.

    Return the generations of the issuing CA that go on issuing lists.

    Raises:
        NotPublished, ListStale, PublishedCrlBroken: what it would not get.
    """
    generations = sorted(pinned(published)) or [addresses.FIRST]
    last = {
        each: _check_list(
            published,
            publication.issuing_certificate(each),
            publication.issuing_crl(each),
            now,
            _STALE_AFTER,
        )
        for each in generations
    }
    _check_list(published, publication.ROOT_CERTIFICATE, publication.ROOT_CRL, now, crl.ROOT_LIFE)
    return [each for each in generations if not last[each]]


def _check_list(published: Path, certificate: str, name: str, now: datetime, stale_after: timedelta) -> bool:
    """Check a list; return whether it is its issuer's last one, which does not become stale."""
    try:
        issuer = Issuer.of(x509.load_der_x509_certificate(read(published, certificate)))
    except ValueError as error:
        raise NotPublished(f"{certificate}: {error}") from error
    found = crl.read(read(published, name), issuer)
    if found.next_update_utc == protocol.NEVER:
        return True
    if found.next_update_utc is None or now >= found.next_update_utc or now - found.last_update_utc > stale_after:
        raise ListStale(f"{name}: of {found.last_update_utc}")
    return False


def _published_generation(published: Path, name: str) -> int:
    """Return the generation that a path names.

    Raises:
        NotFound: there is no such name, or no such generation.
    """
    number = addresses.generation_of(name)
    if number is None or (number != addresses.FIRST and number not in pinned(published)):
        raise NotFound
    return number


def _answer(data: bytes, resource: _Resource) -> Response:
    response = Response(data, mimetype=resource.media_type)
    response.set_etag(hashlib.sha256(data).hexdigest())
    response.cache_control.public = True
    response.cache_control.max_age = int(resource.cached_for.total_seconds())
    response.make_conditional(request)
    return response
