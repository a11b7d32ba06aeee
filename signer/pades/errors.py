"""What the document engine refuses. The words for people are `preflight`'s, which looks at a document first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import DomainError, Malformed


class CannotPrepare(DomainError):
    """The document cannot be given a signature field; `preflight` would have said why."""


class CannotCertify(DomainError):
    """Only the first signature in a document can certify it (ISO 32000-2 §12.8.2.2)."""


class OptionNotAllowed(Malformed):
    """A text or a position that a signature may not have."""


class RoomTooSmall(DomainError):
    """The CMS is larger than the room that was reserved for it."""


@contextmanager
def cannot_prepare() -> Iterator[None]:
    """Turn whatever a damaged file does to the library into one refusal: half of what it raises is no PdfError."""
    try:
        yield
    except DomainError:
        raise
    except Exception as error:
        raise CannotPrepare(f"{type(error).__name__}: {error}"[:300]) from error
