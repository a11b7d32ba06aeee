"""Proof Key for Code Exchange: S256 only, and always (RFC 7636; RFC 9700 §2.1.1).

The challenge stored with the code decides; what the token request says about methods is not asked (attack P6).
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from api.refusals import InvalidOauthParameter, MissingOauthParameter, PkceMismatch

METHOD: Final = "S256"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1


def read_challenge(challenge: object, method: object) -> str:
    """Return the code_challenge of an authorization request.

    Raises:
        MissingOauthParameter: there is none.
        InvalidOauthParameter: not of the form of a SHA-256, or another method than S256 (absent means `plain`).
    """
    if challenge is None:
        raise MissingOauthParameter("code_challenge")
    if method != METHOD:
        raise InvalidOauthParameter("code_challenge_method")
    if not isinstance(challenge, str) or not _CHALLENGE.fullmatch(challenge):
        raise InvalidOauthParameter("code_challenge")
    return challenge


def check_verifier(verifier: str | None, challenge: str) -> None:
    """Check the verifier of a token request against the challenge of its authorization request.

    Raises:
        PkceMismatch: missing, malformed, or of another challenge. Source: RFC 7636 §4.6.
    """
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise PkceMismatch("no verifier of the right form")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
        raise PkceMismatch("another verifier")
