"""A client proves itself with a key of its own: `private_key_jwt` (RFC 7523 §2.2, §3; RFC 7521 §4.2).

1. One key, the registered one, and its one algorithm; nothing in the header chooses. A request object, signed with the same
   key perhaps, is no assertion: the types differ.
2. Issuer and subject are the client, the audience is our issuer as a single string (attack P14), and no endpoint's address:
   what was sent to another server, or for another purpose, is of no use here.
3. It lives ten minutes at most, and counts once among all workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from api.keys import Purpose, WebKeys
from api.oauth.request_keys import import_request_key
from api.refusals import BadClient, ClientAssertionInvalid
from api.tables import used_jtis
from core import base64url, strict_json
from core.errors import Malformed

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ["ES256", "PS256"]
_TYPES: Final = ("jwt", "client-authentication+jwt")
_LONGEST: Final = 8192  # characters
_LIFE: Final = timedelta(minutes=10)
_SKEW: Final = timedelta(seconds=60)
_LONGEST_ID: Final = 128
_INSERT: Final = insert(used_jtis)


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that verified; the caller must `use_once`."""

    jti: str
    expires_at: datetime


def claimed_client(token: str) -> str:
    """Return whose assertion this says it is: nothing is proven yet.

    Raises:
        ClientAssertionInvalid: it says nothing.
    """
    try:
        if len(token) > _LONGEST:
            raise ClientAssertionInvalid("size")
        subject = strict_json.loads(base64url.decode(token.split(".")[1])).get("sub")
    except (IndexError, Malformed) as error:
        raise ClientAssertionInvalid("form") from error
    if not isinstance(subject, str):
        raise ClientAssertionInvalid("sub")
    return subject


def verify(token: str, key: str, client: str, audience: str, now: datetime) -> Assertion:
    """Return what an assertion proves with a client's public key (JWK).

    Raises:
        ClientAssertionInvalid: any rule above is broken.
    """
    claims = _claims(token, key)
    if not (claims.get("iss") == claims.get("sub") == client):
        raise ClientAssertionInvalid("iss, sub")
    if claims.get("aud") != audience:
        raise ClientAssertionInvalid("aud")
    expires_at = _expiry(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
        raise ClientAssertionInvalid("jti")
    return Assertion(jti, expires_at)


def use_once(connection: Connection, keys: WebKeys, client: str, assertion: Assertion) -> None:
    """Note in the caller's transaction that an assertion was used.

    Raises:
        ClientAssertionInvalid: it was used before.
    """
    mac = keys.mac(Purpose.ASSERTION_JTI, f"{client}:{assertion.jti}")
    try:
        connection.execute(_INSERT, {"jti_mac": mac, "expires_at": assertion.expires_at + _SKEW})
    except IntegrityError:
        raise ClientAssertionInvalid("used before") from None


def _claims(token: str, key: str) -> strict_json.Json:
    try:
        signed = jws.deserialize_compact(token, import_request_key(key), algorithms=ALGORITHMS)
        if str(signed.headers().get("typ", "JWT")).lower() not in _TYPES:
            raise ClientAssertionInvalid("typ")
        return strict_json.loads(signed.payload or b"")
    except (JoseError, ValueError, TypeError, Malformed, BadClient) as error:
        raise ClientAssertionInvalid(type(error).__name__) from error


def _expiry(claims: strict_json.Json, now: datetime) -> datetime:
    expires_at = _instant(claims.get("exp"))
    if now >= expires_at + _SKEW or expires_at > now + _LIFE + _SKEW:
        raise ClientAssertionInvalid("exp")
    for name in ("iat", "nbf"):
        if claims.get(name) is not None and _instant(claims[name]) > now + _SKEW:
            raise ClientAssertionInvalid(name)
    return expires_at


def _instant(value: object) -> datetime:
    if type(value) is not int or not 0 < value < 10**11:
        raise ClientAssertionInvalid("time")
    return datetime.fromtimestamp(value, UTC)
