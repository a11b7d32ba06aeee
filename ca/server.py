"""What a process of the `ca` zone runs: the authority behind three sockets, wired from keys, settings and pinned files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography import x509

from ca import profiles, tables
from ca.acts import CloseAuthority
from ca.admin_protocol import (
    Approve,
    BeginRevocations,
    CarryOut,
    EndRevocations,
    Enrol,
    ListAdmins,
    ListProposals,
    Propose,
    Reject,
    RevokePart,
    ShowProposal,
    SignIn,
)
from ca.admin_secrets import HASHER, AdminSecrets
from ca.administration import Administration
from ca.attestation import Attestations
from ca.audit import Audit
from ca.bulk_revocation import BulkRevocations
from ca.certifying import Certifying
from ca.control import Control
from ca.crl_issuer import CrlIssuer
from ca.draft import Issuer
from ca.feed import Feed
from ca.guarded import Guarded
from ca.mandates import Mandates
from ca.orders import Orders
from ca.overview import Overviews
from ca.parts import Parts
from ca.protocol import (
    CA,
    CA_ADMIN,
    CA_STATUS,
    AskOverview,
    CarryOutRevocation,
    CertifyLegalPerson,
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
from channel import stamping
from channel.protocol import Health, Message
from channel.server import Server, health
from core.approvals import ApprovalLimits
from core.clock import Clock
from core.config import Settings
from core.entropy import Entropy
from core.errors import DomainError
from core.pinned_authorities import time_stamp_trust
from hsm.ports import MacKey, SigningKey
from storage.checkpoints import Checkpoints
from storage.engine import Database
from storage.seals import Seals

ISSUING_PEM = "issuing.pem"
ROOT_PEM = "root.pem"
SAM_ATTESTATION_KEY = "sam-attestation.pub"
CHECKPOINTS = "checkpoints"  # of the audit log
LIST_SIGNER = "list-signer.crt"  # PEM; needed by the trusted list alone


class PinnedFileUnusable(DomainError):
    """A file that `paraph init` pins for the `ca` zone is missing, broken, or does not belong to the others."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the zone trusts from the ceremony on."""

    root: x509.Certificate
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
    return Pinned(root, issuing, attestations)


@dataclass(frozen=True, slots=True)
class CaKeys:
    """The keys of the token `ca`, each for one purpose."""

    issuing: SigningKey
    trusted_list: SigningKey
    checkpoint: SigningKey
    audit: MacKey  # links of the audit log
    seal: MacKey  # seals of statuses, administrators and proposals
    admins: MacKey  # what is derived for administrators, and their sessions


@dataclass(frozen=True, slots=True)
class OpenAuthority:
    """The issuing CA of one process, as each of its three sockets sees it."""

    authority: Authority
    administration: Administration
    certifying: Certifying
    control: Control
    bulk: BulkRevocations
    overviews: Overviews
    orders: Orders
    trusted_list: ListPublisher
    feed: Feed
    parts: Parts


def open_authority(
    settings: Settings,
    keys: CaKeys,
    database: Database,
    clock: Clock,
    entropy: Entropy,
    hasher: PasswordHasher = HASHER,
) -> OpenAuthority:
    """Return the issuing CA of an installation, its tables made; it has proved that it can work.

    Raises:
        PinnedFileUnusable: the zone's folder is not as `paraph init` left it.
        SignatureUnusable: the token's key is not the one the certificate is about.
        Unavailable: token or database do not work, or the record is an old copy.
    """
    pinned = read_pinned(settings.zone_dir("ca"))
    database.create(tables.metadata)
    seals, audit = Seals(keys.seal.mac), Audit(keys.audit)
    trust = time_stamp_trust(settings, pinned.root)
    checkpoints = settings.zone_dir("ca") / CHECKPOINTS
    parts = Parts(
        issuer=Issuer.of(pinned.issuing),
        key=keys.issuing,
        database=database,
        statuses=Statuses(seals),
        audit=audit,
        checkpoints=Checkpoints(checkpoints, audit, database, keys.checkpoint, trust, entropy),
        clock=clock,
        entropy=entropy,
    )
    crl = CrlIssuer(parts, settings.published())
    signatory = profiles.signatory(settings.ca)
    limits = ApprovalLimits.of(settings.ra)
    built = Authority(pinned.issuing, signatory, pinned.attestations, limits, parts, crl)
    built.check()
    built.make_round()
    control = Control(parts, keys.admins, seals, AdminSecrets(keys.admins, settings.ca.organization, hasher))
    mandates = Mandates(control.sessions)
    services, seal = profiles.of_services(settings.ca), profiles.seal(settings.ca)
    bulk = BulkRevocations(parts, crl, control.dual)
    control.guard(bulk.guarded())
    control.guard({CloseAuthority: Guarded(lambda connection, _act: crl.check_closable(connection), crl.publish_last)})
    trusted_list = ListPublisher(
        pinned.issuing,
        keys.trusted_list,
        settings.zone_dir("ca") / LIST_SIGNER,
        parts,
        settings.ca,
        settings.published(),
        mandates,
    )
    administration = Administration(parts, crl, mandates)
    return OpenAuthority(
        authority=built,
        administration=administration,
        certifying=Certifying(pinned.issuing, services, seal, parts, crl, mandates),
        control=control,
        bulk=bulk,
        overviews=Overviews((pinned.root, pinned.issuing), parts, control),
        orders=Orders(pinned.attestations, administration),
        trusted_list=trusted_list,
        feed=Feed(parts),
        parts=parts,
    )


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
    administration, control = opened.administration, opened.control
    handlers: Handlers = {
        SignIn: control.sign_in,
        Enrol: control.enrol,
        ListAdmins: control.list_admins,
        Propose: control.propose,
        Approve: control.approve,
        CarryOut: control.carry_out,
        Reject: control.reject,
        ShowProposal: control.show_proposal,
        ListProposals: control.list_proposals,
        BeginRevocations: opened.bulk.begin,
        RevokePart: opened.bulk.revoke,
        EndRevocations: opened.bulk.end,
        CertifyService: opened.certifying.certify,
        CertifyLegalPerson: opened.certifying.certify_legal_person,
        DescribeCertificate: administration.describe,
        RevokeCertificate: administration.revoke,
        SuspendCertificate: administration.suspend,
        ResumeCertificate: administration.resume,
        PublishCrl: administration.publish_crl,
        PublishTrustedList: opened.trusted_list.publish_asked,
        AskOverview: opened.overviews.ask,
        VerifyAudit: administration.verify_audit,
        **stamping.handlers(opened.parts.checkpoints, opened.parts.clock),
        Health: health(opened.authority.check),
    }
    return Server(CA_ADMIN, handlers, peers)


def status_server(opened: OpenAuthority, peers: frozenset[int]) -> Server:
    """Return the application behind the socket by which `status` follows the record."""
    handlers: Handlers = {StatusChanges: opened.feed.changes, Health: health(opened.authority.check)}
    return Server(CA_STATUS, handlers, peers)


Handlers = Mapping[type[Message], Callable[[Any], Message]]
