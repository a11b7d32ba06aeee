"""`paraph run`: start all zones, say where they are, serve until told to stop, leave no process behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.development import Demonstration, provision
from apps.founding import DEVELOPMENT as ADMINISTRATORS
from apps.health import listen_address, wait_until_healthy
from apps.init import check_initialised
from apps.installation import DEVELOPMENT, OPTIONAL, ZONES, Installation
from apps.supervisor import Supervisor
from core.config import Settings, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

_START_SECONDS: Final = 90.0


class Stopped(BaseException):
    """Somebody asked the process to end: Ctrl-C, or a signal."""


def run_until_stopped(installation: Installation, say: Callable[[str], None]) -> None:
    """Serve until `Stopped` is raised.

    Raises:
        NotInitialised, AlreadyRunning, NotHealthy, NotRunning: the zones could not be started or kept.
    """
    settings = installation.settings()
    check_initialised(settings)
    zones = zones_of(settings)
    supervisor = Supervisor(installation, zones)
    try:
        supervisor.start()
        say("Starting: " + ", ".join(zones))
        wait_until_healthy(settings, zones, _START_SECONDS, lambda: supervisor.alive)
        demonstration = provision(settings) if "phone" in zones else None
        say(addresses(settings, demonstration))
        supervisor.wait()
    except Stopped:
        say("\nStopping.")
    finally:
        supervisor.stop()


def zones_of(settings: Settings) -> tuple[str, ...]:
    """Return the zones to start; the development phone only where messages go to it and nobody else can reach it."""
    optional = (zone for zone in OPTIONAL if listen_address(settings, zone))
    phone = DEVELOPMENT if settings.sms.to_outbox and is_loopback(settings.service.public_origin) else ()
    return (*ZONES, *optional, *phone)


def addresses(settings: Settings, demonstration: Demonstration | None) -> str:
    """Return where everything is, in lines for a person."""
    lines = [
        "All zones work. Ctrl-C stops them.",
        f"  Portal                {settings.portal.public_origin}",
        f"  Authorization service {settings.service.public_origin}",
        f"  Certificates and CRL  http://{settings.status.listen}",
    ]
    if demonstration is not None:
        lines += [
            f"  Development phone     http://{settings.phone.listen}   (shows the SMS codes)",
            f"  Demo account          {demonstration.email}   password: {demonstration.password}",
            f"  Administrators        {', '.join(ADMINISTRATORS)}   (of the authority: paraph ca status)",
        ]
    if settings.metrics.listen:
        lines.append(f"  Metrics               http://{settings.metrics.listen}/metrics")
    lines.append(f"  Logs                  {settings.state_dir / 'logs'}")
    return "\n".join(lines)
