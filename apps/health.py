"""Asking every zone to prove that it can do its work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import httpx

from apps.installation import CARETAKER
from apps.upkeep import problems
from ca.protocol import CA
from channel.client import Channel
from core.clock import SystemClock
from core.errors import DomainError, Unavailable
from preflight.protocol import PREFLIGHT
from signer.sam.protocol import SAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from channel.protocol import Protocol
    from core.config import Settings

_SECONDS: Final = 10.0
_PAUSE: Final = 0.2

_SOCKETS: Final[dict[str, Protocol]] = {"sam": SAM, "ca": CA, "preflight": PREFLIGHT}


class NotHealthy(DomainError):
    """A zone does not answer, or says that it cannot do its work."""


def check(settings: Settings, zone: str) -> str:
    """Return what is wrong with a zone, in words; empty when it proved that it works.

    The caretaker works when everything was done in time.
    """
    try:
        if zone == CARETAKER:
            return "; ".join(problems(settings, SystemClock().now()))
        if zone in _SOCKETS:
            Channel(_SOCKETS[zone], settings.socket(zone)).check()
        else:
            _check_page(f"http://{listen_address(settings, zone)}/health", _public_host(settings, zone))
    except DomainError as error:
        return _in_words(error)
    return ""


def _in_words(error: DomainError) -> str:
    match error.__cause__:
        case ConnectionRefusedError() | FileNotFoundError() | httpx.ConnectError():
            return "it does not run, or is just starting"
        case TimeoutError() | httpx.TimeoutException():
            return "it does not answer in time"
    return error.detail or type(error).__name__


def check_all(settings: Settings, zones: Iterable[str]) -> dict[str, str]:
    """Return what is wrong with each zone, asked all at once; empty texts where nothing is."""
    names = tuple(zones)
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda zone: check(settings, zone), names), strict=True))


def wait_until_healthy(
    settings: Settings, zones: Iterable[str], seconds: float, go_on: Callable[[], bool] = lambda: True
) -> None:
    """Return when all zones work.

    Raises:
        NotHealthy: they do not within `seconds`, or `go_on` says that waiting is in vain.
    """
    waiting, deadline = tuple(zones), time.monotonic() + seconds
    found: dict[str, str] = {}
    while waiting:
        found = check_all(settings, waiting)
        waiting = tuple(zone for zone, problem in found.items() if problem)
        if waiting and (time.monotonic() > deadline or not go_on()):
            raise NotHealthy("; ".join(f"{zone}: {found[zone]}" for zone in waiting))
        if waiting:
            time.sleep(_PAUSE)


def listen_address(settings: Settings, zone: str) -> str:
    """Return the `host:port` at which a zone listens."""
    addresses = {
        "web": settings.web.listen,
        "status": settings.status.listen,
        "portal": settings.portal.listen,
        "phone": settings.phone.listen,
        "reports": settings.sms.reports_listen,
        "metrics": settings.metrics.listen,
    }
    return addresses[zone]


def _public_host(settings: Settings, zone: str) -> str:
    """Return the name a zone answers to: behind a proxy that is not the address at which it listens."""
    origins = {"web": settings.service.public_origin, "portal": settings.portal.public_origin}
    return origins[zone].split("://", 1)[1] if zone in origins else listen_address(settings, zone)


def _check_page(url: str, host: str) -> None:
    try:
        answer = httpx.get(url, headers={"Host": host}, timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise Unavailable(f"{url}: {type(error).__name__}") from error
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(f"it says that it cannot work ({url} answers {answer.status_code})")
