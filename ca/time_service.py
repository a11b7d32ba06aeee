"""What the machine's time service says of the clock: the kernel keeps it for chrony, ntpd and systemd-timesyncd alike."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from core.errors import Unavailable

_TIME_OOP: Final = 3  # a leap second is being inserted
_TIME_ERROR: Final = 5  # not synchronised


@dataclass(frozen=True, slots=True)
class TimeServiceState:
    """How far the clock may be trusted."""

    synchronised: bool
    largest_error: timedelta
    leap_second: bool = False


class TimeService(Protocol):
    """Knows how far the clock may be trusted."""

    def state(self) -> TimeServiceState:
        """Return what is known now.

        Raises:
            Unavailable: nobody knows.
        """
        ...


class _Timex(ctypes.Structure):
    # <sys/timex.h>
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("rest", ctypes.c_long * 32),  # more than there is
    )


class KernelTimeService:
    """Asks the kernel (adjtimex(2)), without changing anything."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)

    def state(self) -> TimeServiceState:
        """Return what the time service told the kernel.

        Raises:
            Unavailable: the kernel does not say.
        """
        found = _Timex()
        said = self._library.adjtimex(ctypes.byref(found))
        if said < 0:
            raise Unavailable(f"adjtimex: error {ctypes.get_errno()}")
        error = timedelta(microseconds=found.maxerror)
        return TimeServiceState(said != _TIME_ERROR, error, leap_second=said == _TIME_OOP)
