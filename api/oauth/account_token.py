"""The `account_token`: the portal's word about which of its accounts is at the browser (CSC API v2 §8.2.1).

1. One algorithm, HS256, and one key: SHA-256 of the authenticated client's secret. Nothing in the header chooses.
2. Size is checked before anything is parsed; repeated JSON keys are refused (attack P2).
3. `azp` is the client, `iat` within a minute of now, and each `jti` counts once among all workers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from api.keys import Purpose, WebKeys
from api.refusals import AccountTokenInvalid
from api.tables import used_jtis
from core import base64url, strict_json
from core.errors import Malformed
from core.secret import Secret
from core.types import AccountId, ClientId

_LONGEST: Final = 4096  # characters
_FRESH: Final = timedelta(seconds=60)
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}
_INSERT: Final = insert(used_jtis)


def verify(token: object, client: ClientId, key: Secret, now: datetime) -> tuple[AccountId, str]:
    """Return the account a token names, and the token's id, which the caller must `use_once`.

    Raises:
        AccountTokenInvalid: any rule above is broken.
    """
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST:
        raise AccountTokenInvalid("size")
    claims = _verified_claims(token, key)
    if claims.get("azp") != client:
        raise AccountTokenInvalid("azp")
    _check_fresh(claims.get("iat"), now)
    return AccountId(_text(claims, "sub", 255)), _text(claims, "jti", 255)


def use_once(connection: Connection, keys: WebKeys, client: ClientId, jti: str, now: datetime) -> None:
    """Note in the caller's transaction that a token was used.

    Raises:
        AccountTokenInvalid: it was used before.
    """
    mac = keys.mac(Purpose.ACCOUNT_JTI, f"{client}:{jti}")
    try:
        connection.execute(_INSERT, {"jti_mac": mac, "expires_at": now + 3 * _FRESH})
    except IntegrityError:
        raise AccountTokenInvalid("used before") from None


def _verified_claims(token: str, key: Secret) -> strict_json.Json:
    try:
        header = strict_json.loads(base64url.decode(token.split(".", 1)[0]))
        if header != _HEADER:
            raise AccountTokenInvalid("header")
        signed = jws.deserialize_compact(token, OctKey.import_key(key.reveal()), algorithms=["HS256"])
        return strict_json.loads(signed.payload)
    except (JoseError, ValueError, Malformed) as error:
        raise AccountTokenInvalid(type(error).__name__) from error


def _check_fresh(issued_at: object, now: datetime) -> None:
    if type(issued_at) is not int or abs(issued_at - now.timestamp()) > _FRESH.total_seconds():
        raise AccountTokenInvalid("iat")


def _text(claims: strict_json.Json, name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise AccountTokenInvalid(name)
    return value
