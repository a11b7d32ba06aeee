"""What can go wrong with an authentication factor. `otp` raises these, the SAM passes them on, the pages explain them."""

from __future__ import annotations

from core.errors import DomainError, Unavailable


class CodeWrong(DomainError):
    """The code is not the one that was sent. `tries_left` says how many guesses this transaction still has."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


class CodeMalformed(DomainError):
    """Not eight ASCII digits; nothing was judged and nothing counted."""


class CodeExpired(DomainError):
    """The code's five minutes are over. Nothing was judged; a new one can be sent while the allowance lasts."""


class SigningStopped(DomainError):
    """Three wrong codes: the transaction is dead."""


class ThrottledUntil(DomainError):
    """A limit on codes or guesses is reached. `until` is an ISO 8601 instant, empty when re-identification is needed."""

    def __init__(self, until: str, limit: str) -> None:
        super().__init__(limit)
        self.until = until
        self.limit = limit


class ResendTooEarly(DomainError):
    """The waiting time between two sendings is not over. `after` is an ISO 8601 instant."""

    def __init__(self, after: str) -> None:
        super().__init__(after)
        self.after = after


class ResendExhausted(DomainError):
    """The code was sent as often as it may be."""


class SmsNotSent(Unavailable):
    """No gateway took the message; no try was spent.

    `again_at`: when it may work again, an ISO 8601 instant; empty where nobody waits for it.
    """

    def __init__(self, detail: str = "", again_at: str = "") -> None:
        super().__init__(detail)
        self.again_at = again_at


class ChallengeClosed(DomainError):
    """The code was used, stopped or withdrawn; it opens nothing any more."""


ALL: tuple[type[DomainError], ...] = (
    CodeWrong,
    CodeMalformed,
    CodeExpired,
    SigningStopped,
    ThrottledUntil,
    ResendTooEarly,
    ResendExhausted,
    SmsNotSent,
    ChallengeClosed,
)
