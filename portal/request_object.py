"""What the portal asks of the service, signed with its own key so that nobody on the way can change it (RFC 9101).

The documents are named by the digests of their bytes as the portal holds them (`hashType` sodr, CSC API v2.2), and the
citizen by an `account_token` (CSC API v2 §8.2.1).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from portal.connection import Client
from portal.entropy import Entropy, new_token
from portal.errors import PortalError

_LIFE: Final = timedelta(minutes=5)
_TYPE: Final = "https://cloudsignatureconsortium.org/2025/credential"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_SHA384: Final = "2.16.840.1.101.3.4.2.2"
_SHA512: Final = "2.16.840.1.101.3.4.2.3"
_NAMES: Final = {_SHA256: "sha256", _SHA384: "sha384", _SHA512: "sha512"}
# signAlgo → hash, signAlgoParams: only algorithms that fix both (ETSI TS 119 312)
_ALGORITHMS: Final[dict[str, tuple[str, str | None]]] = {
    "1.2.840.10045.4.3.2": (_SHA256, None),  # ecdsa-with-SHA256
    "1.2.840.10045.4.3.3": (_SHA384, None),
    "1.2.840.10045.4.3.4": (_SHA512, None),
    "1.2.840.113549.1.1.11": (_SHA256, None),  # sha256WithRSAEncryption
    "1.2.840.113549.1.1.12": (_SHA384, None),
    "1.2.840.113549.1.1.13": (_SHA512, None),
    "1.2.840.113549.1.1.10": (  # RSASSA-PSS, here with SHA-256, MGF1 of it, salt of 32 bytes
        _SHA256,
        "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg",
    ),
}


class AlgorithmUnknown(PortalError):
    """The credential's key wants an algorithm that the portal does not use."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One authorization as the portal asks for it."""

    credential: str
    sign_algo: str
    documents: tuple[tuple[str, bytes], ...]  # name and digest (see `hash_name`), in order
    account: str
    redirect_uri: str
    state: str
    verifier: str
    language: str


def algorithm_parameters(sign_algo: str) -> str | None:
    """Return signAlgoParams for an algorithm, base64 DER; None when it has none.

    Raises:
        AlgorithmUnknown: not one we use.
    """
    return _algorithm(sign_algo)[1]


def hash_name(sign_algo: str) -> str:
    """Return the name of the hash algorithm that belongs to a signature algorithm, as `hashlib` spells it.

    Raises:
        AlgorithmUnknown: not one we use.
    """
    return _NAMES[_algorithm(sign_algo)[0]]


def request_object(asked: Asked, client: Client, key: ECKey, audience: str, now: datetime, entropy: Entropy) -> str:
    """Return the signed request, a compact JWS good for five minutes.

    Raises:
        AlgorithmUnknown: the credential's algorithm is not one we use.
    """
    claims: dict[str, Any] = {
        "iss": client.client_id,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + _LIFE).timestamp()),
        "jti": new_token(entropy),
        "client_id": client.client_id,
        "response_type": "code",
        "redirect_uri": asked.redirect_uri,
        "scope": "credential",
        "state": asked.state,
        "code_challenge": _challenge(asked.verifier),
        "code_challenge_method": "S256",
        "authorization_details": details(asked),
        "account_token": account_token(client, asked.account, now, entropy),
        "lang": asked.language,
    }
    return jwt.encode({"alg": "ES256", "typ": "oauth-authz-req+jwt"}, claims, key, algorithms=["ES256"])


def details(asked: Asked) -> list[dict[str, Any]]:
    """Return `authorization_details`: the credential, the algorithm, and each document's digest with its name."""
    oid, _ = _algorithm(asked.sign_algo)
    return [
        {
            "type": _TYPE,
            "credentialID": asked.credential,
            "numSignatures": len(asked.documents),
            "hashAlgorithmOID": oid,
            "signAlgo": asked.sign_algo,
            "documentDigests": [
                {"hash": base64.b64encode(digest).decode(), "hashType": "sodr", "label": name}
                for name, digest in asked.documents
            ],
        }
    ]


def account_token(client: Client, account: str, now: datetime, entropy: Entropy) -> str:
    """Return our word about who is at the browser, under a key derived from the client secret."""
    claims = {"sub": account, "iat": int(now.timestamp()), "jti": new_token(entropy), "azp": client.client_id}
    key = OctKey.import_key(client.account_key)
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, key, algorithms=["HS256"])


def _algorithm(sign_algo: str) -> tuple[str, str | None]:
    try:
        return _ALGORITHMS[sign_algo]
    except KeyError as error:
        raise AlgorithmUnknown(sign_algo) from error


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
