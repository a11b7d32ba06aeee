"""The `web` zone: CSC API, OAuth and authorization pages. It holds no token and no signing key, and sees no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api import tables
from api.app import create_app
from api.deps import Deps
from api.keys import WebKeys
from apps.serving import Zone, main
from channel.client import Channel
from core.clock import SystemClock
from core.config import BadSettings, Settings
from core.entropy import SystemEntropy
from core.secret import Secret
from preflight.client import PreflightClient
from preflight.protocol import PREFLIGHT
from signer.pades.engine import PadesEngine
from signer.sam.client import SamClient
from signer.sam.protocol import SAM
from signer.service import SigningService
from storage.engine import Database

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def zone(settings: Settings) -> Zone:
    """Return what the `web` zone runs."""
    return Zone(
        name="web",
        build=lambda: build(settings),
        listen=(settings.web.listen,),
        workers=settings.web.workers,
        threads=4,
    )


def build(settings: Settings) -> WSGIApplication:
    """Return the application of one process."""
    clock = SystemClock()
    database = open_database(settings)
    sam = SamClient(Channel(SAM, settings.socket("sam")))
    signing = SigningService(sam, PreflightClient(Channel(PREFLIGHT, settings.socket("preflight"))), PadesEngine(clock))

    def check() -> None:
        database.check()
        signing.check()

    return create_app(settings, Deps(sam, signing, database, open_keys(settings), clock, SystemEntropy(), check))


def open_database(settings: Settings) -> Database:
    """Return the zone's database, with its tables."""
    database = Database(settings.zone_dir("web") / "db.sqlite")
    database.create(tables.metadata)
    return database


def open_keys(settings: Settings) -> WebKeys:
    """Return what is derived from the zone's secret.

    Raises:
        BadSettings: `paraph init` was not run: the file is missing.
    """
    path = settings.zone_dir("web") / "secret.key"
    try:
        return WebKeys(Secret(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BadSettings(f"{path}: {error}") from error


if __name__ == "__main__":
    main(zone)
