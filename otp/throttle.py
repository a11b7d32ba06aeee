"""How many codes are sent and how many guesses are judged. The numbers are those of attacks §3.2.

Bound: P(forged in a year) ≤ B · 1.0245 · 10⁻⁸ = 9.2e-7 for B = 90 wrong guesses judged for one signatory in 365 days.
Success does not reset the year's budget; no resend resets the attempts; one portal cannot spend all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from core.canonical import Value, decode, encode
from core.factors import ThrottledUntil

TRIES: Final = 3  # guesses judged for one transaction
LIFE: Final = timedelta(minutes=5)  # of one code, from its last sending
SENDS: Final = 3  # sendings of one code
WAITS: Final = (timedelta(seconds=30), timedelta(seconds=60))  # before the second and the third sending

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
YEAR: Final = timedelta(days=365)
CODES_A_DAY: Final = 5
CODES_A_MONTH: Final = 30
CONSECUTIVE_WRONG: Final = 15
WRONG_A_YEAR: Final = 90
WRONG_A_YEAR_PER_CLIENT: Final = 30
ALARM_SPAN: Final = timedelta(hours=1)
_ALARM_DEVIATIONS: Final = 4
_DOMAIN: Final = "paraph allowance v1"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a signatory has used up: the codes of a month, and the wrong guesses of a year with the portal of each.

    A guess counts as wrong from before it is compared until it is found right.
    """

    codes: tuple[datetime, ...] = ()  # oldest first
    wrong: tuple[tuple[datetime, str], ...] = ()  # oldest first
    consecutive: int = 0  # wrong guesses since the last right one

    def allow_code(self, now: datetime) -> None:
        """Let one more code be sent.

        Raises:
            ThrottledUntil: the day's or the month's allowance is used up.
        """
        for span, limit, name in ((DAY, CODES_A_DAY, "codes a day"), (MONTH, CODES_A_MONTH, "codes a month")):
            sent = [at for at in self.codes if at > now - span]
            if len(sent) >= limit:
                raise ThrottledUntil((sent[-limit] + span).isoformat(), name)

    def allow_guess(self, client: str, now: datetime) -> None:
        """Let one more guess be judged.

        Raises:
            ThrottledUntil: a budget is spent; `until` is empty where only a new identification helps.
        """
        in_year = [through for at, through in self.wrong if at > now - YEAR]
        if self.consecutive >= CONSECUTIVE_WRONG:
            raise ThrottledUntil("", "consecutive wrong guesses")
        if len(in_year) >= WRONG_A_YEAR:
            raise ThrottledUntil("", "wrong guesses a year")
        if in_year.count(client) >= WRONG_A_YEAR_PER_CLIENT:
            raise ThrottledUntil("", "wrong guesses a year through one client")

    def with_code(self, now: datetime) -> Allowance:
        """Return what is used up once a code was sent; what is over is forgotten."""
        return replace(self, codes=(*(at for at in self.codes if at > now - MONTH), now))

    def without_code(self, at: datetime) -> Allowance:
        """Return what is used up when the code of an instant was not sent after all."""
        return replace(self, codes=_without_one(self.codes, at))

    def with_guess(self, client: str, now: datetime) -> Allowance:
        """Return what is used up once a guess is about to be judged; what is over is forgotten."""
        kept = tuple(each for each in self.wrong if each[0] > now - YEAR)
        return replace(self, wrong=(*kept, (now, client)), consecutive=self.consecutive + 1)

    def with_right(self, client: str, at: datetime) -> Allowance:
        """Return what is used up when the guess of an instant was right."""
        return replace(self, wrong=_without_one(self.wrong, (at, client)), consecutive=0)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        wrong: list[Value] = [[at, client] for at, client in self.wrong]
        return encode(_DOMAIN, {"codes": list(self.codes), "wrong": wrong, "consecutive": self.consecutive})

    @classmethod
    def from_bytes(cls, data: bytes) -> Allowance:
        """Return the allowance that `to_bytes` wrote.

        Raises:
            NotCanonical: other bytes.
        """
        told: dict[str, Any] = decode(_DOMAIN, data)
        return cls(tuple(told["codes"]), tuple((at, client) for at, client in told["wrong"]), told["consecutive"])


def _without_one(values: tuple[T, ...], one: T) -> tuple[T, ...]:
    place = values.index(one)
    return values[:place] + values[place + 1 :]


@dataclass(frozen=True, slots=True)
class GuessRate:
    """How guesses went in the last hour, over the whole service."""

    judged: int
    wrong: int

    def is_alarming(self, honest_error_rate: float) -> bool:
        """Return whether more were wrong than honest people explain: four standard deviations over the expected."""
        expected = self.judged * honest_error_rate
        deviation = math.sqrt(expected * (1 - honest_error_rate))
        return self.wrong > expected + _ALARM_DEVIATIONS * max(deviation, 1.0)
