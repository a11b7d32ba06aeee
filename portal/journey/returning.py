"""The way back: the service's answer in the browser's address, judged before anything is done with it.

1. `state` is one of ours, of this account, and of this very sign-in: an answer that comes to another browser ends the
   authorization (attack Z1).
2. `iss` is there once and names our service (RFC 9207; attack P7).
3. Exactly one of `code` and `error` is there, once.
4. Each answer counts once: of two loads of the same address one goes on, the other sees where the filing stands.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection as Db
from werkzeug.datastructures import MultiDict

from portal import authorizations, documents, filings
from portal.authorizations import Authorization, Status
from portal.csc_client import AnswerMalformed, CredentialToken, ServiceFailed, ServiceRefused
from portal.errors import PortalError
from portal.filings import FilingMoved, Notice, State
from portal.journey.parts import Parts, Visitor, back_to_draft

_log: Final = logging.getLogger(__name__)
_CANCELLED: Final = "access_denied"
_MARGIN: Final = timedelta(seconds=5)


class UnknownAnswer(PortalError):
    """No authorization of ours has this state, or it belongs to nobody here."""


class OtherSignIn(PortalError):
    """The authorization was begun from another sign-in; it is over, nothing was signed."""


class Returning:
    """Takes the service's answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def take(self, visitor: Visitor, answer: MultiDict[str, str]) -> str:
        """Judge an answer, exchange its code, and return the filing it belongs to.

        Raises:
            UnknownAnswer: it belongs to no filing.
            OtherSignIn: it came to the wrong browser.
        """
        authorization = self._find(answer)
        if (authorization.account, authorization.login) != (visitor.account.id, visitor.login):
            self._end(authorization, Notice.OTHER_BROWSER)
            raise OtherSignIn
        if authorization.status is not Status.PUSHED:
            return authorization.filing  # loaded again, or called back meanwhile
        if answer.getlist("iss") != [self._parts.settings.service_url]:
            self._end(authorization, Notice.WRONG_ISSUER)
        elif (code := _one(answer, "code")) is not None and "error" not in answer:
            self._redeem(authorization, code)
        else:
            cancelled = answer.getlist("error") == [_CANCELLED] and "code" not in answer
            self._end(authorization, Notice.CANCELLED if cancelled else Notice.FAILED)
        return authorization.filing

    def _find(self, answer: MultiDict[str, str]) -> Authorization:
        state = _one(answer, "state")
        if state is None:
            raise UnknownAnswer("state")
        with self._parts.database.reading() as db:
            found = authorizations.by_state(db, self._parts.keys.mac("state", state))
        if found is None:
            raise UnknownAnswer("state")
        return found

    def _redeem(self, authorization: Authorization, code: str) -> None:
        if not self._claim(authorization):
            return
        verifier = self._parts.keys.open(authorization.sealed_verifier, authorization.id)
        client, redirect_uri = self._parts.connection.client(), self._parts.settings.redirect_uri
        try:
            token = self._parts.service.exchange(client, code, verifier, redirect_uri)
            self._check_granted(authorization, token)
        except ServiceFailed as error:
            # Whatever happened there, nothing was signed: signing calls come after this, and the token is not here.
            _log.warning("authorization %s: no token: %s", authorization.id, error.detail)
            refused = isinstance(error, AnswerMalformed | ServiceRefused)
            self._end(authorization, Notice.FAILED if refused else Notice.UNREACHABLE)
            return
        self._keep(authorization, token)

    def _claim(self, authorization: Authorization) -> bool:
        """Move filing and authorization on together; true for the one load of the answer that does."""
        now = self._parts.clock.now()
        with self._parts.database.transaction() as db:
            filing = filings.get(db, authorization.filing, authorization.account)
            if filing.authorization != authorization.id or filing.state is not State.AUTHORIZING:
                return False
            if not authorizations.advance(db, authorization.id, Status.PUSHED, Status.REDEEMING):
                return False
            filings.move(db, filing, State.SIGNING, now)
        return True

    def _check_granted(self, authorization: Authorization, token: CredentialToken) -> None:
        """Check that what was granted is what was asked: this credential, and as many documents.

        Raises:
            AnswerMalformed: it is not.
        """
        with self._parts.database.reading() as db:
            count = len(documents.of_filing(db, authorization.filing))
        if token.details is not None and not _grants(token.details, authorization.credential, count):
            raise AnswerMalformed("authorization_details: granted is not what was asked")

    def _keep(self, authorization: Authorization, token: CredentialToken) -> None:
        sealed = self._parts.keys.seal(token.value, authorization.id, self._parts.entropy)
        until = self._parts.clock.now() + timedelta(seconds=token.expires_in) - _MARGIN
        with self._parts.database.transaction() as db:
            values = {"sealed_token": sealed, "token_until": until}
            authorizations.advance(db, authorization.id, Status.REDEEMING, Status.GRANTED, **values)

    def _end(self, authorization: Authorization, notice: Notice) -> None:
        """End an authorization; its filing, if it still waits for it, is a draft again."""
        with self._parts.database.transaction() as db:
            if not self._release(db, authorization, notice):
                authorizations.end(db, authorization.id)

    def _release(self, db: Db, authorization: Authorization, notice: Notice) -> bool:
        filing = filings.get(db, authorization.filing, authorization.account)
        current = authorizations.get(db, authorization.id)
        waiting = current is not None and current.status in {Status.PUSHED, Status.REDEEMING}
        if filing.authorization != authorization.id or not waiting:
            return not waiting  # granted or done: an answer that comes again changes nothing
        try:
            back_to_draft(db, filing, self._parts.clock, notice)
        except FilingMoved:
            return False
        return True


def _one(answer: MultiDict[str, str], name: str) -> str | None:
    values = answer.getlist(name)
    return values[0] if len(values) == 1 and 0 < len(values[0]) <= 2000 else None


def _grants(details: Any, credential: str, count: int) -> bool:
    try:
        [element] = details
        return bool(element["credentialID"] == credential and len(element["documentDigests"]) == count)
    except (TypeError, ValueError, KeyError):
        return False
