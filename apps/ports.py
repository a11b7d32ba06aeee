"""Ports of its own for an instance beside others: what a demonstration and the tests lay over the settings."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Final

from core.errors import Unavailable

_FIRST: Final = 12_000
_SPAN: Final = 15_000
_LAST: Final = 32_000


def own_ports() -> tuple[str, ...]:
    """Return settings, as `section.key=value`, that put every zone at a port nobody uses now."""
    web, status, portal, phone = free_ports(4)
    return (
        f"web.listen=127.0.0.1:{web}",
        f"service.public_origin=http://127.0.0.1:{web}",
        f"status.listen=127.0.0.1:{status}",
        f"portal.listen=127.0.0.1:{portal}",
        f"portal.public_origin=http://localhost:{portal}",
        f"phone.listen=127.0.0.1:{phone}",
    )


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody listens at, below those that the system gives to outgoing connections."""
    found: list[int] = []
    for port in range(_FIRST + os.getpid() % _SPAN, _LAST):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise Unavailable("no free ports")
