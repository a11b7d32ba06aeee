"""The `status` zone over HTTP, under the paths that certificates carry: status of certificates, time-stamps, lists.

It holds the token `paraph-status` with the responder's and the time-stamping unit's keys, and a copy of the record; of
the authority it reaches the feed of changes and nothing else.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from apps.serving import Zone, main
from apps.status_keys import TOKEN_LABEL, key_of
from ca.protocol import CA_STATUS
from ca.replica import Replica
from ca.status_metrics import StatusMetrics
from ca.status_parts import StatusParts
from ca.status_probe import StatusProbe
from ca.status_web import create_app
from ca.time_service import KernelTimeService
from ca.trusted_clock import TrustedClock
from channel.client import Channel
from core.clock import SystemClock
from core.entropy import SystemEntropy
from hsm.session import Token
from storage.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from core.config import Settings


def zone(settings: Settings) -> Zone:
    """Return what the `status` zone runs."""
    return Zone(
        name="status",
        build=lambda: build(settings),
        listen=(settings.status.listen, settings.status.metrics_listen),
        workers=settings.status.workers,
    )


def build(settings: Settings) -> WSGIApplication:
    """Return the application of one process: what is asked depends on the address at which it is asked."""
    public, metrics = open_status(settings)
    own_port = int(settings.status.metrics_listen.rpartition(":")[2])

    def by_port(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        asked: int = environ["gunicorn.socket"].getsockname()[1]
        return metrics(environ, start) if asked == own_port else public(environ, start)

    return by_port


def open_status(settings: Settings) -> tuple[WSGIApplication, StatusMetrics]:
    """Return what is answered to the world and to who watches; the token session is opened at the first signature."""
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
    return public, StatusMetrics(trusted, parts, settings.published())


def since_start() -> float:
    """Return the seconds since the machine was started, sleep included: a time that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


if __name__ == "__main__":
    main(zone)
