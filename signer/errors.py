"""What the service's use cases refuse, apart from what the SAM and `preflight` refuse themselves."""

from __future__ import annotations

from core.errors import DomainError


class ContentNotAuthorised(DomainError):
    """A content digest (CSC `sdr`) that the signatory did not authorise."""


class NameNotSignatorys(DomainError):
    """A name that was to be shown beside a signature is not the signatory's."""


class SignedOtherwise(DomainError):
    """Content that this authorization already signed in another form: a digest meets the key once."""


class DocumentNotAuthorised(DomainError):
    """A document that is not, byte for byte, one that the signatory authorised."""


class DocumentNotSignable(DomainError):
    """A document of a batch cannot be signed. `number` counts from 1; `reason` is a code of `preflight.reasons`."""

    def __init__(self, number: int, reason: str, detail: str = "") -> None:
        super().__init__(detail or f"document {number}: {reason}")
        self.number = number
        self.reason = reason
