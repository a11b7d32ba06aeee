"""The one table from what went wrong to what the caller is told.

Status, code and description are those of CSC API v2 §10.1 and of each method's own error table, of RFC 6749, 6750,
9101, 9126 and 9396. A description may name the parameter an error is about and nothing else: the reason is for the log.
What is not in the table is a bare 500.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, default_exceptions

from api import refusals as no
from api.jsons import json_response
from api.requests import is_page
from core import factors
from core.errors import ClockInDoubt, DomainError, Malformed, RecordTampered, Unavailable, UnknownAlgorithm
from core.time_stamp import TimeStampWrong
from preflight.protocol import IncrementNotAllowed
from signer import errors as signing
from signer.pades.errors import CannotCertify
from signer.revocation import CertificateRevoked
from signer.sam import errors as sam
from stamp.appearance import NoPlace

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wire:
    """How an error reads on the wire. `description` may hold names of the error's own attributes."""

    status: int
    error: str
    description: str = ""
    challenge: str = ""  # WWW-Authenticate


_BAD: Final = "invalid_request"
_BEARER: Final = 'Bearer error="invalid_token"'
_NOT_AUTHORISED: Final = "documentDigests or documents are not authorized by the SAD"

TABLE: Final[dict[type[DomainError], Wire]] = {
    # Any request
    no.BodyMalformed: Wire(400, _BAD, "The request body is malformed"),
    no.BodyTooLarge: Wire(413, _BAD, "The request body is too large"),
    no.MediaTypeUnsupported: Wire(415, _BAD, "The media type of the request body is not supported"),
    no.RepeatedField: Wire(400, _BAD, "A parameter, header or cookie is repeated"),
    Malformed: Wire(400, _BAD, "The request is malformed"),
    Unavailable: Wire(503, "temporarily_unavailable", "The service is temporarily unavailable"),
    ClockInDoubt: Wire(503, "temporarily_unavailable", "The service is temporarily unavailable"),
    # Tokens: RFC 6750 §3.1, CSC API v2 §10.1
    no.AuthorizationHeaderMalformed: Wire(400, _BAD, "Malformed authorization header"),
    no.TokenMissing: Wire(401, "invalid_token", "The access token is missing", "Bearer"),
    no.TokenUnknown: Wire(401, "invalid_token", "The access token is not valid", _BEARER),
    no.TokenEnded: Wire(401, "expired_token", "The access token is expired or revoked", _BEARER),
    # Limits: CSC API v2 §10.1
    no.TooManyRequests: Wire(429, "temporarily_unavailable", "Too many requests"),
    no.QuotaSpent: Wire(429, "temporarily_unavailable", "The daily quota of signatures is used up"),
    # Parameters of the CSC methods
    no.MissingParameter: Wire(400, _BAD, "Missing (or invalid type) {kind} parameter {name}"),
    no.InvalidParameter: Wire(400, _BAD, "Invalid parameter {name}"),
    no.OutOfBounds: Wire(400, _BAD, "Out of bounds parameter {name}"),
    no.UserIdMustBeNull: Wire(400, _BAD, "userID parameter MUST be null"),
    no.EmptyHashes: Wire(400, _BAD, "Empty hash array"),
    no.InvalidHashEncoding: Wire(400, _BAD, "Invalid Base64 hash string parameter"),
    no.InvalidHashesEncoding: Wire(400, _BAD, "Invalid Base64 hashes string parameter"),
    no.InvalidDocumentEncoding: Wire(400, _BAD, "Invalid Base64 documents string parameter"),
    no.WrongDigestLength: Wire(400, _BAD, "Invalid digest value length"),
    no.InvalidDocumentDigests: Wire(400, _BAD, "Invalid object parameter documentDigests"),
    no.InvalidDocuments: Wire(400, _BAD, "Invalid array parameter documents"),
    no.NothingToSign: Wire(400, _BAD, "Empty documentDigests and documents objects"),
    no.BothToSign: Wire(400, _BAD, "Both documentDigests and documents parameters passed"),
    no.HashContradictsAlgorithm: Wire(
        400, _BAD, "String parameter hashAlgorithmOID contradicts with signAlgo parameter"
    ),
    UnknownAlgorithm: Wire(400, _BAD, "Invalid parameter hashAlgorithmOID"),
    # What the SAM refuses
    sam.SadInvalid: Wire(400, _BAD, "Invalid parameter SAD"),
    sam.SadExpired: Wire(400, _BAD, "SAD expired"),
    sam.TransactionUnknown: Wire(400, _BAD, "Invalid parameter SAD"),
    sam.TransactionClosed: Wire(400, _BAD, "Invalid parameter SAD"),
    sam.CredentialUnknown: Wire(400, _BAD, "Invalid parameter credentialID"),
    sam.CredentialMismatch: Wire(400, _BAD, "Invalid parameter credentialID"),
    sam.CredentialNotUsable: Wire(400, _BAD, "The credential identified by credentialID is disabled"),
    sam.CredentialSuperseded: Wire(400, _BAD, "The credential identified by credentialID is disabled"),
    sam.CertificateExpired: Wire(400, _BAD, "Signing certificate is expired"),
    sam.TooManySignatures: Wire(400, _BAD, "Numbers of signatures is too high"),
    sam.DigestNotAuthorised: Wire(400, _BAD, "Hash is not authorized by the SAD"),
    sam.AlgorithmNotAuthorised: Wire(400, _BAD, "Invalid parameter signAlgo"),
    # What the service refuses about documents
    signing.ContentNotAuthorised: Wire(400, _BAD, _NOT_AUTHORISED),
    signing.DocumentNotAuthorised: Wire(403, "invalid_hash", _NOT_AUTHORISED),
    signing.NameNotSignatorys: Wire(400, _BAD, "Invalid parameter signed_props"),
    CannotCertify: Wire(400, _BAD, "Invalid parameter signed_envelope_property"),
    NoPlace: Wire(400, _BAD, "Invalid parameter appearance"),
    signing.SignedOtherwise: Wire(400, _BAD, "Invalid parameter signature_format"),
    signing.DocumentNotSignable: Wire(400, _BAD, "Document {number} cannot be signed: {reason}"),
    # Time-stamps and the status of certificates: the signature is made; whoever asks again gets it
    TimeStampWrong: Wire(503, "temporarily_unavailable", "Time-stamps are temporarily unavailable"),
    CertificateRevoked: Wire(400, _BAD, "The credential identified by credentialID is disabled"),
    # What only the pages meet: they have words of their own (api.pages.endings)
    no.PageUnknown: Wire(404, _BAD),
    no.OtherBrowser: Wire(403, "access_denied"),
    no.FormForged: Wire(400, _BAD),
    sam.RequestObjectInvalid: Wire(400, "invalid_request_object"),
    sam.PortalUnknown: Wire(400, "unauthorized_client"),
    sam.UnsignedRequestNotAllowed: Wire(400, "unauthorized_client"),
    factors.ThrottledUntil: Wire(429, "access_denied"),
    factors.SigningStopped: Wire(403, "access_denied"),
    factors.ResendExhausted: Wire(429, "access_denied"),
    factors.ChallengeClosed: Wire(410, "access_denied"),
    # Ours to put right: the caller learns only that it did not work
    IncrementNotAllowed: Wire(500, "server_error"),
    sam.IncrementRefused: Wire(500, "server_error"),
    sam.IncrementDiffers: Wire(500, "server_error"),
    sam.OutcomeUnknown: Wire(500, "server_error", "The outcome of an earlier request is not known"),
    sam.SignatureFaulty: Wire(500, "server_error"),
    RecordTampered: Wire(500, "server_error"),
    # OAuth: RFC 6749 §5.2 with the descriptions of CSC API v2 §8.2.4
    no.MissingOauthParameter: Wire(400, _BAD, "Missing parameter {name}"),
    no.InvalidOauthParameter: Wire(400, _BAD, "Invalid parameter {name}"),
    no.ClientUnauthenticated: Wire(401, _BAD, "Client authorization required", "Basic"),
    no.ClientAmbiguous: Wire(401, "invalid_client", "Client authorization required", "Basic"),
    no.ClientAssertionInvalid: Wire(401, "invalid_client", "Invalid parameter client_assertion", "Basic"),
    no.ScopeNotAllowed: Wire(400, "invalid_scope", "Invalid parameter scope"),
    no.ResponseTypeUnsupported: Wire(400, "unsupported_response_type", "Invalid parameter response_type"),
    no.DetailsInvalid: Wire(400, "invalid_authorization_details", "Invalid parameter authorization_details"),
    no.DetailsDiffer: Wire(400, "invalid_authorization_details", "Invalid parameter authorization_details"),
    no.RequestObjectRefused: Wire(400, "invalid_request_object", "Invalid parameter request"),
    no.AccountTokenInvalid: Wire(400, _BAD, "Invalid parameter account_token"),
    no.CodeParameterMalformed: Wire(400, "invalid_grant", "Invalid parameter code"),
    no.CodeUnknown: Wire(400, "invalid_grant", "Authorization code is invalid or expired"),
    no.RedirectUriMismatch: Wire(
        400, "invalid_grant", "redirect_uri parameter does not match the one of the authorization request"
    ),
    no.PkceMismatch: Wire(400, "invalid_grant", "Invalid parameter code_verifier"),  # RFC 7636 §4.6
    no.InvalidTokenHint: Wire(400, _BAD, "Invalid string parameter token_type_hint"),
}

