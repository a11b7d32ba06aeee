"""What the authorization server says of itself (RFC 8414, RFC 9126 §5, RFC 9101 §10.5, RFC 9396 §10, RFC 9207 §3)."""

from __future__ import annotations

from typing import Any

from api.oauth import assertions, pkce, request_object
from core.authorization_details import TYPES


def metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of the server whose issuer identifier is this origin."""
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth2/pushed_authorize",
        "require_pushed_authorization_requests": True,
        "scopes_supported": ["service", "credential"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertions.ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions.ALGORITHMS,
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_details_types_supported": list(TYPES),
        "request_object_signing_alg_values_supported": request_object.ALGORITHMS,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["ro", "en"],
    }
