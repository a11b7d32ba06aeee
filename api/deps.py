"""What the application is given: its ports. `apps` makes them, tests make others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.keys import WebKeys
from core.clock import Clock
from core.entropy import Entropy
from signer.own_revocation import OwnRevocationService
from signer.sam.client import SamClient
from signer.service import SigningService
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Deps:
    """The ports of the `web` zone's application.

    `database` has the tables of `api.tables`, `counters` that of `api.limits.counters`: what is counted there is of use
    for a day at most, and need not survive a power cut.
    """

    sam: SamClient
    signing: SigningService
    revocation: OwnRevocationService
    database: Database
    counters: Database
    keys: WebKeys
    clock: Clock
    entropy: Entropy
    check: Callable[[], None]  # proves that the zone can do its work, or raises Unavailable
