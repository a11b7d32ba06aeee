"""The `preflight` zone: one socket, the key that signs its verdicts, tight limits; no token, no database, no network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from apps.serving import Zone, main
from core.config import Settings
from preflight.limits import confine
from preflight.server import Inspection, serve
from preflight.verdict import VerdictKey

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_GRACE: Final = 10  # seconds after the document's own limit, before the master ends a worker


def zone(settings: Settings) -> Zone:
    """Return what the `preflight` zone runs."""
    return Zone(
        name="preflight",
        build=lambda: build(settings),
        sockets=(settings.socket("preflight"),),
        workers=settings.preflight.workers,
        seconds=settings.preflight.seconds + _GRACE,
        prepare=lambda: _confine(settings),
    )


def build(settings: Settings) -> WSGIApplication:
    """Return the application of one process."""
    key = VerdictKey.load(settings.zone_dir("preflight") / "verdict.key")
    inspection = Inspection(key, settings.preflight.seconds, settings.web.max_document_bytes)
    return serve(inspection, frozenset({os.getuid()}))


def _confine(settings: Settings) -> None:
    confine(settings.preflight.memory_bytes)


if __name__ == "__main__":
    main(zone)
