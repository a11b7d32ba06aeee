"""The `ca` zone: the token `paraph-ca`, the record, and three sockets.

`ca` for who enrols, `ca-admin` for administrators, `ca-status` for the zone that tells the world.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps.serving import Zone, main
from ca.server import CaKeys, admin_server, inspect_authority, open_authority, server, status_server
from channel.server import by_socket
from core.clock import SystemClock
from core.entropy import SystemEntropy
from hsm.keys import TokenMacKey, TokenSigningKey
from hsm.session import Token
from storage.engine import Database

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from ca.server import OpenAuthority
    from core.config import Settings

TOKEN_LABEL: Final = "paraph-ca"  # noqa: S105  # a name, not a secret
LIST_KEY: Final = "list-signer"
CHECKPOINT_KEY: Final = "checkpoint"
SOCKETS: Final = {"ca": server, "ca-admin": admin_server, "ca-status": status_server}


def zone(settings: Settings) -> Zone:
    """Return what the `ca` zone runs: one process, because serial numbers, record and lists have one writer."""
    process = Process(settings)
    sockets = tuple(settings.socket(name) for name in SOCKETS)
    return Zone(name="ca", build=process.build, sockets=sockets, beat=process.beat)


class Process:
    """The authority of one process, once it is built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: OpenAuthority | None = None

    def build(self) -> WSGIApplication:
        """Return the application of the process: what a caller may ask depends on the socket it could open."""
        self._opened = opened = open_installed(self._settings)
        peers = frozenset({os.getuid()})
        return by_socket({str(self._settings.socket(name)): make(opened, peers) for name, make in SOCKETS.items()})

    def beat(self) -> None:
        """See that a fresh revocation list and a true trusted list are published."""
        if self._opened is not None:
            self._opened.authority.make_round()
            self._opened.trusted_list.publish_if_due()


def open_installed(settings: Settings) -> OpenAuthority:
    """Return the authority of an installation, in this process: for the zone, and for ceremonies beside it."""
    return open_authority(settings, *_parts(settings))


def inspect_installed(settings: Settings) -> OpenAuthority:
    """Return the authority of an installation that has not issued anything: for who makes or restores a backup."""
    return inspect_authority(settings, *_parts(settings))


def _parts(settings: Settings) -> tuple[CaKeys, Database, SystemClock, SystemEntropy]:
    folder = settings.zone_dir("ca")
    token = Token(folder, Path(settings.ca.module), TOKEN_LABEL)
    keys = CaKeys(
        issuing=partial(TokenSigningKey, token),
        trusted_list=TokenSigningKey(token, LIST_KEY),
        checkpoint=TokenSigningKey(token, CHECKPOINT_KEY),
        audit=TokenMacKey(token, "audit"),
        seal=TokenMacKey(token, "seal"),
        admins=TokenMacKey(token, "admins"),
    )
    return keys, Database(folder / "db.sqlite"), SystemClock(), SystemEntropy()


if __name__ == "__main__":
    main(zone)
