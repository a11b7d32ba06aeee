"""Pushed authorization requests: the only way in (RFC 9126, RFC 9101, RFC 9396).

1. The client authenticates before anything else is read.
2. A client with a registered request key must push a request object, and then only what stands in it counts; parameters
   beside it are not read. A client without one pushes plain parameters: the lower trust mode, marked as such.
3. Everything is judged here, before a page exists, so no error has to be sent to a redirect URI that was not checked.
4. The request URI is 256 random bits, bound to the client, good for five minutes, and consumed when the signatory opens
   the transaction: a GET by a link scanner consumes nothing (attack P4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api.forms import Form
from api.keys import Purpose, WebKeys
from api.limits.rules import RateLimits
from api.oauth import account_token, authorizations, pkce, request_object
from api.oauth.authentication import Authentication
from api.oauth.authorizations import Asked
from api.oauth.clients import Client, Clients, Scope
from api.refusals import (
    DetailsInvalid,
    InvalidOauthParameter,
    MissingOauthParameter,
    RequestObjectRefused,
    ResponseTypeUnsupported,
    ScopeNotAllowed,
)
from core import strict_json
from core.authorization_details import SignatureRequest, read
from core.clock import Clock
from core.entropy import Entropy, new_id, new_token
from core.errors import DomainError, Malformed
from storage.engine import Database

URN: Final = "urn:ietf:params:oauth:request_uri:"
LIFE: Final = timedelta(minutes=5)
LIMIT: Final = 280_000  # bytes of the form; the SAM's message may have 300,000
_STATE: Final = re.compile(r"[\x20-\x7e]{0,500}")  # RFC 6749 appendix A.5
_PROOFS: Final = ("client_secret", "client_assertion", "client_assertion_type")
_CLASSIC: Final = ("credentialID", "signatureQualifier", "hashes", "hashAlgorithmOID", "numSignatures")


@dataclass(frozen=True, slots=True)
class Pushed:
    """The answer to a pushed request."""

    request_uri: str
    expires_in: int  # seconds


class PushedRequests:
    """Takes authorization requests from portals' back ends."""

    def __init__(
        self,
        database: Database,
        authentication: Authentication,
        clients: Clients,
        limits: RateLimits,
        keys: WebKeys,
        clock: Clock,
        entropy: Entropy,
        audience: str,
        multisign: int,
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._clients = clients
        self._limits = limits
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._audience = audience
        self._multisign = multisign

    def push(self, form: Form, authorization: str | None) -> Pushed:
        """Check a request and keep it.

        Raises:
            DomainError: the client is not who it says, or the request cannot be granted.
        """
        client = self._authentication.client_of(form, authorization)
        now = self._clock.now()
        claims, signed = self._claims(client, form, now)
        key = self._clients.account_key(client)
        if claims.get("account_token") is None:
            raise MissingOauthParameter("account_token")
        account, jti = account_token.verify(claims["account_token"], client.client, key, now)
        asked = self._asked(client, claims, account, signed)
        self._limits.of_push(client, account, len(asked.signature_request.digests))
        return self._keep(client, asked, jti, now)

    def _claims(self, client: Client, form: Form, now: datetime) -> tuple[dict[str, Any], str | None]:
        if "request_uri" in form:  # RFC 9126 §2.1
            raise InvalidOauthParameter("request_uri")
        signed = form.get("request")
        if client.request_key is None:
            if signed is not None:
                raise RequestObjectRefused("this client has no request key")
            return _plain(form), None
        if signed is None:
            raise MissingOauthParameter("request")
        return request_object.verify(signed, client.request_key, client.client, self._audience, now), signed

    def _asked(self, client: Client, claims: dict[str, Any], account: str, signed: str | None) -> Asked:
        redirect_uri = _redirect_uri(client, claims.get("redirect_uri"))
        if claims.get("response_type") != "code":
            raise ResponseTypeUnsupported(str(claims.get("response_type"))[:40])
        if claims.get("scope") not in (None, Scope.CREDENTIAL) or Scope.CREDENTIAL not in client.scopes:
            raise ScopeNotAllowed(str(claims.get("scope"))[:40])
        if any(name in claims for name in _CLASSIC):  # two places that could disagree (attack P8)
            raise DetailsInvalid("classic parameters beside authorization_details")
        check_details(claims.get("authorization_details"), self._multisign)
        return Asked(
            client_name=client.name,
            redirect_uri=redirect_uri,
            state=_state(claims.get("state")),
            code_challenge=pkce.read_challenge(claims.get("code_challenge"), claims.get("code_challenge_method")),
            language=_language(claims.get("lang")),
            account=account,
            element=claims["authorization_details"][0],
            request_object=signed,
        )

    def _keep(self, client: Client, asked: Asked, jti: str, now: datetime) -> Pushed:
        name = new_token(self._entropy)
        mac = self._keys.mac(Purpose.REQUEST_URI, URN + name)
        handle = new_id(self._entropy, "a")
        with self._database.transaction() as connection:
            account_token.use_once(connection, self._keys, client.client, jti, now)
            authorizations.add(connection, mac, handle, client.client, asked, now + LIFE)
        return Pushed(URN + name, int(LIFE.total_seconds()))


def check_details(details: object, multisign: int) -> SignatureRequest:
    """Return what `authorization_details` ask for.

    Raises:
        DetailsInvalid: they cannot be granted. Source: RFC 9396 §5.
    """
    if details is None:
        raise MissingOauthParameter("authorization_details")
    try:
        asked = read(details)
    except DomainError as error:
        raise DetailsInvalid(error.detail) from error
    if len(asked.digests) > multisign:
        raise DetailsInvalid(f"{len(asked.digests)} digests, at most {multisign}")
    return asked


def read_details(text: str) -> list[Any]:
    """Return the JSON array of an `authorization_details` form field.

    Raises:
        DetailsInvalid: not a JSON array, or one with the liberties that `core.strict_json` refuses.
    """
    try:
        wrapped = strict_json.loads(b'{"details":' + text.encode() + b"}")
    except (Malformed, UnicodeEncodeError) as error:
        raise DetailsInvalid("JSON") from error
    if wrapped.keys() != {"details"} or not isinstance(wrapped["details"], list):
        raise DetailsInvalid("not an array")
    return wrapped["details"]


def same_details(one: object, other: object) -> bool:
    """Return whether two values of `authorization_details` ask for the same: by meaning, not by bytes."""
    try:
        return read(one) == read(other)
    except DomainError:
        return False


def _plain(form: Form) -> dict[str, Any]:
    claims: dict[str, Any] = {name: value for name, value in form.items() if name not in _PROOFS}
    if "authorization_details" in form:
        claims["authorization_details"] = read_details(form["authorization_details"])
    return claims


def _redirect_uri(client: Client, value: object) -> str:
    if value is None:
        raise MissingOauthParameter("redirect_uri")
    if not isinstance(value, str) or value not in client.redirect_uris:
        raise InvalidOauthParameter("redirect_uri")
    return value


def _state(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not _STATE.fullmatch(value)):
        raise InvalidOauthParameter("state")
    return value


def _language(value: object) -> str | None:
    return value[:35] if isinstance(value, str) else None
