"""The `status` zone: what the authority publishes, over HTTP, under the paths that certificates carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.serving import Zone, main
from ca.status_web import create_app
from core.clock import SystemClock

if TYPE_CHECKING:
    from core.config import Settings


def zone(settings: Settings) -> Zone:
    """Return what the `status` zone runs."""
    return Zone(
        name="status",
        build=lambda: create_app(settings, SystemClock()),
        listen=(settings.status.listen,),
        workers=settings.status.workers,
        threads=4,
    )


if __name__ == "__main__":
    main(zone)
