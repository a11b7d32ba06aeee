"""How long an approved identification may be used: one rule, kept by two zones.

The SAM keeps it when it makes a key and when a credential begins, the CA once more before it certifies a key: an old
approval is worth nothing, and neither is what the SAM once said of a key.

Source: EN 319 411-1 §6.3.1 (how long certificates may follow one proofing), §6.3.7 (re-key).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.config import Ra
from core.errors import ClockInDoubt, DomainError

_SKEW: Final = timedelta(seconds=60)  # between the clock that approved and the one that asks


class ApprovalLapsed(DomainError):
    """The approved identification was not activated in its days; the person is identified again."""


class ProofingTooOld(DomainError):
    """The last proofing of the person's identity is too long ago for a new certificate; the person is identified again."""


@dataclass(frozen=True, slots=True)
class ApprovalLimits:
    """How long an approval waits for its activation, and how long certificates may follow one proofing."""

    activation: timedelta
    proofing: timedelta

    @classmethod
    def of(cls, settings: Ra) -> ApprovalLimits:
        """Return the limits that the settings say."""
        return cls(timedelta(days=settings.activation_days), timedelta(days=settings.proofing_days))

    def check(self, proofed_at: datetime, approved_at: datetime, now: datetime) -> None:
        """Check that a certificate may be issued now on an approval.

        Raises:
            ApprovalLapsed: it waited too long.
            ProofingTooOld: the person was identified too long ago.
            ClockInDoubt: it was given in the future.
        """
        if max(proofed_at, approved_at) > now + _SKEW:
            raise ClockInDoubt("an approval of the future")
        self.check_proofing(proofed_at, now)
        if now >= approved_at + self.activation:
            raise ApprovalLapsed(f"given {approved_at:%Y-%m-%d}, for {self.activation.days} days")

    def has_lapsed(self, proofed_at: datetime, approved_at: datetime, now: datetime) -> bool:
        """Return whether an approval is too old to be activated.

        Raises:
            ClockInDoubt: it was given in the future.
        """
        try:
            self.check(proofed_at, approved_at, now)
        except (ApprovalLapsed, ProofingTooOld):
            return True
        return False

    def check_proofing(self, proofed_at: datetime, now: datetime) -> None:
        """Check that a person was identified recently enough for a new certificate.

        Raises:
            ProofingTooOld: not.
        """
        if now >= proofed_at + self.proofing:
            raise ProofingTooOld(f"{proofed_at:%Y-%m-%d}, {self.proofing.days} days are allowed")


ALL: Final[tuple[type[DomainError], ...]] = (ApprovalLapsed, ProofingTooOld)
