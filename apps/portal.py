"""The `portal` zone: a city hall's filing portal. It knows the service over HTTP only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.routes import name_calls
from apps.serving import Zone, main
from portal.app import create_app
from portal.settings import PortalSettings
from portal.verification.levels import Level

if TYPE_CHECKING:
    from core.config import Settings


def zone(settings: Settings) -> Zone:
    """Return what the `portal` zone runs."""
    return Zone(
        name="portal",
        build=lambda: name_calls(create_app(portal_settings(settings))),
        listen=(settings.portal.listen,),
        workers=settings.portal.workers,
        threads=8,  # waits for the service while it waits for browsers
        seconds=180,
    )


def portal_settings(settings: Settings) -> PortalSettings:
    """Return what the portal needs to know of the installation: addresses and limits, nothing of other zones."""
    return PortalSettings(
        service_url=settings.service.public_origin,
        public_origin=settings.portal.public_origin,
        city=settings.portal.city,
        state_dir=settings.state_dir,
        max_file_bytes=settings.portal.max_file_bytes,
        max_files=settings.portal.max_files,
        help_phone=settings.service.help_phone,
        level=Level(settings.portal.level),
    )


if __name__ == "__main__":
    main(zone)
