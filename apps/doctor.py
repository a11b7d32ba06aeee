"""`paraph doctor`: what is wrong with an installation, in plain words, each with what to do about it.

It changes nothing, and works whether the zones run or not.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.x509 import load_der_x509_crl, load_pem_x509_certificate

from apps.admin_credentials import FOLDER
from apps.files import too_open
from apps.gateways import each_gateway
from apps.health import check, listen_address
from apps.init import TOKENS, expected_files, is_initialised
from apps.installation import Installation
from apps.run import zones_of
from apps.upkeep import problems as problems_of_upkeep
from ca import publication
from ca.generations import pinned
from core.addresses import FIRST
from core.clock import Clock, SystemClock
from core.config import BadSettings, is_loopback
from core.errors import DomainError, Unavailable
from hsm.errors import PinWrong
from hsm.session import Token
from otp.delivery.ports import NotDelivered
from otp.delivery.reports import Reports
from storage.engine import Database

if TYPE_CHECKING:
    from core.config import Settings

_LEAST_FREE: Final = 200_000_000  # bytes of disk: evidence must be writable before anything is signed
_CLOCK_SLACK: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    text: str
    wrong: bool = False

    @property
    def mark(self) -> str:
        """A tick, or a cross."""
        return "✗" if self.wrong else "✓"


def examine(installation: Installation, clock: Clock | None = None) -> list[Finding]:
    """Return what was found, good and bad, in the order of looking."""
    try:
        settings = installation.settings()
    except DomainError as error:
        return [_bad(f"The settings cannot be used. {error.detail}")]
    findings = [Finding(f"Settings are read from {installation.config}.")]
    looks: list[Callable[[], Iterator[Finding]]] = [lambda: modules(settings)]
    if is_initialised(settings):
        looks += [
            lambda: files(settings),
            lambda: tokens(settings),
            lambda: time(settings, clock or SystemClock()),  # first: looking into a database may touch its file
            lambda: databases(settings),
            lambda: gateways(settings, clock or SystemClock()),
        ]
    else:
        findings.append(_bad(f"There is no complete installation in {settings.state_dir}. Run `paraph init`."))
    looks += [lambda: disk(settings), lambda: zones(settings, clock or SystemClock())]
    for look in looks:
        findings.extend(look())
    return findings


def modules(settings: Settings) -> Iterator[Finding]:
    """Look for the PKCS#11 modules."""
    for module in sorted({settings.sam.module, settings.ca.module}):
        if Path(module).is_file():
            yield Finding(f"The PKCS#11 module {module} is there.")
        else:
            yield _bad(f"There is no PKCS#11 module at {module}. Install softhsm2, or set sam.module and ca.module.")


def files(settings: Settings) -> Iterator[Finding]:
    """Look for missing secrets, and for files that others can read."""
    problems = []
    development = sorted((settings.state_dir / FOLDER).glob("*"))
    if development and not is_loopback(settings.service.public_origin):
        found = f"{settings.state_dir / FOLDER} holds passwords of administrators made up for development"
        problems.append(_bad(f"{found}. Have others invited, then these disabled, and remove it."))
    for path in (*expected_files(settings), *development):
        if not path.exists():
            problems.append(_bad(f"{path} is missing. Restore it from the backup; it cannot be made again."))
        elif problem := too_open(path):
            problems.append(_bad(f"{problem}. Run `chmod go= {path}` and ask who may have read it."))
    yield from problems or [Finding("Every secret is there and readable by its owner only.")]


def tokens(settings: Settings) -> Iterator[Finding]:
    """Open every token with its PIN."""
    for zone, label in TOKENS.items():
        module = settings.sam.module if zone == "sam" else settings.ca.module
        folder = settings.zone_dir(zone)
        if not Path(module).is_file():
            continue
        token = Token(folder, Path(module), label)
        try:
            token.check()
        except PinWrong:
            yield _bad(f"The PIN in {folder / 'pin'} is not that of the token {label}.")
        except Unavailable as error:
            yield _bad(f"The token {label} cannot be opened in {folder}: {error.detail}.")
        else:
            yield Finding(f"The token {label} opens with its PIN.")
        finally:
            token.close()


def databases(settings: Settings) -> Iterator[Finding]:
    """Open every zone's database."""
    zones = ("sam", "ca", "status", "web", "portal", *(("reports",) if settings.sms.reports_listen else ()))
    for zone in zones:
        path = settings.zone_dir(zone) / "db.sqlite"
        if not path.exists():
            yield Finding(f"The database of {zone} is not made yet; the zone makes it when it starts.")
            continue
        try:
            Database(path, busy_ms=1000).check()
        except Unavailable as error:
            yield _bad(f"The database {path} cannot be used: {error.detail}.")
        else:
            yield Finding(f"The database of {zone} answers.")


