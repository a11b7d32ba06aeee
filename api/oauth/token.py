"""The token endpoint: which grants there are, and what each one gives (RFC 6749 §5, CSC API v2 §8.2.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from api.forms import Form
from api.keys import WebKeys
from api.oauth import tokens
from api.oauth.authentication import Authentication
from api.oauth.clients import Client, Scope
from api.oauth.codes import Codes
from api.refusals import InvalidOauthParameter, MissingOauthParameter, ScopeNotAllowed
from core.clock import Clock
from core.entropy import Entropy, new_token
from storage.engine import Database

SERVICE_LIFE: Final = timedelta(hours=1)
PREFIX: Final = "svc_"  # tells a service token from a SAD at sight, in a log search say
LIMIT: Final = 200_000  # bytes of the form: authorization_details may be repeated in it


class TokenEndpoint:
    """Gives access tokens to clients."""

    def __init__(
        self,
        database: Database,
        authentication: Authentication,
        codes: Codes,
        keys: WebKeys,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._codes = codes
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def exchange(self, form: Form, authorization: str | None) -> dict[str, Any]:
        """Return the token response for a token request.

        Raises:
            DomainError: the client, the grant or its parameters cannot be accepted.
        """
        grant = form.get("grant_type")
        if grant is None:
            raise MissingOauthParameter("grant_type")
        client = self._authentication.client_of(form, authorization)
        match grant:
            case "authorization_code":
                return self._for_code(client, form)
            case "client_credentials":
                return self._for_client(client, form)
        raise InvalidOauthParameter("grant_type")

    def _for_code(self, client: Client, form: Form) -> dict[str, Any]:
        grant = self._codes.redeem(client, form)
        return {
            "access_token": grant.access_token,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
            "credentialID": grant.credential,
            "authorization_details": [grant.element],
        }

    def _for_client(self, client: Client, form: Form) -> dict[str, Any]:
        if form.get("scope", Scope.SERVICE) != Scope.SERVICE or Scope.SERVICE not in client.scopes:
            raise ScopeNotAllowed(form.get("scope", "")[:40])
        value = PREFIX + new_token(self._entropy)
        until = self._clock.now() + SERVICE_LIFE
        with self._database.transaction() as connection:
            tokens.add(connection, self._keys, value, tokens.Token(client.client, "service", None, until, None))
        return {"access_token": value, "token_type": "Bearer", "expires_in": int(SERVICE_LIFE.total_seconds())}
