"""Running the same work in several processes at once and adding up how often it was done."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from threading import BrokenBarrierError
from typing import Any

CONTEXT = multiprocessing.get_context("spawn")  # a token session does not survive a fork


def rate(prepare: Callable[..., Callable[[], Any]], arguments: list[tuple[Any, ...]], seconds: float = 2.0) -> float:
    """Return how often a second the work was done, over as many processes as there are argument tuples.

    `prepare(*arguments)` runs in each process and returns what is repeated.
    """
    latencies = timed(prepare, arguments, seconds)
    return sum(len(each) for each in latencies) / seconds


def timed(
    prepare: Callable[..., Callable[[], Any]],
    arguments: list[tuple[Any, ...]],
    seconds: float,
    begun: Callable[[], object] = list,
) -> list[list[float]]:
    """Return the seconds each single piece of work took, by process. Work that returns a number took that long.

    `begun` is called here when all processes are prepared and begin.
    """
    barrier, results = CONTEXT.Barrier(len(arguments) + 1), CONTEXT.Queue()
    workers = [CONTEXT.Process(target=_work, args=(prepare, each, seconds, barrier, results)) for each in arguments]
    for worker in workers:
        worker.start()
    with suppress(BrokenBarrierError):  # who could not prepare says so below
        barrier.wait(300)
    begun()
    found = [results.get(timeout=300 + seconds) for _ in workers]
    for worker in workers:
        worker.join()
    failed = [each for each in found if isinstance(each, str)]
    if failed:
        raise RuntimeError(failed[0])
    return found


def _work(
    prepare: Callable[..., Callable[[], Any]], arguments: tuple[Any, ...], seconds: float, barrier: Any, results: Any
) -> None:
    taken: list[float] = []
    try:
        once = prepare(*arguments)
        once()
        barrier.wait()
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            try:
                told = once()
            except StopIteration:
                break
            taken.append(told if isinstance(told, float) else time.perf_counter() - begun)
    except Exception as error:  # noqa: BLE001  # the parent raises it
        barrier.abort()
        results.put(f"{type(error).__name__}: {error}")
        return
    results.put(taken)


def percentiles(latencies: list[list[float]]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    every = sorted(value for each in latencies for value in each)
    if not every:
        return {}
    return {f"p{p}": round(1000 * every[min(len(every) - 1, len(every) * p // 100)], 2) for p in (50, 95, 99)}
