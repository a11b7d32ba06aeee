"""Signed documents as the years pass: archived once, renewed before what vouches for them ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.trust_services import augmentation
from signer.augmentation import STAMPED_WITH
from signer.pades.archive import archived_document, stamped_document
from signer.pades.engine import PadesEngine

if TYPE_CHECKING:
    from core.clock import Clock
    from core.config import Settings
    from core.entropy import Entropy


class Archive:
    """Stamps documents by the time-stamping authority of an installation."""

    def __init__(self, settings: Settings, clock: Clock, entropy: Entropy) -> None:
        self._augmentation = augmentation(settings, clock, entropy)
        self._engine = PadesEngine(clock)

    def archived(self, content: bytes) -> bytes:
        """Return a document of level B-T or B-LT with validation data and a time-stamp over all of it: level B-LTA.

        Raises:
            NotStamped: it is of another level.
            DomainError: as `Augmentation.long_term` and `archived`.
        """
        found = stamped_document(content)
        if not found.has_data:
            content = self._augmentation.long_term(found, self._engine)
        return self._augmentation.archived(content, self._engine, strict=found.strict)

    def renewed(self, content: bytes) -> bytes:
        """Return a document of level B-LTA with what validates its newest time-stamp, and a new one over everything.

        Raises:
            NotArchived: it is of another level.
            DomainError: as `Augmentation.renewed`.
        """
        return self._augmentation.renewed(archived_document(content, STAMPED_WITH), self._engine)
