"""How many codes are sent and how many guesses are judged. The numbers are those of attacks §3.2.

Bound: P(forged in a year) ≤ B · 1.0245 · 10⁻⁸ = 9.2e-7 for B = 90 wrong guesses judged for one signatory in 365 days.
Success does not reset the year's budget; no resend resets the attempts; one portal cannot spend all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from core.factors import ThrottledUntil
from otp.tables import codes, guesses

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
_ALARM_SPAN: Final = timedelta(hours=1)
_ALARM_DEVIATIONS: Final = 4

# Built once: putting a statement together costs more than running it.
_SENT = (
    select(codes.c.at)
    .where(codes.c.signatory == bindparam("of"), codes.c.at > bindparam("since"))
    .order_by(codes.c.at.desc())
    .limit(bindparam("most"))
)
_WRONG = (guesses.c.signatory == bindparam("of")) & (guesses.c.right == 0)
_LAST_RIGHT = select(func.max(guesses.c.id)).where(guesses.c.signatory == bindparam("of"), guesses.c.right == 1)
_SINCE_RIGHT = _WRONG & (guesses.c.id > func.coalesce(_LAST_RIGHT.scalar_subquery(), 0))
_IN_YEAR = _WRONG & (guesses.c.at > bindparam("since"))
_SPENT = select(
    select(func.count()).where(_SINCE_RIGHT).scalar_subquery(),
    select(func.count()).where(_IN_YEAR).scalar_subquery(),
    select(func.count()).where(_IN_YEAR, guesses.c.client == bindparam("through")).scalar_subquery(),
)
_JUDGED = select(func.count(), func.coalesce(func.sum(1 - guesses.c.right), 0)).where(guesses.c.at > bindparam("since"))


def allow_code(connection: Connection, signatory: str, now: datetime) -> None:
    """Let one more code be sent to a signatory.

    Raises:
        ThrottledUntil: the day's or the month's allowance is used up.
    """
    for span, limit, name in ((DAY, CODES_A_DAY, "codes a day"), (MONTH, CODES_A_MONTH, "codes a month")):
        sent = connection.scalars(_SENT, {"of": signatory, "since": now - span, "most": limit}).all()
        if len(sent) == limit:
            raise ThrottledUntil((sent[-1] + span).isoformat(), name)


def allow_guess(connection: Connection, signatory: str, client: str, now: datetime) -> None:
    """Let one more guess be judged for a signatory.

    Raises:
        ThrottledUntil: a budget is spent; `until` is empty where only a new identification helps.
    """
    spent = {"of": signatory, "since": now - YEAR, "through": client}
    since_right, in_year, through_client = connection.execute(_SPENT, spent).one()
    if since_right >= CONSECUTIVE_WRONG:
        raise ThrottledUntil("", "consecutive wrong guesses")
    if in_year >= WRONG_A_YEAR:
        raise ThrottledUntil("", "wrong guesses a year")
    if through_client >= WRONG_A_YEAR_PER_CLIENT:
        raise ThrottledUntil("", "wrong guesses a year through one client")


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


def guess_rate(connection: Connection, now: datetime) -> GuessRate:
    """Return how the guesses of the last hour went."""
    judged, wrong = connection.execute(_JUDGED, {"since": now - _ALARM_SPAN}).one()
    return GuessRate(judged, wrong)
