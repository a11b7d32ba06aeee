"""Fetching the signed files: documents out, signed files in, each verified before it is kept.

A signing call may be repeated as long as the token lives: the service gives the same signature for the same authorised
document. Whoever holds the lease works; a good file that is kept is not asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Final

from portal import authorizations, documents, filings
from portal.accounts import Accounts
from portal.authorizations import Authorization, Status
from portal.csc_client import AnswerMalformed, DocumentUnsignable, ServiceFailed, ServiceRefused, SigningOrder
from portal.documents import GOOD, Document
from portal.filings import Filing, Notice, State
from portal.journey.parts import Parts, back_to_draft
from portal.verification.failures import VerificationFailed
from portal.verification.rules import Expected, verify

UNSIGNABLE: Final = "unsignable:"  # a verdict: what follows is the service's code
_log: Final = logging.getLogger(__name__)
_BATCH_BYTES: Final = 16_000_000  # documents of one signing call, unless a single one is larger
_STALE: Final = timedelta(minutes=2)  # a code exchange that left no trace for so long was cut off


class Collecting:
    """Fetches signed files."""

    def __init__(self, parts: Parts, accounts: Accounts) -> None:
        self._parts = parts
        self._accounts = accounts

    def collect(self, filing_id: str, account: str) -> None:
        """Fetch what is missing of a filing that is signing; do nothing when another does it, or nothing is missing.

        Raises:
            NoSuchFiling: it is not this account's.
            NotConnected: the portal's files for the service are gone.
        """
        filing, authorization = self._current(filing_id, account)
        if filing.state is not State.SIGNING or authorization is None:
            return
        now = self._parts.clock.now()
        if authorization.status is Status.REDEEMING:
            self._give_up_exchange(filing, authorization)
            return
        with self._parts.database.transaction() as db:
            mine = authorizations.lease(db, authorization.id, now)
        if mine:
            self._work(filing, authorization)

    def _current(self, filing_id: str, account: str) -> tuple[Filing, Authorization | None]:
        with self._parts.database.reading() as db:
            filing = filings.get(db, filing_id, account)
            return filing, authorizations.get(db, filing.authorization)

    def _give_up_exchange(self, filing: Filing, authorization: Authorization) -> None:
        """Make a draft of a filing whose code exchange was cut off: without a token nothing can have been signed."""
        if self._parts.clock.now() - filing.changed_at > _STALE:
            with self._parts.database.transaction() as db:
                back_to_draft(db, filing, self._parts.clock, Notice.FAILED)
            _log.warning("authorization %s: the code exchange was cut off", authorization.id)

    def _work(self, filing: Filing, authorization: Authorization) -> None:
        try:
            self._fetch_all(filing, authorization)
        except ServiceRefused as error:
            _log.warning("authorization %s: signing refused: %s", authorization.id, error.detail)
            self._refused(filing, authorization)
        except ServiceFailed as error:
            _log.warning("authorization %s: signing call failed: %s", authorization.id, error.detail)
            self._failed(filing, authorization)
        else:
            self._close(filing)
        finally:
            with self._parts.database.transaction() as db:
                authorizations.release(db, authorization.id)

    def _fetch_all(self, filing: Filing, authorization: Authorization) -> None:
        expected = self._expected(authorization)
        for batch in self._batches(filing):
            try:
                signed = self._sign(authorization, batch)
            except DocumentUnsignable as refusal:
                self._mark(batch[refusal.number - 1 : refusal.number], f"{UNSIGNABLE}{refusal.reason}")
                return
            except AnswerMalformed as error:  # asking again would bring the same
                self._mark(batch, type(error).__name__)
                _log.error("authorization %s: no answer: %s", authorization.id, error.detail)
                continue
            for paper, content in zip(batch, signed, strict=True):
                self._judge(paper, content, expected)

    def _mark(self, papers: list[Document], verdict: str) -> None:
        with self._parts.database.transaction() as db:
            for paper in papers:
                documents.keep_verdict(db, paper, verdict)

    def _batches(self, filing: Filing) -> Iterator[list[Document]]:
        with self._parts.database.reading() as db:
            missing = [paper for paper in documents.of_filing(db, filing.id) if paper.verdict is None]
        batch: list[Document] = []
        for paper in missing:
            if batch and sum(each.size for each in batch) + paper.size > _BATCH_BYTES:
                yield batch
                batch = []
            batch.append(paper)
        if batch:
            yield batch

    def _sign(self, authorization: Authorization, batch: list[Document]) -> list[bytes]:
        now = self._parts.clock.now()
        if authorization.token_until is None or authorization.sealed_token is None or now >= authorization.token_until:
            raise ServiceRefused(401, "expired_token", "the authorization is over")
        token = self._parts.keys.open(authorization.sealed_token, authorization.id)
        order = SigningOrder(
            authorization.credential,
            authorization.sign_algo,
            authorization.sign_algo_params,
            self._parts.settings.level.value,
        )
        contents = [self._parts.files.read(paper.file) for paper in batch]
        with self._parts.database.transaction() as db:
            authorizations.renew(db, authorization.id, now)
        return self._parts.service.sign_documents(token, order, contents)

    def _expected(self, authorization: Authorization) -> Expected:
        account = self._accounts.get(authorization.account)
        name = "" if account is None else account.name
        root = self._parts.connection.root()
        return Expected(
            b"", authorization.certificate, name, root, authorization.created_at, self._parts.settings.level
        )

    def _judge(self, paper: Document, content: bytes, expected: Expected) -> None:
        original = self._parts.files.read(paper.file)
        expected = replace(expected, original=original)
        try:
            verified = verify(content, expected, self._parts.clock.now())
        except VerificationFailed as failure:
            _log.error("document %s: refused: %s: %s", paper.id, type(failure).__name__, failure.detail)
            with self._parts.database.transaction() as db:
                documents.keep_verdict(db, paper, type(failure).__name__)
            return
        kept = self._parts.files.keep(BytesIO(content), len(content))
        with self._parts.database.transaction() as db:
            documents.keep_signed(db, paper, kept, verified)

    def _close(self, filing: Filing) -> None:
        """Move a filing on whose documents all have a verdict."""
        now = self._parts.clock.now()
        with self._parts.database.transaction() as db:
            good = all(paper.verdict == GOOD for paper in documents.of_filing(db, filing.id))
            filings.move(db, filing, State.SIGNED if good else State.REJECTED, now)
            if good and filing.authorization is not None:
                authorizations.finish(db, filing.authorization)
            else:
                authorizations.end(db, filing.authorization)

    def _refused(self, filing: Filing, authorization: Authorization) -> None:
        """Make a draft of the filing if this refusal shows that nothing was signed; else say that we do not know."""
        with self._parts.database.transaction() as db:
            asked_before = authorization.asked_at is not None
            kept = any(paper.verdict for paper in documents.of_filing(db, filing.id))
            if asked_before or kept:
                filings.move(db, filing, State.UNSURE, self._parts.clock.now())
                authorizations.end(db, authorization.id)
            else:
                back_to_draft(db, filing, self._parts.clock, Notice.FAILED)

    def _failed(self, filing: Filing, authorization: Authorization) -> None:
        """Keep the filing signing while asking again can help."""
        over = authorization.token_until is None or self._parts.clock.now() >= authorization.token_until
        with self._parts.database.transaction() as db:
            if over:
                filings.move(db, filing, State.UNSURE, self._parts.clock.now())
                authorizations.end(db, authorization.id)
            else:
                filings.note(db, filing.id, Notice.WAITING)
