"""The portal's word: an authorization request that the portal itself signed (RFC 9101, design §2.1).

`web` only carries it. The signature is verified here with the key in the portal's sealed record; nothing in the header
chooses key or algorithm. What it asks is read from its payload alone (attacks W2, P8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from sqlalchemy import Connection, bindparam, delete, insert
from sqlalchemy.exc import IntegrityError

from core import base64url, strict_json
from core.authorization_details import SignatureRequest, read
from core.errors import Malformed
from signer.sam.errors import RequestObjectInvalid
from signer.sam.policy import REQUEST_LIFE, REQUEST_SKEW
from signer.sam.portals import Portal, request_key
from signer.sam.tables import request_ids

_ALGORITHMS: Final = ["ES256", "PS256"]
_TYPE: Final = "oauth-authz-req+jwt"
_LONGEST_ID: Final = 128
# Built once: putting a statement together costs more than running it.
_FORGET: Final = delete(request_ids).where(request_ids.c.expires_at < bindparam("before"))
_USE: Final = insert(request_ids)
_UNUSE: Final = delete(request_ids).where(
    request_ids.c.client == bindparam("of"), request_ids.c.jti == bindparam("used")
)


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """What a portal asked, whoever vouches for it. `account` is empty when the portal named none."""

    request: SignatureRequest
    account: str
    jti: str
    expires_at: datetime


def verify_request_object(token: str, portal: Portal, audience: str, now: datetime) -> PortalRequest:
    """Return what the portal asked, after checking that it was this portal, for us, and now.

    Raises:
        RequestObjectInvalid: wrong signature, type, issuer, audience or time.
        Malformed: its payload is not what it should be.
    """
    claims = strict_json.loads(_verified_payload(token, portal))
    if not (claims.get("iss") == claims.get("client_id") == portal.client):
        raise RequestObjectInvalid("issuer")
    if claims.get("aud") != audience:
        raise RequestObjectInvalid("audience")
    expires_at = _check_times(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
        raise RequestObjectInvalid("jti")
    return PortalRequest(read(claims.get("authorization_details")), _account(claims, portal), jti, expires_at)


def use_once(connection: Connection, portal: Portal, asked: PortalRequest, now: datetime) -> None:
    """Note that a request was used, in the transaction that acts on it.

    Raises:
        RequestObjectInvalid: it was used before.
    """
    connection.execute(_FORGET, {"before": now - REQUEST_SKEW})
    try:
        connection.execute(_USE, {"client": portal.client, "jti": asked.jti, "expires_at": asked.expires_at})
    except IntegrityError:
        raise RequestObjectInvalid("used before") from None


def unuse(connection: Connection, portal: Portal, asked: PortalRequest) -> None:
    """Let a request be used again that came to nothing through no fault of signatory or portal."""
    connection.execute(_UNUSE, {"of": portal.client, "used": asked.jti})


def _verified_payload(token: str, portal: Portal) -> bytes:
    if portal.request_key_jwk is None:
        raise RequestObjectInvalid("this portal has no request key")
    try:
        signed = jws.deserialize_compact(token, request_key(portal.request_key_jwk), algorithms=_ALGORITHMS)
    except (JoseError, ValueError, TypeError) as error:
        raise RequestObjectInvalid(f"signature: {type(error).__name__}") from error
    if signed.headers().get("typ") != _TYPE:
        raise RequestObjectInvalid("type")
    return signed.payload


def _check_times(claims: strict_json.Json, now: datetime) -> datetime:
    issued_at, expires_at = _instant(claims.get("iat")), _instant(claims.get("exp"))
    if issued_at > now + REQUEST_SKEW or now >= expires_at + REQUEST_SKEW:
        raise RequestObjectInvalid("time")
    if expires_at - issued_at > REQUEST_LIFE:
        raise RequestObjectInvalid("lives too long")
    return expires_at


def _instant(value: Any) -> datetime:
    if type(value) is not int:
        raise RequestObjectInvalid("time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise RequestObjectInvalid("time") from error


def _account(claims: strict_json.Json, portal: Portal) -> str:
    """Return the account the portal speaks for. Its token stands under the portal's signature; `web` checks its MAC too."""
    token = claims.get("account_token")
    if token is None:
        return ""
    try:
        payload = strict_json.loads(base64url.decode(token.split(".")[1]))
    except (AttributeError, IndexError) as error:
        raise Malformed("account_token") from error
    if payload.get("azp") != portal.client or not isinstance(payload.get("sub"), str):
        raise RequestObjectInvalid("account_token")
    return str(payload["sub"])
