"""What has to be done in time so that nothing ends unnoticed (attack O13): certificates, keys in use, time-stamps of logs.

Two of these the caretaker does by itself. The rest it may not do: a time-stamping unit's new key is made by people
(EN 319 421 §7.6.2), and so is an authority's; they are warned, long enough before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

from apps.status_keys import certificate_of
from ca import publication
from ca.delegated import DelegationUnusable, time_of_use
from ca.generations import pinned
from ca.protocol import CA_ADMIN, NEVER
from ca.server import LIST_SIGNER
from channel.client import Channel
from channel.stamping import CheckpointsDescribed, DescribeCheckpoints
from core.addresses import FIRST
from core.errors import DomainError
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from channel.protocol import Protocol
    from core.config import Settings

RESPONDER_RENEWED_BEFORE: Final = timedelta(days=10)
_RESPONDER_SAID_BEFORE: Final = timedelta(days=5)  # five days after the caretaker should have renewed it
_UNIT_SAID_BEFORE: Final = timedelta(days=30)
_LIST_SIGNER_SAID_BEFORE: Final = timedelta(days=60)
_AUTHORITY_SAID_BEFORE: Final = timedelta(days=180)  # and as long as the certificates live that it must outlive

LOGS: Final[dict[str, tuple[str, Protocol]]] = {"evidence": ("sam-admin", ADMIN), "audit log": ("ca-admin", CA_ADMIN)}


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that ends."""

    what: str
    ends: datetime
    said_before: timedelta
    advice: str


def deadlines(settings: Settings) -> list[Deadline]:
    """Return what ends in this installation, and when.

    Raises:
        DelegationUnusable: a certificate is missing or broken.
    """
    status, published = settings.zone_dir("status"), settings.published()
    issuing = _read(published / publication.issuing_certificate_pem(max(pinned(published), default=FIRST)))
    root = _read(published / publication.ROOT_CERTIFICATE_PEM)
    outlived = timedelta(days=settings.ca.validity_days) + _AUTHORITY_SAID_BEFORE
    return [
        *(_of_responder(settings, number) for number in answering(settings)),
        Deadline(
            "The time-stamping unit's key",
            time_of_use(certificate_of("tsu", status))[1],
            _UNIT_SAID_BEFORE,
            "run `paraph ca rotate tsa`",
        ),
        Deadline(
            "The trusted list signer's certificate",
            _read(settings.zone_dir("ca") / LIST_SIGNER).not_valid_after_utc,
            _LIST_SIGNER_SAID_BEFORE,
            "have a new one certified",
        ),
        Deadline(
            "The issuing CA's certificate", issuing.not_valid_after_utc, outlived, "run `paraph ca propose rotation`"
        ),
        Deadline("The root's certificate", root.not_valid_after_utc, 2 * outlived, "plan its successor"),
    ]


def answering(settings: Settings) -> list[int]:
    """Return the generations of the issuing CA for which the responder answers: those without a last list."""
    published = settings.published()
    return [number for number in sorted(pinned(published)) or [FIRST] if not _is_closed(published, number)]


def responder_ends(settings: Settings, generation: int) -> datetime:
    """Return when the OCSP responder's certificate of a generation ends.

    Raises:
        DelegationUnusable: it is missing or broken.
    """
    return certificate_of("ocsp", settings.zone_dir("status"), generation).not_valid_after_utc


def _of_responder(settings: Settings, generation: int) -> Deadline:
    of = "" if generation == FIRST else f", generation {generation},"
    return Deadline(
        f"The OCSP responder's certificate{of}",
        responder_ends(settings, generation),
        _RESPONDER_SAID_BEFORE,
        f"the caretaker should have renewed it: see its log, or run `paraph ca ocsp --renew --generation {generation}`",
    )


def _is_closed(published: Path, generation: int) -> bool:
    try:
        found = x509.load_der_x509_crl((published / publication.issuing_crl(generation)).read_bytes())
    except (OSError, ValueError):
        return False
    return found.next_update_utc == NEVER


def problems(settings: Settings, now: datetime) -> list[str]:
    """Return what was not done in time, or has to be done soon, in words."""
    return [*_endings(settings, now), *_late_time_stamps(settings)]


def _endings(settings: Settings, now: datetime) -> Iterator[str]:
    try:
        for each in deadlines(settings):
            if each.ends - now < each.said_before:
                yield f"{each.what} ends at {each.ends:%Y-%m-%d %H:%M} UTC: {each.advice}"
    except DomainError as error:
        yield f"A certificate cannot be read: {error.detail}"


def _late_time_stamps(settings: Settings) -> Iterator[str]:
    for log, (socket, protocol) in LOGS.items():
        try:
            found = Channel(protocol, settings.socket(socket)).call(DescribeCheckpoints(), CheckpointsDescribed)
        except DomainError as error:
            yield f"The {log} does not tell its checkpoints: {error.detail}"
            continue
        if found.late_since is not None:
            yield f"The {log} waits for a time-stamp since {found.late_since:%Y-%m-%d %H:%M} UTC"


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DelegationUnusable(f"{path}: {error}") from error
