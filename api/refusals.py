"""What the API refuses by itself, each under its own name. `api.errors` says how each one reads on the wire."""

from __future__ import annotations

from core.errors import DomainError, Malformed


class _Named(DomainError):
    """An error about the parameter called `name`."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(detail or name)
        self.name = name


class MissingParameter(_Named):
    """A CSC parameter that is absent, null or of another type; `kind` is the type it should have."""

    def __init__(self, name: str, kind: str = "string") -> None:
        super().__init__(name)
        self.kind = kind


class InvalidParameter(_Named):
    """A CSC parameter whose value is not one that can be served."""


class OutOfBounds(_Named):
    """A CSC number outside its range."""


class UserIdMustBeNull(DomainError):
    """`userID` was sent although the token names the user."""


class EmptyHashes(DomainError):
    """An empty list of hashes."""


class InvalidHashEncoding(Malformed):
    """A hash of signHash that is not Base64."""


class InvalidHashesEncoding(Malformed):
    """A hash of signDoc's documentDigests that is not Base64."""


class InvalidDocumentEncoding(Malformed):
    """A document that is not Base64."""


class WrongDigestLength(Malformed):
    """A hash whose length is not that of its algorithm."""


class InvalidDocumentDigests(Malformed):
    """documentDigests, or an element of it, is not of the form it must have."""


class InvalidDocuments(Malformed):
    """Documents, or an element of them, are not of the form they must have."""


class NothingToSign(DomainError):
    """Neither documents nor documentDigests."""


class BothToSign(DomainError):
    """Documents and documentDigests in one request."""


class HashContradictsAlgorithm(DomainError):
    """hashAlgorithmOID is not the hash of signAlgo."""


class BodyMalformed(Malformed):
    """The request's body, or its media type, is not what the method reads."""


class BodyTooLarge(DomainError):
    """The request's body is longer than the route allows."""


class MediaTypeUnsupported(DomainError):
    """The body has a media type or an encoding that the route does not read."""


class AuthorizationHeaderMalformed(DomainError):
    """The Authorization header is not one Bearer token."""


class TokenMissing(DomainError):
    """A method that wants a token was called without."""


class TokenUnknown(DomainError):
    """Not a token of ours."""


class TokenEnded(DomainError):
    """The token has expired or was revoked."""


class RepeatedField(DomainError):
    """A header, cookie or parameter is there twice (attacks Z6, P5)."""


class MissingOauthParameter(_Named):
    """An OAuth parameter is absent."""


class InvalidOauthParameter(_Named):
    """An OAuth parameter has a value that cannot be served."""


class ClientUnauthenticated(DomainError):
    """The client did not authenticate."""


class ClientAmbiguous(DomainError):
    """Two ways of client authentication at once, or two client ids (attack P14)."""


class ClientAssertionInvalid(DomainError):
    """A client assertion that does not verify, is not for us, not now, was used before, or is not this client's way."""


class TooManyRequests(DomainError):
    """A limit for a minute is reached. `retry_after`: seconds."""

    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class QuotaSpent(TooManyRequests):
    """More signatures than are left of the client's day."""


class ScopeNotAllowed(DomainError):
    """A scope that is not known or not this client's."""


class ResponseTypeUnsupported(DomainError):
    """Another response type than `code`."""


class DetailsInvalid(DomainError):
    """`authorization_details` that cannot be granted (RFC 9396 §5)."""


class DetailsDiffer(DomainError):
    """The token request asks for other details than were granted."""


class RequestObjectRefused(DomainError):
    """A request object that does not verify or is not for us (RFC 9101)."""


class AccountTokenInvalid(DomainError):
    """An `account_token` that does not verify, is not fresh, or was used before."""


class CodeParameterMalformed(DomainError):
    """An authorization code of a form that we never issue."""


class CodeUnknown(DomainError):
    """An authorization code that is unknown, expired, used, or another client's: they are not told apart."""


class RedirectUriMismatch(DomainError):
    """Another redirect_uri at the token endpoint than in the authorization request."""


class PkceMismatch(DomainError):
    """The code_verifier is missing or does not fit the challenge (RFC 7636 §4.6)."""


class PageUnknown(DomainError):
    """No such authorization, or its time is over."""


class OtherBrowser(DomainError):
    """The page was opened in another browser (attacks Z1, Z2)."""


class FormForged(DomainError):
    """A form without the key that our page gave to this browser, or from another origin (attack Z5)."""


class InvalidTokenHint(DomainError):
    """A token_type_hint that is none of the two."""


class BadClient(DomainError):
    """A registration that cannot be accepted; the text says why."""
