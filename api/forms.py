"""Form bodies of the OAuth endpoints and pages: every name once, only from the body, never from the query."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Request

from api.bodies import read_body
from api.refusals import BodyMalformed, MediaTypeUnsupported, RepeatedField

Form = dict[str, str]
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 50


def read_form(request: Request, limit: int) -> Form:
    """Return the form in a request's body, of at most `limit` bytes.

    Raises:
        MediaTypeUnsupported: not a form.
        BodyMalformed: not UTF-8, too many fields.
        RepeatedField: a name is there twice (RFC 6749 §3.1).
    """
    if request.mimetype != _MEDIA_TYPE or request.headers.get("Content-Encoding"):
        raise MediaTypeUnsupported(request.mimetype[:60])
    body = read_body(request, limit)
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError as error:
        raise BodyMalformed("form") from error
    return once(pairs)


def read_query(request: Request) -> Form:
    """Return the query's parameters.

    Raises:
        RepeatedField: a name is there twice.
    """
    return once(list(request.args.items(multi=True)))


def once(pairs: list[tuple[str, str]]) -> Form:
    """Return the pairs as a dictionary; a parameter sent without a value counts as absent (RFC 6749 §3.1).

    Raises:
        RepeatedField: a name is there twice.
    """
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RepeatedField("parameter")
    return {name: value for name, value in fields.items() if value}
