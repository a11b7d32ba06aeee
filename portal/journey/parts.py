"""What the steps of the journey share."""

from __future__ import annotations

from dataclasses import dataclass

from joserfc.jwk import ECKey
from sqlalchemy import Connection as Db

from portal import authorizations, documents, filings
from portal.accounts import Account
from portal.clock import Clock
from portal.connection import Connection
from portal.csc_client import CscClient
from portal.database import Database
from portal.entropy import Entropy
from portal.files import FileStore
from portal.filings import Filing, Notice, State
from portal.keys import PortalKeys
from portal.settings import PortalSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps work with."""

    settings: PortalSettings
    database: Database
    files: FileStore
    service: CscClient
    connection: Connection
    keys: PortalKeys
    request_key: ECKey
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the browser: an account, the sign-in it came by, and the language it reads."""

    account: Account
    login: str
    language: str


def back_to_draft(db: Db, filing: Filing, clock: Clock, notice: Notice | None) -> None:
    """Make a filing a draft, end its authorization, and forget the verdicts on files that came back.

    Raises:
        FilingMoved: it changed meanwhile, or cannot become a draft.
    """
    filings.move(db, filing, State.DRAFT, clock.now(), notice=notice)
    authorizations.end(db, filing.authorization)
    documents.forget_verdicts(db, filing.id)
