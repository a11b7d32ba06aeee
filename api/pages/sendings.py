"""What the code page says of its SMS: sent again, renewed, not sent, over (pages.md §3).

A message may come late, twice, or out of order. So the page always names the time until which the present code works,
and once a code was renewed it says that only the newest counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from api.pages.words import _
from citystyle.formats import clock
from signer.sam.protocol import TransactionView

AGAIN: Final = "sent"  # in an address: when the same code was sent again
RENEWED: Final = "new"  # in an address: when a new code was sent
_NOTICE: Final = timedelta(minutes=5)  # how long it is worth saying


def is_over(view: TransactionView, now: datetime) -> bool:
    """Return whether the present code's time is over: then a new one can be asked for."""
    return view.code_expires_at <= now


def too_early(after: str) -> str:
    """Return what is said before the waiting time is over."""
    return _("You can ask for the code again from %(time)s.", time=clock(datetime.fromisoformat(after)))


def exhausted(view: TransactionView) -> str:
    """Return what is said of a code that was sent as often as it may be."""
    time = clock(view.code_expires_at)
    return _("This code cannot be sent again. From %(time)s you can ask for a new one.", time=time)


def not_sent(view: TransactionView, now: datetime) -> str:
    """Return what is said when no gateway took a further message: the code that went out before is as good as it was."""
    time = clock(view.code_expires_at)
    if is_over(view, now):
        return _("The code expired at %(time)s and we cannot send a new one now. The problem is ours.", time=time)
    return _(
        "We could not send the SMS again. The problem is ours. The code in an earlier SMS works until %(time)s.",
        time=time,
    )


def expired(expired_at: datetime) -> str:
    """Return what is said when a code was typed too late, and a new one is on its way."""
    return _("The code expired at %(time)s. We sent a new one; the fingerprint is the same.", time=clock(expired_at))


def notice(again: str, renewed: str, now: datetime) -> str:
    """Return what the page says of a message that was just sent; the address tells when, in seconds since 1970."""
    if time := _just_now(renewed, now):
        return _("We sent a new code at %(time)s. Earlier codes no longer work.", time=time)
    if time := _just_now(again, now):
        return _("We sent the same code again at %(time)s.", time=time)
    return ""


def _just_now(value: str, now: datetime) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        return ""
    sent_at = datetime.fromtimestamp(int(value), now.tzinfo)
    return clock(sent_at) if timedelta(0) <= now - sent_at < _NOTICE else ""
