"""What the document engine refuses. The words for people are `preflight`'s, which looks at a document first."""

from __future__ import annotations

from core.errors import DomainError, Malformed


class CannotPrepare(DomainError):
    """The document cannot be given a signature field; `preflight` would have said why."""


class OptionNotAllowed(Malformed):
    """A text or a position that a signature may not have."""


class RoomTooSmall(DomainError):
    """The CMS is larger than the room that was reserved for it."""
