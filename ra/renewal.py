"""Renewal of whatever ends soon, one after the other: what fails for one person does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.errors import DomainError
from ra.enrolment import Enrolment, Enrolments
from signer.sam.client import SamAdmin
from signer.sam.protocol import CredentialLine


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of one credential: what follows it, or why nothing does."""

    credential: CredentialLine
    made: Enrolment | None
    refusal: DomainError | None


class Renewals:
    """Renews credentials that end soon."""

    def __init__(self, sam: SamAdmin, enrolments: Enrolments) -> None:
        self._sam = sam
        self._enrolments = enrolments

    def all_ending(self, until: datetime) -> Iterator[Renewal]:
        """Renew every active credential that ends before `until`, the earliest first; each is told as it is done.

        Raises:
            Unavailable: the SAM does not answer when asked which.
        """
        done: set[str] = set()
        since: datetime | None = None
        while waiting := [line for line in self._sam.ending(until, since) if line.credential not in done]:
            for line in waiting:
                renewal = self._renewed(line)
                done |= {line.credential} | ({renewal.made.credential} if renewal.made else set())
                since = line.ends_at
                yield renewal

    def _renewed(self, line: CredentialLine) -> Renewal:
        try:
            return Renewal(line, self._enrolments.renew(line.credential), None)
        except DomainError as refusal:
            return Renewal(line, None, refusal)
