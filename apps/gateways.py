"""The SMS gateways that the settings name, put together: their passwords read, their addresses for reports made."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from apps.files import too_open
from core.clock import Clock
from core.config import BadSettings, Settings
from core.secret import Secret
from core.sms_settings import KannelGateway as KannelSettings
from otp.delivery.gateways import Gateways
from otp.delivery.kannel import Access, KannelGateway
from otp.delivery.outbox import Outbox
from otp.delivery.ports import Gateway
from otp.delivery.report_addresses import ReportAddresses

REPORT_SECRET: Final = "reports.key"  # noqa: S105  # a file's name, in the folder of each zone that makes or knows the addresses of reports


def open_gateways(settings: Settings, clock: Clock) -> Gateways:
    """Return the configured gateways as one.

    Raises:
        BadSettings: a password or the reports' secret cannot be read, or others can read it.
    """
    return Gateways(each_gateway(settings, clock))


def each_gateway(settings: Settings, clock: Clock) -> tuple[Gateway, ...]:
    """Return the configured gateways, in order.

    Raises:
        BadSettings: as `open_gateways`.
    """
    reports = open_addresses(settings, "sam") if settings.sms.reports_listen else None
    return tuple(
        _kannel(gateway, reports) if isinstance(gateway, KannelSettings) else Outbox(settings.outbox(), clock)
        for gateway in settings.sms.gateways
    )


def open_addresses(settings: Settings, zone: str) -> ReportAddresses:
    """Return what makes and knows the addresses of delivery reports, from the secret in a zone's own folder.

    Raises:
        BadSettings: the secret cannot be read, or others can read it.
    """
    secret = _secret("sms.reports_listen", settings.zone_dir(zone) / REPORT_SECRET)
    return ReportAddresses(secret, settings.sms.reports_url)


def _kannel(gateway: KannelSettings, reports: ReportAddresses | None) -> KannelGateway:
    password = _secret("sms.gateways.password_file", gateway.password_file)
    access = Access(
        url=gateway.url,
        username=gateway.username,
        password=Secret(_one_line(gateway.password_file, password.reveal())),
        smsc=gateway.smsc,
        posts=gateway.request == "post",
        seconds=gateway.seconds,
        tls=ssl.create_default_context() if gateway.url.startswith("https://") else None,
    )
    return KannelGateway(gateway.name, access, reports)


def _secret(setting: str, path: Path) -> Secret:
    try:
        if problem := too_open(path):
            raise BadSettings(f"{setting}: {problem}")
        return Secret(path.read_bytes())
    except OSError as error:
        raise BadSettings(f"{setting}: {path}: {(error.strerror or str(error)).lower()}") from error


def _one_line(path: Path, content: bytes) -> bytes:
    line = content.removesuffix(b"\n").removesuffix(b"\r")
    if not line or not (line.isascii() and line.decode().isprintable()):
        raise BadSettings(f"sms.gateways.password_file: {path}: one line of printable ASCII is expected")
    return line
