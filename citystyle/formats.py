"""Times, sizes and counts as people write them in each language."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask_babel import format_datetime, format_decimal

from citystyle.language import language
from citystyle.words import NBSP

_MOMENT: Final = {"ro": "EEEE, d MMMM y, 'ora' HH:mm", "en": "EEEE, d MMMM y, HH:mm"}
_DAY: Final = "d MMMM y"


def moment(instant: datetime) -> str:
    """Return e.g. `marți, 24 noiembrie 2026, ora 10:30`, in the site's time zone."""
    return str(format_datetime(instant, _MOMENT[language()]))


def day(instant: datetime) -> str:
    """Return e.g. `24 noiembrie 2026`."""
    return str(format_datetime(instant, _DAY))


def clock(instant: datetime) -> str:
    """Return e.g. `10:30`."""
    return str(format_datetime(instant, "HH:mm"))


def size(count: int) -> str:
    """Return a number of bytes as e.g. `120 kB` or `1,4 MB`, never rounded to nothing."""
    if count < 1_000_000:
        return f"{format_decimal(max(1, round(count / 1000)))}{NBSP}kB"
    pattern = "#,##0.#" if count < 10_000_000 else "#,##0"
    return f"{format_decimal(count / 1_000_000, pattern)}{NBSP}MB"
