"""The request object a portal pushes: its signed word (RFC 9101). Verified here to answer early; the SAM verifies it again.

The header chooses nothing: algorithms are ES256 and PS256, the key is the registered one, the type must be said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError

from api.oauth.request_keys import import_request_key
from api.refusals import RequestObjectRefused
from core import strict_json
from core.errors import Malformed

ALGORITHMS: Final = ["ES256", "PS256"]
_TYPE: Final = "oauth-authz-req+jwt"
_LIFE: Final = 600  # seconds from iat to exp
_SKEW: Final = 60  # seconds between the portal's clock and ours
_LONGEST: Final = 250_000  # characters: what the SAM's message may hold


def verify(token: str, request_key: str, client: str, audience: str, now: datetime) -> strict_json.Json:
    """Return the claims of a request object.

    Raises:
        RequestObjectRefused: not this client's, not for us, not now, or it holds what may not be in it.
    """
    claims = _claims(token, request_key)
    if not (claims.get("iss") == claims.get("client_id") == client):
        raise RequestObjectRefused("issuer")
    if claims.get("aud") != audience:  # one string, ours: no array to slip us into (attack P14)
        raise RequestObjectRefused("audience")
    _check_times(claims.get("iat"), claims.get("exp"), int(now.timestamp()))
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise RequestObjectRefused("jti")
    if "request" in claims or "request_uri" in claims:  # RFC 9101 §4
        raise RequestObjectRefused("a request inside")
    return claims


def _claims(token: str, request_key: str) -> strict_json.Json:
    if len(token) > _LONGEST:
        raise RequestObjectRefused("too long")
    try:
        signed = jws.deserialize_compact(token, import_request_key(request_key), algorithms=ALGORITHMS)
        if signed.headers().get("typ") != _TYPE:
            raise RequestObjectRefused("type")
        return strict_json.loads(signed.payload or b"")
    except (JoseError, ValueError, TypeError, Malformed) as error:
        raise RequestObjectRefused(type(error).__name__) from error


def _check_times(issued_at: object, expires_at: object, now: int) -> None:
    if type(issued_at) is not int or type(expires_at) is not int:
        raise RequestObjectRefused("time")
    if issued_at > now + _SKEW or now >= expires_at + _SKEW or not 0 < expires_at - issued_at <= _LIFE:
        raise RequestObjectRefused("time")
