"""What is limited, and by how much. Counted once it is known who asks: nobody can use up another one's share.

1. Requests of a client, each minute, over all methods and endpoints that it authenticates at.
2. Requests of a client for one signatory, each minute: pushed for an account, or made with a credential's token.
3. Signatures that a client asks for in pushed requests, in a day: a request that would go over is refused whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from api.keys import Purpose, WebKeys
from api.limits.counters import Counters
from api.refusals import QuotaSpent, TooManyRequests
from core.config import Web


class Terms(Protocol):
    """What was agreed with a client; None: what the settings say."""

    @property
    def client(self) -> str:
        """Return the client's id."""
        ...

    @property
    def requests_a_minute(self) -> int | None:
        """Return how many requests it may make in a minute."""
        ...

    @property
    def signatures_a_day(self) -> int | None:
        """Return for how many signatures it may ask in a day."""
        ...


@dataclass(frozen=True, slots=True)
class Allowances:
    """What a client has when nothing else was agreed with it, and what holds for each signatory."""

    requests_a_minute: int
    signatures_a_day: int
    signatory_requests_a_minute: int

    @classmethod
    def of(cls, settings: Web) -> Allowances:
        """Return those of the settings."""
        return cls(settings.requests_a_minute, settings.signatures_a_day, settings.signatory_requests_a_minute)


class RateLimits:
    """Counts requests and signatures. `terms_of` finds a client's terms by its id."""

    def __init__(
        self, counters: Counters, terms_of: Callable[[str], Terms], keys: WebKeys, allowances: Allowances
    ) -> None:
        self._counters = counters
        self._limiter = SlidingWindowCounterRateLimiter(counters)
        self._terms_of = terms_of
        self._keys = keys
        self._allowances = allowances

    def of_client(self, client: Terms) -> None:
        """Count a request of a client.

        Raises:
            TooManyRequests: it has had as many as it may in a minute.
        """
        most = client.requests_a_minute or self._allowances.requests_a_minute
        self._count(RateLimitItemPerMinute(most, namespace="client"), client.client)

    def of_token(self, client: str, credential: str | None) -> None:
        """Count a request made with a token: the client's, and its signatory's when the token is a credential's.

        Raises:
            TooManyRequests: one of the two has had as many as it may in a minute.
        """
        self.of_client(self._terms_of(client))
        if credential is not None:
            self._of_signatory(client, credential)

    def of_push(self, client: Terms, account: str, signatures: int) -> None:
        """Count a pushed request for an account, and the signatures it asks for.

        Raises:
            TooManyRequests: too many for this account in a minute.
            QuotaSpent: more signatures than are left of the client's day; none of them is counted.
        """
        self._of_signatory(client.client, account)
        item = RateLimitItemPerDay(client.signatures_a_day or self._allowances.signatures_a_day, namespace="quota")
        if not self._limiter.hit(item, client.client, cost=signatures):
            raise QuotaSpent(self._wait(item, client.client), f"{signatures} signatures")

    def _of_signatory(self, client: str, name: str) -> None:
        item = RateLimitItemPerMinute(self._allowances.signatory_requests_a_minute, namespace="signatory")
        self._count(item, self._keys.mac(Purpose.LIMIT, f"{client}:{name}").hex())

    def _count(self, item: RateLimitItem, whose: str) -> None:
        if not self._limiter.hit(item, whose):
            raise TooManyRequests(self._wait(item, whose), str(item))

    def _wait(self, item: RateLimitItem, whose: str) -> int:
        """Return after how many seconds the present window ends: by then some of it is free again."""
        *_, left = self._counters.get_sliding_window(item.key_for(whose), item.get_expiry())
        return math.ceil(left - item.get_expiry())
