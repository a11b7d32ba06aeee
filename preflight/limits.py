"""The walls around a worker that opens hostile files.

| wall | how | when it is not there |
|---|---|---|
| memory | RLIMIT_AS: an allocation beyond it fails, in Python as MemoryError | |
| time for one document | a timer that raises in the main thread; behind it a limit on processor time that kills | |
| no new process, no program started | RLIMIT_NPROC 0 | root is exempt from it: run the zone as a user of its own |
| no network | a network namespace of its own, with no interface in it | the kernel refuses it without the right (CAP_SYS_ADMIN): `Walls.network` says so; systemd's `PrivateNetwork=` does the same |
| no memory image | RLIMIT_CORE 0, not dumpable | |

The timer cannot interrupt the second engine in the middle of a call; the limit on processor time can, by ending the
worker, which its supervisor starts again. The caller then gets `Unavailable` (`preflight.client` makes sense of it).
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from preflight.protocol import DocumentRefused

log = logging.getLogger(__name__)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWNET: Final = 0x40000000
_GRACE: Final = 5  # seconds of processor time after the timer, before the kernel ends the worker


@dataclass(frozen=True, slots=True)
class Walls:
    """Which walls stand."""

    network: bool  # no network: the process has a namespace of its own
    processes: bool  # no new process can be made


def confine(memory_bytes: int) -> Walls:
    """Put the walls around this process for good; call it in the worker, after the fork. Logs what does not stand."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    walls = Walls(network=_leave_network(libc), processes=os.geteuid() != 0)
    if not walls.network:
        log.warning("no right to a network namespace of its own: this worker could open connections")
    if not walls.processes:
        log.warning("running as root: the limit on new processes does not hold")
    return walls


def _leave_network(libc: Any) -> bool:
    """Move into an empty network namespace. Not by way of a user namespace: peers' user ids would read as nobody's."""
    return bool(libc.unshare(_CLONE_NEWNET) == 0)


class _TimeIsOver(BaseException):
    """Raised out of whatever runs. No `Exception`: a library would take it for a flaw of the file and go on."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Refuse the document whose inspection takes longer than this, whatever a library made of the interruption.

    Raises:
        DocumentRefused: the time is over (`too-heavy`).
    """
    over = False

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal over
        over = True
        raise _TimeIsOver

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with _processor_time(seconds), _timer(seconds):
            yield
    except BaseException as error:
        if not over:
            raise
        raise DocumentRefused("too-heavy", "time") from error
    finally:
        signal.signal(signal.SIGALRM, previous)
    if over:
        raise DocumentRefused("too-heavy", "time")


@contextmanager
def _timer(seconds: float) -> Iterator[None]:
    """Send SIGALRM after `seconds` inside, and each second again: a library may swallow the first."""
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """Let the kernel end the process when it uses much more than `seconds` inside; what it uses later is not counted."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + _GRACE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
