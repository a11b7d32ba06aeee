"""The `status` zone over HTTP, under the paths that certificates carry: status of certificates, time-stamps, lists.

It holds the token `paraph-status` with the responder's and the time-stamping unit's keys, and a copy of the record; of
the authority it reaches the feed of changes and nothing else.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from apps.meters import Gauges
from apps.serving import Zone, main
from apps.status_keys import TOKEN_LABEL, key_of
from ca.protocol import CA_STATUS
from ca.replica import Replica
from ca.status_parts import StatusParts
from ca.status_probe import StatusProbe
from ca.status_readings import StatusReadings
from ca.status_web import create_app
from ca.time_service import KernelTimeService
from ca.trusted_clock import TrustedClock
from channel.client import Channel
from core.clock import SystemClock
from core.entropy import SystemEntropy
from hsm.session import Token
from storage.engine import Database

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from core.config import Settings


def zone(settings: Settings) -> Zone:
    """Return what the `status` zone runs."""
    process = Process(settings)
    return Zone(
        name="status",
        build=process.build,
        listen=(settings.status.listen,),
        workers=settings.status.workers,
        beat=process.beat if settings.metrics.listen else None,
    )


class Process:
    """The zone of one process, once it is built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readings: StatusReadings | None = None
        self._gauges = Gauges("status")

    def build(self) -> WSGIApplication:
        """Return the application of the process."""
        application, self._readings = open_status(self._settings)
        return application

    def beat(self) -> None:
        """Have who watches read how the clock stands, and what ends when."""
        if self._readings is not None:
            self._gauges.show(self._readings.take())


def open_status(settings: Settings) -> tuple[WSGIApplication, StatusReadings]:
    """Return what is answered to the world, and what is told to who watches."""
    folder = settings.zone_dir("status")
    token = Token(folder, Path(settings.ca.module), TOKEN_LABEL)
    database = Database(folder / "db.sqlite")
    clock, entropy = SystemClock(), SystemEntropy()
    replica = Replica(database, Channel(CA_STATUS, settings.socket("ca-status")), clock, time.monotonic)
    trusted = TrustedClock(
        clock, since_start, KernelTimeService(), database, service_required=settings.status.time_service_required
    )
    parts = StatusParts(
        folder,
        settings.published(),
        (partial(key_of, token, "ocsp"), partial(key_of, token, "tsu")),
        replica,
        trusted,
        entropy,
        policy=settings.status.tsa_policy_oid,
        qualified=settings.ca.marking == "full",
    )
    public = create_app(settings.published(), parts, StatusProbe(parts, entropy), clock)
    return public, StatusReadings(trusted, parts, settings.published())


def since_start() -> float:
    """Return the seconds since the machine was started, sleep included: a time that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


if __name__ == "__main__":
    main(zone)
