"""How a client says who it is at the OAuth endpoints: by HTTP Basic or in the form, one of them at a time.

Source: RFC 6749 §2.3.1; CSC API v2 §8.2.4 for what is missing or wrong. A secret has 256 random bits, so there is no
guessing to be slowed down.
"""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

from api.forms import Form
from api.oauth.clients import Client, Clients
from api.refusals import ClientAmbiguous, ClientUnauthenticated, MissingOauthParameter


def authenticate(clients: Clients, authorization: str | None, form: Form) -> Client:
    """Return the client that sent this form.

    Raises:
        MissingOauthParameter, ClientUnauthenticated: nothing says who it is, or nothing proves it.
        ClientAmbiguous: Basic and form at once, or two client ids (attack P14).
        InvalidOauthParameter: no such client, or another secret.
    """
    in_form, secret = form.get("client_id"), form.get("client_secret")
    if authorization is None:
        if in_form is None:
            raise MissingOauthParameter("client_id")
        if secret is None:
            raise ClientUnauthenticated
        return clients.authenticate(in_form, secret)
    if secret is not None or "client_assertion" in form:
        raise ClientAmbiguous("two methods")
    client, secret = _basic(authorization)
    if in_form is not None and in_form != client:
        raise ClientAmbiguous("two client ids")
    return clients.authenticate(client, secret)


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
