"""The addresses of the API's methods: read the body, call one port, write the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request

from api.csc.credentials import Credentials
from api.csc.info import info, language_tag
from api.csc.signatures import Signatures
from api.forms import read_form
from api.housekeeping import Housekeeping
from api.jsons import json_response, read_json
from api.limits.rules import RateLimits
from api.oauth import par, revoke, token
from api.oauth.metadata import metadata
from api.oauth.par import PushedRequests
from api.oauth.revoke import RevocationEndpoint
from api.oauth.token import TokenEndpoint
from api.security import Bearer, Principal
from core.config import Settings

SMALL: Final = 20_000  # bytes: a request that carries no digest
HASHES: Final = 1_000_000  # bytes: the digests of one authorization, with room for what vendors add
LOGO: Final = Path(__file__).parent / "static" / "logo.png"


@dataclass(frozen=True, slots=True)
class Methods:
    """What answers the API's methods."""

    bearer: Bearer
    limits: RateLimits
    credentials: Credentials
    signatures: Signatures
    pushed: PushedRequests
    tokens: TokenEndpoint
    revocation: RevocationEndpoint
    housekeeping: Housekeeping


def csc(settings: Settings, methods: Methods) -> Blueprint:
    """Return the CSC API v2 methods."""
    routes = Blueprint("csc", __name__)
    picture = LOGO.read_bytes()

    def principal() -> Principal:
        who = methods.bearer.principal(request.headers.get("Authorization"))
        methods.limits.of_token(who.client, who.credential)
        return who

    def tag(wanted: object) -> str:
        return language_tag(wanted, settings.service.languages)

    @routes.post("/csc/v2/info")
    def service_info() -> Response:
        return json_response(info(settings, tag(read_json(request, SMALL).get("lang"))))

    @routes.post("/csc/v2/credentials/list")
    def credentials_list() -> Response:
        who, body = principal(), read_json(request, SMALL)
        return json_response(methods.credentials.list_all(who, body, tag(body.get("lang"))))

    @routes.post("/csc/v2/credentials/info")
    def credentials_info() -> Response:
        who, body = principal(), read_json(request, SMALL)
        return json_response(methods.credentials.info(who, body, tag(body.get("lang"))))

    @routes.post("/csc/v2/signatures/signHash")
    def sign_hash() -> Response:
        return json_response(methods.signatures.sign_hash(principal(), read_json(request, HASHES)))

    @routes.post("/csc/v2/signatures/signDoc")
    def sign_doc() -> Response:
        who = principal()  # before megabytes are read
        return json_response(methods.signatures.sign_doc(who, read_json(request, settings.web.max_request_bytes)))

    @routes.get("/csc/logo.png")
    def logo() -> Response:
        return Response(picture, mimetype="image/png", headers={"Cache-Control": "public, max-age=86400"})

    return routes


def oauth(settings: Settings, methods: Methods) -> Blueprint:
    """Return the OAuth 2.0 endpoints that portals' back ends call."""
    routes = Blueprint("oauth", __name__)
    description = metadata(settings.service.public_origin)

    def authorization() -> str | None:
        return request.headers.get("Authorization")

    @routes.get("/.well-known/oauth-authorization-server")
    def server_metadata() -> Response:
        return json_response(description)

    @routes.post("/oauth2/pushed_authorize")
    def pushed_authorize() -> Response:
        pushed = methods.pushed.push(read_form(request, par.LIMIT), authorization())
        methods.housekeeping.purge_if_due()
        return json_response({"request_uri": pushed.request_uri, "expires_in": pushed.expires_in}, 201)

    @routes.post("/oauth2/token")
    def token_response() -> Response:
        return json_response(methods.tokens.exchange(read_form(request, token.LIMIT), authorization()))

    @routes.post("/oauth2/revoke")
    @routes.post("/revoke")  # where one client looks for it (CSC API v2: base URI + /revoke)
    def revoke_token() -> Response:
        methods.revocation.revoke(read_form(request, revoke.LIMIT), authorization())
        return Response(status=204, headers={"Cache-Control": "no-store"})

    return routes
