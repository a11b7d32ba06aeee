"""Ports of its own for an instance beside others: what a demonstration and the tests lay over the settings."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from core.entropy import SystemEntropy
from core.errors import Unavailable

_FIRST: Final = 12_000
_SPAN: Final = 20_000
_ATTEMPTS: Final = 10_000


def own_ports() -> tuple[str, ...]:
    """Return settings, as `section.key=value`, that put every zone at a port nobody uses now; the zones count nothing."""
    web, status, portal, phone = free_ports(4)
    return (
        f"web.listen=127.0.0.1:{web}",
        f"service.public_origin=http://127.0.0.1:{web}",
        f"status.listen=127.0.0.1:{status}",
        f"portal.listen=127.0.0.1:{portal}",
        f"portal.public_origin=http://localhost:{portal}",
        f"phone.listen=127.0.0.1:{phone}",
        "metrics.listen=",
    )


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody listens at, below those that the system gives to outgoing connections.

    They are drawn by lot: instances that start in the same second would otherwise find the same ones free.
    """
    entropy = SystemEntropy()
    found: set[int] = set()
    for _ in range(_ATTEMPTS):
        port = _FIRST + int.from_bytes(entropy.token_bytes(4)) % _SPAN
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.add(port)
        if len(found) == count:
            return list(found)
    raise Unavailable("no free ports")
