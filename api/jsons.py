"""JSON bodies in and out: strict in, compact out."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from flask import Request, Response

from api.bodies import read_body
from api.refusals import BodyMalformed, MediaTypeUnsupported
from core import strict_json
from core.errors import Malformed

MEDIA_TYPE: Final = "application/json;charset=UTF-8"  # CSC API v2 §10; some clients refuse any other media type
_encoder: Final = msgspec.json.Encoder()


def json_response(body: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON answer that nobody keeps. Bytes in it become padded base64 (RFC 4648 §4)."""
    return Response(_encoder.encode(body), status, {"Cache-Control": "no-store"}, content_type=MEDIA_TYPE)


def read_json(request: Request, limit: int) -> strict_json.Json:
    """Return the JSON object in a request's body, of at most `limit` bytes; an empty body counts as `{}`.

    Raises:
        MediaTypeUnsupported: not application/json, or compressed.
        BodyMalformed: not one JSON object, or one that two readers might read differently.
    """
    body = read_body(request, limit)
    if not body:
        return {}
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding"):
        raise MediaTypeUnsupported(request.mimetype[:60])
    try:
        return strict_json.loads(body)
    except Malformed as error:
        raise BodyMalformed(error.detail) from error
