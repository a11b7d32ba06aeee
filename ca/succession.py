"""Which generation of the issuing CA issues: the first, until another takes over; a sealed row for each time one did.

Taking over is final: a generation that was succeeded signs no person's certificate again, and what was pinned later is
not by that in charge. A row taken away contradicts the audit log (`ca.audit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, Text, select

from ca.generations import Generation, Generations
from ca.protocol import AlreadySucceeded
from ca.tables import metadata
from core.addresses import FIRST
from core.errors import RecordTampered
from storage.seals import SEAL, Seals
from storage.types import Instant

successions: Final = Table(
    "successions",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("issuer", Text, nullable=False),  # its identifier
    Column("at", Instant, nullable=False),
    Column(SEAL, LargeBinary, nullable=False),
    sqlite_strict=True,
)
_LAST: Final = select(successions).order_by(successions.c.generation.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Succession:
    """From `at` on, this generation issues."""

    generation: int
    issuer: str
    at: datetime


class Successions:
    """The repository of successions."""

    def __init__(self, generations: Generations, seals: Seals) -> None:
        self._generations = generations
        self._seals = seals

    def issuing(self, connection: Connection) -> Generation:
        """Return the generation that issues.

        Raises:
            RecordTampered: the seal of the last row does not fit, or it names a CA that is not pinned.
        """
        last = self.last(connection)
        if last is None:
            return self._generations.numbered(FIRST)
        found = self._generations.identified(last.issuer)
        if found.number != last.generation:
            raise RecordTampered(f"{successions.name}: generation {last.generation} has another key")
        return found

    def last(self, connection: Connection) -> Succession | None:
        """Return the last succession; None while the first generation issues.

        Raises:
            RecordTampered: its seal does not fit.
        """
        row = connection.execute(_LAST).mappings().first()
        return None if row is None else Succession(**self._seals.opened(successions, dict(row)))

    def add(self, connection: Connection, generation: Generation, now: datetime) -> Succession:
        """Record that a generation takes over.

        Raises:
            AlreadySucceeded: it issues already, or a later one does.
            RecordTampered: as `issuing`.
        """
        current = self.issuing(connection)
        if generation.number <= current.number:
            raise AlreadySucceeded(f"generation {current.number} issues")
        new = Succession(generation.number, generation.identifier, now)
        connection.execute(successions.insert().values(self._seals.sealed(successions, new)))
        return new
