"""Authorization codes: issued when the SAM has accepted the signatory's code, exchanged once.

1. A code is 256 random bits; the row holds its MAC, and the SAD sealed under a key that comes from the code, so neither
   the database nor the database with `web`'s keys gives a SAD without the code.
2. The code itself is kept until it is redeemed, sealed under a key that comes from the browser's cookie: a second press
   or a reload shows the same way back instead of losing it.
3. One conditional UPDATE consumes it; whoever comes second learns nothing and ends what the first received (RFC 6749
   §4.1.2, attack T6). A wrong verifier burns the code too (attack T7).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from api.forms import Form
from api.keys import Purpose, WebKeys
from api.oauth import authorizations, pkce, tokens
from api.oauth.authorizations import Authorization
from api.oauth.clients import Client
from api.oauth.par import read_details, same_details
from api.refusals import (
    CodeParameterMalformed,
    CodeUnknown,
    DetailsDiffer,
    MissingOauthParameter,
    RedirectUriMismatch,
)
from core.clock import Clock
from core.entropy import Entropy, new_token
from core.errors import DomainError
from core.types import ClientId, CredentialId
from signer.sam.client import SamClient
from signer.sam.protocol import Authorised, CancelTransaction
from storage.engine import Database

LIFE: Final = timedelta(minutes=2)
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was exchanged for."""

    access_token: str
    expires_in: int  # seconds
    credential: CredentialId
    element: dict[str, Any]  # of authorization_details, completed


class Codes:
    """Issues and redeems authorization codes."""

    def __init__(self, database: Database, keys: WebKeys, sam: SamClient, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._sam = sam
        self._clock = clock
        self._entropy = entropy

    def issue(self, authorization: Authorization, authorised: Authorised, cookie: str) -> str:
        """Return the code for what the SAM authorised, in the browser with this cookie.

        Raises:
            CodeUnknown: the authorization is not open any more.
        """
        code = new_token(self._entropy)
        place = authorization.handle
        issued = authorizations.IssuedCode(
            self._keys.mac(Purpose.CODE, code),
            self._keys.seal_under(Purpose.BROWSER_SEAL, cookie, code.encode(), place, self._entropy),
            self._keys.seal_under(Purpose.CODE_SEAL, code, authorised.sad.encode(), place, self._entropy),
            authorised.expires_at,
            self._clock.now() + LIFE,
        )
        with self._database.transaction() as connection:
            kept = authorizations.coded(connection, place, issued)
        if not kept:
            raise CodeUnknown("the authorization is not open")
        return code

    def shown_again(self, authorization: Authorization, cookie: str) -> str:
        """Return the code that was issued in this browser and not redeemed yet.

        Raises:
            CodeUnknown: there is none, or its time is over.
        """
        sealed = authorization.sealed_code
        if authorization.state != "coded" or sealed is None or authorization.expires_at <= self._clock.now():
            raise CodeUnknown("none to show")
        return self._keys.open_with(Purpose.BROWSER_SEAL, cookie, sealed, authorization.handle).decode()

    def redeem(self, client: Client, form: Form) -> Grant:
        """Exchange a code for its SAD.

        Raises:
            MissingOauthParameter, CodeParameterMalformed: no code, or nothing we would issue.
            CodeUnknown: unknown, expired, another client's or used; in the last case what it gave is revoked.
            RedirectUriMismatch, PkceMismatch, DetailsDiffer: not the request it was issued for; the code is burnt.
        """
        code = _code(form)
        now = self._clock.now()
        with self._database.transaction() as connection:
            outcome, found = self._redeem(connection, client.client, code, form, now)
        if isinstance(outcome, Grant):
            return outcome
        if found is not None:
            self._end(found)
        raise outcome

    def _redeem(
        self, connection: Connection, client: ClientId, code: str, form: Form, now: datetime
    ) -> tuple[Grant | DomainError, Authorization | None]:
        mac = self._keys.mac(Purpose.CODE, code)
        found = authorizations.redeem(connection, mac, client, now)
        if found is None:
            return CodeUnknown("not to be redeemed"), self._reused(connection, mac, client, now)
        try:
            _check(found, form)
            return self._grant(connection, found, code, now), found
        except DomainError as error:  # kept, not raised, so that the consumed code stays consumed
            return error, found

    def _reused(self, connection: Connection, mac: bytes, client: ClientId, now: datetime) -> Authorization | None:
        """Return the authorization of a code that its own client brings a second time, its tokens revoked."""
        found = authorizations.by_code(connection, mac)
        if found is None or found.client != client or found.state != "redeemed":
            return None
        tokens.revoke_of(connection, found.handle, now)
        return found

    def _grant(self, connection: Connection, found: Authorization, code: str, now: datetime) -> Grant:
        if found.sealed_sad is None or found.sad_expires_at is None or found.sad_expires_at <= now:
            raise CodeUnknown("nothing left of the SAD")
        sad = self._keys.open_with(Purpose.CODE_SEAL, code, found.sealed_sad, found.handle).decode()
        asked = found.asked.signature_request
        credential = CredentialId(asked.credential)
        token = tokens.Token(found.client, "credential", credential, found.sad_expires_at, None)
        tokens.add(connection, self._keys, sad, token, found.handle)
        authorizations.forget(connection, found.handle)
        element = found.asked.element | {"credentialID": credential, "numSignatures": len(asked.digests)}
        return Grant(sad, int((found.sad_expires_at - now).total_seconds()), credential, element)

    def _end(self, found: Authorization) -> None:
        """End the SAM's transaction: its SAD may be in wrong hands, or will never be in any."""
        try:
            self._sam.cancel_transaction(CancelTransaction(found.transaction or "", found.client))
        except DomainError as error:
            _log.warning("transaction not ended", extra={"error": type(error).__name__, "detail": error.detail})


def _code(form: Form) -> str:
    code = form.get("code")
    if code is None:
        raise MissingOauthParameter("code")
    if not _CODE.fullmatch(code):
        raise CodeParameterMalformed
    return code


def _check(found: Authorization, form: Form) -> None:
    if form.get("redirect_uri") != found.asked.redirect_uri:
        raise RedirectUriMismatch
    pkce.check_verifier(form.get("code_verifier"), found.asked.code_challenge)
    details = form.get("authorization_details")
    if details is not None and not same_details(read_details(details), [found.asked.element]):
        raise DetailsDiffer