def time(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Compare the clock with what was written and signed before."""
    now = clock.now()
    written = [path.stat().st_mtime for path in settings.state_dir.glob("*/db.sqlite*")]
    if written and now.timestamp() < max(written) - _CLOCK_SLACK.total_seconds():
        yield _bad("The clock went backwards: it is earlier than the last entry in a database. Set the time.")
        return
    issuing = [publication.issuing_certificate_pem(number) for number in _generations(settings)]
    for name in (publication.ROOT_CERTIFICATE_PEM, *issuing):
        certificate = load_pem_x509_certificate((settings.published() / name).read_bytes())
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            yield _bad(f"The clock says {now:%Y-%m-%d %H:%M} UTC, outside the life of {name}.")
            return
    yield Finding(f"The clock fits: {now:%Y-%m-%d %H:%M} UTC.")
    for number in _generations(settings):
        yield from _revocation_list(settings.published() / publication.issuing_crl(number), clock)


def _generations(settings: Settings) -> list[int]:
    return sorted(pinned(settings.published())) or [FIRST]


def _revocation_list(path: Path, clock: Clock) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("The revocation list is not published yet; the ca zone does that when it starts.")
        return
    try:
        ends = load_der_x509_crl(path.read_bytes()).next_update_utc
    except (OSError, ValueError) as error:
        yield _bad(f"The revocation list {path} cannot be read: {error}.")
        return
    if ends is None or ends < clock.now():
        yield Finding("The published revocation list is out of date; the ca zone makes a new one while it runs.")
    else:
        yield Finding(f"The revocation list is valid until {ends:%Y-%m-%d %H:%M} UTC.")


def gateways(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Ask every SMS gateway whether it would take messages; no message is sent."""
    try:
        found = each_gateway(settings, clock)
    except BadSettings as error:
        yield _bad(f"The SMS gateways cannot be used. {error.detail}")
        return
    for gateway in found:
        try:
            gateway.check()
        except NotDelivered as error:
            yield _bad(f"{error.detail[0].upper()}{error.detail[1:]}. See sms.gateways.")
        else:
            yield Finding(f"The SMS gateway {gateway.name} would take messages.")
    yield from deliveries(settings, clock)


def deliveries(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Say what gateways reported of the last day's messages."""
    path = settings.zone_dir("reports") / "db.sqlite"
    if not settings.sms.reports_listen or not path.exists():
        return
    for each in Reports(Database(path, busy_ms=1000)).since(clock.now() - timedelta(days=1)):
        all_of_them = each.delivered + each.failed
        yield Finding(
            f"The SMS gateway {each.gateway} reported on {all_of_them} messages in a day: {each.delivered} delivered, "
            f"half of them within {each.median_seconds:.0f} seconds; {each.failed} failed."
        )


def disk(settings: Settings) -> Iterator[Finding]:
    """Look at the room left on the disk, and whether it can be written."""
    folder = next(path for path in (settings.state_dir, *settings.state_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        yield _bad(f"{folder} cannot be written: without evidence nothing is signed.")
    elif free < _LEAST_FREE:
        yield _bad(f"Only {free // 1_000_000} MB are left on the disk of {folder}.")
    else:
        yield Finding(f"The disk of {folder} can be written and has room.")


def zones(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Ask the zones; where they do not run, see that their ports are free."""
    problems = {zone: check(settings, zone) for zone in zones_of(settings)}
    if all(problems.values()) and not settings.socket("sam").exists():
        yield Finding("The zones do not run.")
        yield from ports(settings)
        return
    for zone, problem in problems.items():
        log = settings.state_dir / "logs" / f"{zone}.log"
        told = f"The zone {zone} does not work: {problem}. What it met is in {log}."
        yield _bad(told) if problem else Finding(f"The zone {zone} works.")
    late = problems_of_upkeep(settings, clock.now())
    yield from [_bad(f"{problem}.") for problem in late] or [Finding("Nothing is late, and nothing ends soon.")]


def ports(settings: Settings) -> Iterator[Finding]:
    """See whether each port that the zones will listen at is free."""
    listening = {
        "sms.reports_listen" if zone == "reports" else f"{zone}.listen": listen_address(settings, zone)
        for zone in zones_of(settings)
        if zone not in {"sam", "ca", "preflight"}
    }
    for setting, address in listening.items():
        zone, host, port = setting.partition(".")[0], *address.rsplit(":", 1)
        if problem := _taken(host.strip("[]"), int(port)):
            yield _bad(f"The port of {zone}, {address}, cannot be used: {problem}. Set {setting}.")
        else:
            yield Finding(f"The port of {zone}, {address}, is free.")


def _taken(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return ""


def _bad(text: str) -> Finding:
    return Finding(text, wrong=True)
