"""How a client says who it is at the OAuth endpoints: HTTP Basic, the form, or an assertion; one of them at a time.

Source: RFC 6749 §2.3.1, RFC 7523 §2.2; CSC API v2 §8.2.4 for what is missing or wrong. A secret has 256 random bits, so
there is no guessing to be slowed down. Each client has one way: a secret, or the key it registered.
"""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

from api.forms import Form
from api.keys import WebKeys
from api.limits.rules import RateLimits
from api.oauth import assertions
from api.oauth.clients import Client, Clients
from api.refusals import (
    ClientAmbiguous,
    ClientAssertionInvalid,
    ClientUnauthenticated,
    InvalidOauthParameter,
    MissingOauthParameter,
)
from core.clock import Clock
from storage.engine import Database


class Authentication:
    """Tells who sent a form to an OAuth endpoint, and counts the request as theirs. `audience` is our issuer."""

    def __init__(
        self, database: Database, clients: Clients, limits: RateLimits, keys: WebKeys, clock: Clock, audience: str
    ) -> None:
        self._database = database
        self._clients = clients
        self._limits = limits
        self._keys = keys
        self._clock = clock
        self._audience = audience

    def client_of(self, form: Form, authorization: str | None) -> Client:
        """Return the client that sent this form.

        Raises:
            MissingOauthParameter, ClientUnauthenticated: nothing says who it is, or nothing proves it.
            ClientAmbiguous: two ways at once, or two client ids (attack P14).
            InvalidOauthParameter: no such client, or another secret.
            ClientAssertionInvalid: an assertion that proves nothing, or a client whose way is another.
            TooManyRequests: it has had as many as it may.
        """
        client = self._proven(form, authorization)
        self._limits.of_client(client)
        return client

    def _proven(self, form: Form, authorization: str | None) -> Client:
        in_form, secret, assertion = (form.get(name) for name in ("client_id", "client_secret", "client_assertion"))
        if sum(way is not None for way in (authorization, secret, assertion)) > 1:
            raise ClientAmbiguous("two methods")
        if assertion is not None:
            return self._by_assertion(assertion, form.get("client_assertion_type"), in_form)
        if authorization is not None:
            client, secret = _basic(authorization)
            if in_form not in {None, client}:
                raise ClientAmbiguous("two client ids")
            return self._clients.authenticate(client, secret)
        if in_form is None:
            raise MissingOauthParameter("client_id")
        if secret is None:
            raise ClientUnauthenticated
        return self._clients.authenticate(in_form, secret)

    def _by_assertion(self, assertion: str, kind: str | None, in_form: str | None) -> Client:
        if kind != assertions.TYPE:
            raise ClientAssertionInvalid("client_assertion_type")
        name = assertions.claimed_client(assertion)
        if in_form not in {None, name}:
            raise ClientAmbiguous("two client ids")
        try:
            client = self._clients.get(name)
        except InvalidOauthParameter as error:
            raise ClientAssertionInvalid("no such client") from error
        if client.auth_key is None:
            raise ClientAssertionInvalid("this client has no key")
        proof = assertions.verify(assertion, client.auth_key, client.client, self._audience, self._clock.now())
        with self._database.transaction() as connection:
            assertions.use_once(connection, self._keys, client.client, proof)
        return client


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise ClientUnauthenticated("scheme")
    try:
        client, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError as error:
        raise ClientUnauthenticated("Authorization header") from error
    if not (client and colon and secret):
        raise ClientUnauthenticated("Authorization header")
    return unquote_plus(client), unquote_plus(secret)
