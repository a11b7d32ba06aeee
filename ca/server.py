"""What a process of the `ca` zone runs: the authority behind its socket, wired from key, settings and pinned files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from ca import profiles, tables
from ca.attestation import Attestations
from ca.crl import CrlIssuer
from ca.draft import Issuer
from ca.issuance import Issuance
from ca.probe import Probe
from ca.protocol import CA, IssueCertificate, ListCertificates, PublishCrl, ShowCertificate
from ca.service import Authority
from ca.signing import check_signature
from channel.protocol import Health, Message
from channel.server import Server, health
from core.clock import Clock
from core.config import Settings
from core.entropy import Entropy
from core.errors import DomainError
from hsm.ports import SigningKey
from storage.engine import Database

ISSUING_PEM = "issuing.pem"
ROOT_PEM = "root.pem"
SAM_ATTESTATION_KEY = "sam-attestation.pub"


class PinnedFileUnusable(DomainError):
    """A file that `paraph init` pins for the `ca` zone is missing, broken, or does not belong to the others."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the zone trusts from the ceremony on."""

    issuing: x509.Certificate
    attestations: Attestations


def read_pinned(directory: Path) -> Pinned:
    """Return the pinned files of the zone's folder.

    Raises:
        PinnedFileUnusable: one is missing or broken, or the root did not certify the issuing CA.
    """
    try:
        issuing = x509.load_pem_x509_certificate((directory / ISSUING_PEM).read_bytes())
        root = x509.load_pem_x509_certificate((directory / ROOT_PEM).read_bytes())
        attestations = Attestations((directory / SAM_ATTESTATION_KEY).read_bytes())
        check_signature(issuing, Issuer.of(root).public_key)
    except (OSError, ValueError, DomainError) as error:
        raise PinnedFileUnusable(f"{directory}: {error}") from error
    return Pinned(issuing, attestations)


def authority(settings: Settings, key: SigningKey, database: Database, clock: Clock, entropy: Entropy) -> Authority:
    """Return the issuing CA of an installation, its tables made; it has proved that it can work.

    Raises:
        PinnedFileUnusable: the zone's folder is not as `paraph init` left it.
        SignatureUnusable: the token's key is not the one the certificate is about.
        Unavailable: token or database do not work, or the record is an old copy.
    """
    pinned = read_pinned(settings.zone_dir("ca"))
    issuer = Issuer.of(pinned.issuing)
    database.create(tables.metadata)
    built = Authority(
        pinned.issuing,
        pinned.attestations,
        Issuance(profiles.signatory(settings.ca), issuer, key, database, clock, entropy),
        CrlIssuer(issuer, key, database, settings.published(), clock),
        Probe(issuer, key, entropy),
        database,
    )
    built.check()
    built.make_round()
    return built


def server(built: Authority, peers: frozenset[int]) -> Server:
    """Return the application behind the zone's socket."""
    handlers: Mapping[type[Message], Callable[[Any], Message]] = {
        IssueCertificate: built.issue,
        ShowCertificate: built.show,
        ListCertificates: built.list,
        PublishCrl: built.publish_crl,
        Health: health(built.check),
    }
    return Server(CA, handlers, peers)
