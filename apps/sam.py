"""The `sam` zone: the token `paraph-sam`, its database, and two sockets: `sam` for `web`, `sam-admin` for operators."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from apps.gateways import open_gateways
from apps.serving import Zone, main
from channel.server import by_socket
from core.approvals import ApprovalLimits
from core.clock import SystemClock
from core.config import BadSettings, Settings, is_loopback
from core.entropy import SystemEntropy
from core.errors import DomainError
from core.pinned_authorities import pinned, time_stamp_trust
from hsm.keys import TokenMacKey, TokenSigningKey
from hsm.session import Token
from hsm.wrapping import TokenVault
from signer.sam.issuers import Issuers
from signer.sam.policy import Policy
from signer.sam.server import Sam, SamKeys, SamSettings
from storage.engine import Database
from storage.marks import Marks

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

TOKEN_LABEL = "paraph-sam"  # noqa: S105  # a name, not a secret


class PinnedFileUnusable(DomainError):
    """A file that `paraph init` pins for a zone is missing or is not what it should be."""


def zone(settings: Settings) -> Zone:
    """Return what the `sam` zone runs.

    Raises:
        BadSettings: the development outbox, and an address that the internet can reach (attack N12).
    """
    if settings.sms.to_outbox and not is_loopback(settings.service.public_origin):
        raise BadSettings("service.public_origin is public, and sms.gateways names the development outbox")
    process = Process(settings)
    return Zone(
        name="sam",
        build=process.build,
        sockets=(settings.socket("sam"), settings.socket("sam-admin")),
        workers=settings.sam.workers,
        beat=process.beat,
    )


class Process:
    """The SAM of one process, once it is built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sam: Sam | None = None

    def build(self) -> WSGIApplication:
        """Return the application of the process: what a caller may ask depends on the socket it could open."""
        settings = self._settings
        self._sam = sam = open_sam(settings)
        peers = frozenset({os.getuid()})
        return by_socket(
            {
                str(settings.socket("sam")): sam.server(peers),
                str(settings.socket("sam-admin")): sam.admin_server(peers),
            }
        )

    def beat(self) -> None:
        """End what is over by the clock, and see that the evidence has a checkpoint."""
        if self._sam is not None:
            self._sam.make_round()


def open_sam(settings: Settings) -> Sam:
    """Return the SAM of an installation, in this process: for the zone, and for who makes or restores a backup."""
    folder = settings.zone_dir("sam")
    clock = SystemClock()
    return Sam(
        Database(folder / "db.sqlite"),
        _keys(Token(folder, Path(settings.sam.module), TOKEN_LABEL)),
        open_gateways(settings, clock),
        _told(settings, folder),
        marks=Marks(settings.marks("sam")),
        clock=clock,
        entropy=SystemEntropy(),
    )


def _keys(token: Token) -> SamKeys:
    return SamKeys(
        vault=TokenVault(token, "wrap"),
        seal=TokenMacKey(token, "seal"),
        otp=TokenMacKey(token, "otp"),
        sad=TokenMacKey(token, "sad"),
        fingerprint=TokenMacKey(token, "fingerprint"),
        evidence=TokenMacKey(token, "evidence"),
        attestation=TokenSigningKey(token, "attest"),
        checkpoint=TokenSigningKey(token, "checkpoint"),
    )


def _told(settings: Settings, folder: Path) -> SamSettings:
    return SamSettings(
        policy=Policy(
            audience=settings.service.public_origin,
            multisign=settings.sam.multisign,
            sad_life=timedelta(minutes=settings.sam.sad_minutes),
            approvals=ApprovalLimits.of(settings.ra),
        ),
        sms_sender=settings.service.sms_sender,
        sms_host=settings.service.sms_host,
        help_phone=settings.service.help_phone,
        language="en" if settings.service.languages[0] == "en" else "ro",
        honest_error_rate=settings.sam.honest_error_rate,
        verdict_key=_verdict_key(folder / "verdict.pub"),
        issuers=Issuers(folder),
        time_stamps=time_stamp_trust(settings, pinned(folder / "root.pem")),
        checkpoints=folder / "checkpoints",
    )


def _verdict_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PinnedFileUnusable(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PinnedFileUnusable(f"{path}: not an Ed25519 key")
    return key


if __name__ == "__main__":
    main(zone)
