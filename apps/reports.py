"""The `reports` zone: takes delivery reports from SMS gateways and counts them. It reaches no other zone and knows no code."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from apps.gateways import open_addresses
from apps.serving import Zone, main
from core.clock import SystemClock
from core.config import BadSettings, Settings
from otp.delivery.report_wire import ReportWire
from otp.delivery.reports import Reports, metadata
from storage.engine import Database

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def zone(settings: Settings) -> Zone:
    """Return what the `reports` zone runs.

    Raises:
        BadSettings: there are no reports in these settings.
    """
    if not settings.sms.reports_listen:
        raise BadSettings("sms.reports_listen: empty, so nobody reports")
    return Zone(name="reports", build=lambda: build(settings), listen=(settings.sms.reports_listen,), threads=4)


def build(settings: Settings) -> WSGIApplication:
    """Return the application."""
    database = Database(settings.zone_dir("reports") / "db.sqlite")
    database.create(metadata)
    peers = [ip_network(peer) for peer in settings.sms.reports_peers]
    return ReportWire(open_addresses(settings, "reports"), Reports(database), peers, SystemClock())


if __name__ == "__main__":
    main(zone)
