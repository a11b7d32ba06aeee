"""The parts every use case of the authority works with, wired once in `ca.server`."""

from __future__ import annotations

from dataclasses import dataclass

from ca.audit import Audit
from ca.draft import Issuer
from ca.statuses import Statuses
from core.clock import Clock
from core.entropy import Entropy
from hsm.ports import SigningKey
from storage.checkpoints import Checkpoints
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """Who the authority is, its key, its record, time and randomness."""

    issuer: Issuer
    key: SigningKey
    database: Database
    statuses: Statuses
    audit: Audit
    checkpoints: Checkpoints
    clock: Clock
    entropy: Entropy
