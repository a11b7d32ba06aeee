"""What a process of the `ca` zone runs: the authority behind three sockets, wired from keys, settings and pinned files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from ca import profiles, tables
from ca.administration import Administration
from ca.attestation import Attestations
from ca.audit import Audit
from ca.crl_issuer import CrlIssuer
from ca.draft import Issuer
from ca.feed import Feed
from ca.orders import Orders
from ca.parts import Parts
from ca.protocol import (
    CA,
    CA_ADMIN,
    CA_STATUS,
    CarryOutRevocation,
    CertifyService,
    DescribeCertificate,
    IssueCertificate,
    ListCertificates,
    PublishCrl,
    PublishTrustedList,
    ResumeCertificate,
    RevokeCertificate,
    ShowCertificate,
    StatusChanges,
    SuspendCertificate,
    VerifyAudit,
)
from ca.service import Authority
from ca.signing import check_signature
from ca.statuses import Statuses
from ca.trusted_list.publisher import ListPublisher
from channel.protocol import Health, Message
from channel.server import Server, health
from core.approvals import ApprovalLimits
from core.clock import Clock
from core.config import Settings
from core.entropy import Entropy
from core.errors import DomainError
from hsm.ports import MacKey, SigningKey
from storage.engine import Database
from storage.seals import Seals

ISSUING_PEM = "issuing.pem"
ROOT_PEM = "root.pem"
SAM_ATTESTATION_KEY = "sam-attestation.pub"
LIST_SIGNER = "list-signer.crt"  # PEM; needed by the trusted list alone


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


@dataclass(frozen=True, slots=True)
class CaKeys:
    """The keys of the token `ca`, each for one purpose."""

    issuing: SigningKey
    trusted_list: SigningKey
    audit: MacKey  # links of the audit log
    seal: MacKey  # seals of statuses


@dataclass(frozen=True, slots=True)
class OpenAuthority:
    """The issuing CA of one process, as each of its three sockets sees it."""

    authority: Authority
    administration: Administration
    orders: Orders
    trusted_list: ListPublisher
    feed: Feed


def open_authority(
    settings: Settings, keys: CaKeys, database: Database, clock: Clock, entropy: Entropy
) -> OpenAuthority:
    """Return the issuing CA of an installation, its tables made; it has proved that it can work.

    Raises:
        PinnedFileUnusable: the zone's folder is not as `paraph init` left it.
        SignatureUnusable: the token's key is not the one the certificate is about.
        Unavailable: token or database do not work, or the record is an old copy.
    """
    pinned = read_pinned(settings.zone_dir("ca"))
    database.create(tables.metadata)
    parts = Parts(
        issuer=Issuer.of(pinned.issuing),
        key=keys.issuing,
        database=database,
        statuses=Statuses(Seals(keys.seal.mac)),
        audit=Audit(keys.audit),
        clock=clock,
        entropy=entropy,
    )
    crl = CrlIssuer(parts, settings.published())
    signatory = profiles.signatory(settings.ca)
    limits = ApprovalLimits.of(settings.ra)
    built = Authority(pinned.issuing, signatory, pinned.attestations, limits, parts, crl)
    built.check()
    built.make_round()
    administration = Administration(pinned.issuing, profiles.of_services(settings.ca), parts, crl)
    trusted_list = ListPublisher(
        pinned.issuing,
        keys.trusted_list,
        settings.zone_dir("ca") / LIST_SIGNER,
        parts,
        settings.ca,
        settings.published(),
    )
    orders = Orders(pinned.attestations, administration)
    return OpenAuthority(built, administration, orders, trusted_list, Feed(parts))


def server(opened: OpenAuthority, peers: frozenset[int]) -> Server:
    """Return the application behind the socket that enrolment opens."""
    built = opened.authority
    handlers: Handlers = {
        IssueCertificate: built.issue,
        ShowCertificate: built.show,
        ListCertificates: built.list,
        CarryOutRevocation: opened.orders.carry_out,
        Health: health(built.check),
    }
    return Server(CA, handlers, peers)


def admin_server(opened: OpenAuthority, peers: frozenset[int]) -> Server:
    """Return the application behind the administrator's socket."""
    administration = opened.administration
    handlers: Handlers = {
        CertifyService: administration.certify,
        DescribeCertificate: administration.describe,
        RevokeCertificate: administration.revoke,
        SuspendCertificate: administration.suspend,
        ResumeCertificate: administration.resume,
        PublishCrl: administration.publish_crl,
        PublishTrustedList: lambda _request: opened.trusted_list.publish(),
        VerifyAudit: administration.verify_audit,
        Health: health(opened.authority.check),
    }
    return Server(CA_ADMIN, handlers, peers)


def status_server(opened: OpenAuthority, peers: frozenset[int]) -> Server:
    """Return the application behind the socket by which `status` follows the record."""
    handlers: Handlers = {StatusChanges: opened.feed.changes, Health: health(opened.authority.check)}
    return Server(CA_STATUS, handlers, peers)


Handlers = Mapping[type[Message], Callable[[Any], Message]]
