"""A request's body, never longer than its route allows, whatever its headers say."""

from __future__ import annotations

from flask import Request

from api.refusals import BodyTooLarge


def read_body(request: Request, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes.

    Raises:
        BodyTooLarge: it is longer. A stated length is refused before a byte is read; a chunked body is read as far as
            one byte over the limit (Werkzeug by itself would cut it there and say nothing).
    """
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise BodyTooLarge(f"over {limit}")
    return body
