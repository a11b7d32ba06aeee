"""The `ca` zone: the token `paraph-ca` with the issuing key, its record, and one socket."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps.serving import Zone, main
from ca.server import authority, server
from core.clock import SystemClock
from core.entropy import SystemEntropy
from hsm.keys import TokenSigningKey
from hsm.session import Token
from storage.engine import Database

if TYPE_CHECKING:
    from ca.service import Authority
    from channel.server import Server
    from core.config import Settings

TOKEN_LABEL: Final = "paraph-ca"  # noqa: S105  # a name, not a secret
ISSUING_KEY: Final = "issuing"


def zone(settings: Settings) -> Zone:
    """Return what the `ca` zone runs: one process, because serial numbers, record and lists have one writer."""
    process = Process(settings)
    return Zone(name="ca", build=process.build, sockets=(settings.socket("ca"),), beat=process.beat)


class Process:
    """The authority of one process, once it is built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._authority: Authority | None = None

    def build(self) -> Server:
        """Return the application of the process."""
        folder = self._settings.zone_dir("ca")
        token = Token(folder, Path(self._settings.ca.module), TOKEN_LABEL)
        key = TokenSigningKey(token, ISSUING_KEY)
        database = Database(folder / "db.sqlite")
        self._authority = authority(self._settings, key, database, SystemClock(), SystemEntropy())
        return server(self._authority, frozenset({os.getuid()}))

    def beat(self) -> None:
        """See that a fresh revocation list is published."""
        if self._authority is not None:
            self._authority.make_round()


if __name__ == "__main__":
    main(zone)
