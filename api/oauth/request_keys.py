"""The public keys with which portals sign their requests."""

from __future__ import annotations

import json
from functools import lru_cache

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from api.refusals import BadClient


@lru_cache(maxsize=256)
def import_request_key(jwk: str) -> ECKey | RSAKey:
    """Return the public key that a client's requests are verified with.

    Raises:
        BadClient: no public JWK of an EC P-256 key or an RSA key of 3000 bits or more.
    """
    try:
        key = JWKRegistry.import_key(json.loads(jwk))
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise BadClient("request key: not a JWK") from error
    if key.is_private:
        raise BadClient("request key: a private key was given; only the public key is needed")
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return key
    if isinstance(key, RSAKey) and key.raw_value.key_size >= 3000:
        return key
    raise BadClient("request key: EC P-256, or RSA of at least 3000 bits")
