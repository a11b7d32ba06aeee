"""The `web` zone: CSC API, OAuth and authorization pages. It holds no token and no signing key, and sees no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.app import create_app
from api.deps import Deps
from apps.routes import name_calls
from apps.serving import Zone, main
from apps.trust_services import augmentation
from apps.web_state import open_counters, open_database, open_keys
from ca.client import CaClient
from ca.protocol import CA
from channel.client import Channel
from core.clock import SystemClock
from core.entropy import SystemEntropy
from preflight.client import PreflightClient
from preflight.protocol import PREFLIGHT
from signer.own_revocation import OwnRevocationService
from signer.pades.engine import PadesEngine
from signer.sam.client import SamClient
from signer.sam.protocol import SAM
from signer.service import SigningService

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from core.config import Settings


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
    clock, entropy = SystemClock(), SystemEntropy()
    database, counters = open_database(settings), open_counters(settings)
    sam = SamClient(Channel(SAM, settings.socket("sam")))
    signing = SigningService(
        sam,
        PreflightClient(Channel(PREFLIGHT, settings.socket("preflight"))),
        PadesEngine(clock),
        augmentation(settings, clock, entropy),
    )

    revocation = OwnRevocationService(sam, CaClient(Channel(CA, settings.socket("ca"))))

    def check() -> None:
        database.check()
        counters.check()
        signing.check()

    deps = Deps(sam, signing, revocation, database, counters, open_keys(settings), clock, entropy, check)
    return name_calls(create_app(settings, deps))


if __name__ == "__main__":
    main(zone)
