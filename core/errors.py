"""The root of every failure that Paraph expects.

A failed check raises the error named after what went wrong; it never returns false. What a caller on the
wire is told is decided in one table (`api/errors.py`), so the text of an error is for the log alone.
"""

from __future__ import annotations


class DomainError(Exception):
    """An expected failure. `detail` is for logs and evidence, never for the person outside."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(DomainError):
    """Input that does not have the form it must have."""


class MalformedDigest(Malformed):
    """A digest of the wrong length for its algorithm."""


class NotCanonical(Malformed):
    """Bytes that the canonical encoder would not have written."""


class UnknownAlgorithm(DomainError):
    """An algorithm outside the allowed set (ETSI TS 119 312)."""


class ClockInDoubt(DomainError):
    """The clock went backwards; nothing may be signed or stamped until it is right again."""


class Unavailable(DomainError):
    """A part that is needed does not answer; nothing was done and the caller may try again later."""


class CheckpointNotWaiting(DomainError):
    """There is no checkpoint of this number that still waits for its time-stamp."""


class RecordTampered(DomainError):
    """A record whose seal does not fit: it is not used."""


class RecordStale(RecordTampered):
    """A record that was written by us, but is not the newest one: somebody put it back, or restored an old copy."""