_BY_STATUS: Final = {
    400: Wire(400, _BAD, "The request is malformed"),
    401: Wire(401, "invalid_token", "The access token is missing", "Bearer"),
    403: Wire(403, "access_denied"),
    404: Wire(404, _BAD, "There is no such method"),
    405: Wire(405, _BAD, "The method takes another HTTP method"),
    413: TABLE[no.BodyTooLarge],
    415: TABLE[no.MediaTypeUnsupported],
    429: Wire(429, "temporarily_unavailable", "Too many requests"),
    500: Wire(500, "server_error"),
    503: TABLE[Unavailable],
}


def wire_of(error: DomainError) -> Wire:
    """Return how an error reads on the wire: its own entry, or that of its nearest listed ancestor."""
    for kind in type(error).__mro__:
        if issubclass(kind, DomainError) and kind in TABLE:
            return TABLE[kind]
    return _BY_STATUS[500]


def answer_errors(app: Flask, page_of: Callable[[DomainError], Response]) -> None:
    """Answer every failure: a person with a page, a program with JSON (never HTML where a client parses JSON)."""
    spec = app.error_handler_spec[None]
    pages = {code: spec[code][default_exceptions[code]] for code in _BY_STATUS if code in spec}  # made by citystyle

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> Response:
        wire = wire_of(error)
        log = _log.error if wire.status >= 500 else _log.info
        log("refused", extra={"error": type(error).__name__, "detail": error.detail})
        if is_page():
            return page_of(error)
        response = _response(wire, wire.description.format(**vars(error)))
        if isinstance(error, no.TooManyRequests):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def failed(error: HTTPException) -> Response:
        code = error.code if error.code in _BY_STATUS else 500
        if is_page():
            return cast("Response", pages.get(code, pages[400])(error))
        answer = _response(_BY_STATUS[code], _BY_STATUS[code].description)
        answer.headers.extend({name: value for name, value in error.get_headers() if name == "Allow"})
        return answer

    for status in _BY_STATUS:
        app.register_error_handler(status, failed)


def _response(wire: Wire, description: str) -> Response:
    body = {"error": wire.error} | ({"error_description": description} if description else {})
    response = json_response(body, wire.status)
    if wire.challenge:
        response.headers["WWW-Authenticate"] = wire.challenge
    if wire.status == 503:
        response.headers["Retry-After"] = "5"
    return response
