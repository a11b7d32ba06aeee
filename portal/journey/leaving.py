"""The way out: a pushed authorization request for one filing, and the address the browser goes to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from portal import authorizations, documents, filings
from portal.accounts import Account
from portal.authorizations import Authorization, Status
from portal.csc_client import Credential
from portal.documents import Document
from portal.entropy import new_id, new_token
from portal.errors import PortalError
from portal.filings import Filing, FilingMoved, Notice, State
from portal.journey.parts import Parts, Visitor, back_to_draft
from portal.request_object import Asked, algorithm_parameters, hash_name, request_object
from portal.verification.chain import check_chain
from portal.verification.person import check_person

_ARRIVAL: Final = timedelta(seconds=30)  # a request address with less life left is not handed out


class NothingToSign(PortalError):
    """The filing has no documents."""


class NoCredential(PortalError):
    """The service knows no usable signature of this account."""


class TooManyForCredential(PortalError):
    """More documents than one authorization may hold, which is `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class Leaving:
    """The way out: a pushed request for one filing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def leave(self, visitor: Visitor, filing_id: str) -> None:
        """Ask the service for an authorization of a filing's documents; pressed twice, ask once.

        Raises:
            FilingMoved: it is neither a draft nor on its way already.
            NothingToSign, NoCredential, TooManyForCredential: there is nothing to ask.
            VerificationFailed: the credential is another person's, or not to be trusted.
            NotConnected, ServiceFailed: the service cannot be asked.
        """
        with self._parts.database.reading() as db:
            filing = filings.get(db, filing_id, visitor.account.id)
            papers = documents.of_filing(db, filing.id)
            current = authorizations.get(db, filing.authorization)
        if filing.state is State.AUTHORIZING and self._usable(current, visitor):
            return
        if filing.state not in {State.DRAFT, State.AUTHORIZING}:
            raise FilingMoved(filing.state)
        if not papers:
            raise NothingToSign
        self._push(visitor, filing, papers)

    def address(self, visitor: Visitor, filing_id: str) -> str | None:
        """Return where the browser goes to authorise; None when the filing is not on its way, or no longer."""
        with self._parts.database.reading() as db:
            filing = filings.get(db, filing_id, visitor.account.id)
            current = authorizations.get(db, filing.authorization)
        if filing.state is not State.AUTHORIZING or current is None or not self._usable(current, visitor):
            return None
        query = {"client_id": self._parts.connection.client().client_id, "request_uri": current.request_uri}
        return f"{self._parts.settings.service_url}/oauth2/authorize?{urlencode(query)}"

    def call_back(self, visitor: Visitor, filing_id: str) -> None:
        """Make a filing that is on its way a draft again; an answer that still comes is not taken.

        Raises:
            FilingMoved: it is not on its way.
        """
        with self._parts.database.transaction() as db:
            filing = filings.get(db, filing_id, visitor.account.id)
            if filing.state is not State.AUTHORIZING:
                raise FilingMoved(filing.state)
            back_to_draft(db, filing, self._parts.clock, None)

    def begin_again(self, visitor: Visitor, filing_id: str) -> None:
        """Make a filing that ended badly a draft again.

        Raises:
            FilingMoved: it did not end badly.
        """
        with self._parts.database.transaction() as db:
            filing = filings.get(db, filing_id, visitor.account.id)
            if filing.state not in {State.REJECTED, State.UNSURE}:
                raise FilingMoved(filing.state)
            back_to_draft(db, filing, self._parts.clock, Notice.RESTARTED)

    def _usable(self, current: Authorization | None, visitor: Visitor) -> bool:
        return (
            current is not None
            and current.status is Status.PUSHED
            and current.login == visitor.login
            and current.request_until > self._parts.clock.now() + _ARRIVAL
        )

    def _push(self, visitor: Visitor, filing: Filing, papers: list[Document]) -> None:
        client = self._parts.connection.client()
        credential = self._credential(visitor.account, len(papers))
        algorithm = hash_name(credential.sign_algo)
        state, verifier, now = new_token(self._parts.entropy), new_token(self._parts.entropy), self._parts.clock.now()
        asked = Asked(
            credential.id,
            credential.sign_algo,
            tuple((paper.name, self._parts.files.digest(paper.file, algorithm)) for paper in papers),
            visitor.account.id,
            self._parts.settings.redirect_uri,
            state,
            verifier,
            visitor.language,
        )
        signed = request_object(
            asked, client, self._parts.request_key, self._parts.settings.service_url, now, self._parts.entropy
        )
        pushed = self._parts.service.push(client, signed)
        identity = new_id(self._parts.entropy, "auth")
        authorization = Authorization(
            id=identity,
            filing=filing.id,
            account=visitor.account.id,
            login=visitor.login,
            status=Status.PUSHED,
            sealed_verifier=self._parts.keys.seal(verifier, identity, self._parts.entropy),
            request_uri=pushed.request_uri,
            request_until=now + timedelta(seconds=pushed.expires_in),
            credential=credential.id,
            sign_algo=credential.sign_algo,
            sign_algo_params=algorithm_parameters(credential.sign_algo),
            certificate=credential.chain[0],
            created_at=now,
            sealed_token=None,
            token_until=None,
            asked_at=None,
            leased_until=None,
        )
        with self._parts.database.transaction() as db:
            authorizations.end(db, filing.authorization)
            authorizations.add(db, authorization, self._parts.keys.mac("state", state))
            filings.move(db, filing, State.AUTHORIZING, self._parts.clock.now(), authorization=identity)

    def _credential(self, account: Account, count: int) -> Credential:
        """Return the account's credential: the first that the service calls usable, checked before a code is spent."""
        token = self._parts.service.service_token(self._parts.connection.client())
        found = self._parts.service.credentials(token, account.id)
        if not found:
            raise NoCredential
        credential = found[0]
        if count > credential.multisign:
            raise TooManyForCredential(credential.multisign)
        check_person(credential.chain[0], account.name)
        check_chain(
            credential.chain[0], list(credential.chain[1:]), self._parts.connection.root(), self._parts.clock.now()
        )
        return credential
