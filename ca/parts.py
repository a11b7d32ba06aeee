"""The parts every use case of the authority works with, wired once in `ca.server`."""

from __future__ import annotations

from dataclasses import dataclass

from ca.audit import Audit
from ca.generations import Generations
from ca.statuses import Statuses
from ca.succession import Successions
from core.clock import Clock
from core.entropy import Entropy
from storage.checkpoints import Checkpoints
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """Who the authority is and was, with its keys; its record; time and randomness."""

    generations: Generations
    successions: Successions
    database: Database
    statuses: Statuses
    audit: Audit
    checkpoints: Checkpoints
    clock: Clock
    entropy: Entropy
