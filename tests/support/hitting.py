"""A process that counts against a limit as often as it is let; it loads as little as it can."""

from __future__ import annotations

from pathlib import Path

from limits import RateLimitItemPerDay
from limits.strategies import SlidingWindowCounterRateLimiter

from api.limits.counters import Counters
from core.clock import SystemClock
from storage.engine import Database


def hits(path: Path, limit: int, barrier, results) -> None:
    """Try as often as the limit has room for; tell how often it was let."""
    limiter = SlidingWindowCounterRateLimiter(Counters(Database(path, durable=False), SystemClock()))
    barrier.wait()
    results.put(sum(limiter.hit(RateLimitItemPerDay(limit), "a") for _ in range(limit)))
