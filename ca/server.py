"""What a process of the `ca` zone runs: the authority behind three sockets, wired from keys, settings and pinned files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography import x509

from ca import root_list, tables
from ca.acts import CloseAuthority, RotateIssuingKey, UseRoot
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
from ca.audit import BACKED_UP, Audit
from ca.bulk_revocation import BulkRevocations
from ca.certifying import Certifying
from ca.control import Control
from ca.draft import Issuer
from ca.feed import Feed
from ca.generations import Generations, KeyOf, PinnedFileUnusable
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
from ca.revocation_lists import RevocationLists
from ca.root_status import RootStatus
from ca.rotation import Rotation
from ca.service import Authority
from ca.signing import check_signature
from ca.statuses import Statuses
from ca.succession import Successions
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
from storage.seals import Seals, check_sealed

ROOT_PEM = "root.pem"
SAM_ATTESTATION_KEY = "sam-attestation.pub"
CHECKPOINTS = "checkpoints"  # of the audit log
LIST_SIGNER = "list-signer.crt"  # PEM; needed by the trusted list alone


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the zone trusts from the ceremony on, but for the generations of the issuing CA."""

    root: x509.Certificate
    attestations: Attestations


def read_pinned(directory: Path) -> Pinned:
    """Return the pinned files of the zone's folder.

    Raises:
        PinnedFileUnusable: one is missing or broken.
    """
    try:
        root = x509.load_pem_x509_certificate((directory / ROOT_PEM).read_bytes())
        check_signature(root, Issuer.of(root).public_key)
        return Pinned(root, Attestations((directory / SAM_ATTESTATION_KEY).read_bytes()))
    except (OSError, ValueError, DomainError) as error:
        raise PinnedFileUnusable(f"{directory}: {error}") from error


@dataclass(frozen=True, slots=True)
class CaKeys:
    """The keys of the token `ca`, each for one purpose."""

    issuing: KeyOf  # of each generation, by its name
    trusted_list: SigningKey
    checkpoint: SigningKey
    audit: MacKey  # links of the audit log
    seal: MacKey  # seals of statuses, administrators and proposals
    admins: MacKey  # what is derived for administrators, and their sessions


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was looked at."""

    audit_rows: int
    sealed_rows: int
    generations: int


@dataclass(frozen=True, slots=True)
class OpenAuthority:
    """The issuing CA of one process, as each of its three sockets sees it."""

    parts: Parts
    seals: Seals
    lists: RevocationLists
    authority: Authority
    administration: Administration
    certifying: Certifying
    control: Control
    rotation: Rotation
    bulk: BulkRevocations
    overviews: Overviews
    orders: Orders
    trusted_list: ListPublisher
    feed: Feed

    def tell_backup(self, backup: str, digest: str, made_at: datetime) -> None:
        """Put on record that a backup was made and proved itself."""
        now = self.parts.clock.now()
        with self.parts.database.transaction() as connection:
            self.parts.audit.append(connection, BACKED_UP, now, backup=backup, digest=digest, made_at=made_at)

    def inspect(self) -> Inspected:
        """Prove that record, lists, log and token belong together: for a backup's copy. A probe is all that is signed.

        Raises:
            AuditBroken, RecordTampered: a row is not as this authority wrote it, or one is missing.
            RecordBehindPublication, PublishedCrlBroken: the record and the published lists do not agree.
            DomainError: token, keys or database are not as they must be.
        """
        self.authority.check()
        with self.parts.database.reading() as connection:
            sealed = check_sealed(connection, self.seals, tables.metadata)
            self.parts.statuses.after(connection, 0)
            rows, _head = self.parts.audit.verify_with_record(connection)
        return Inspected(rows, sealed, sum(1 for _each in self.parts.generations))


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
    opened = inspect_authority(settings, keys, database, clock, entropy, hasher)
    opened.authority.check()
    opened.authority.make_round()
    return opened


def inspect_authority(
    settings: Settings,
    keys: CaKeys,
    database: Database,
    clock: Clock,
    entropy: Entropy,
    hasher: PasswordHasher = HASHER,
) -> OpenAuthority:
    """Return the same without a round, so that nothing is issued, and without proof: a restored one has to learn first.

    Raises:
        PinnedFileUnusable: the zone's folder is not as `paraph init` left it.
        Unavailable: the database does not work.
    """
    folder, published = settings.zone_dir("ca"), settings.published()
    pinned = read_pinned(folder)
    database.create(tables.metadata)
    generations = Generations(folder, pinned.root, keys.issuing)
    seals, audit = Seals(keys.seal.mac), Audit(keys.audit)
    trust = time_stamp_trust(settings, pinned.root)
    checkpoints = folder / CHECKPOINTS
    parts = Parts(
        generations=generations,
        successions=Successions(generations, seals),
        database=database,
        statuses=Statuses(seals),
        audit=audit,
        checkpoints=Checkpoints(checkpoints, audit, database, keys.checkpoint, trust, entropy),
        clock=clock,
        entropy=entropy,
    )
    root = RootStatus(pinned.root, published)
    lists = RevocationLists(parts, published, root)
    built = Authority(settings.ca, pinned.attestations, ApprovalLimits.of(settings.ra), parts, lists)
    control = Control(parts, keys.admins, seals, AdminSecrets(keys.admins, settings.ca.organization, hasher))
    mandates = Mandates(control.sessions)
    bulk = BulkRevocations(parts, lists, control.dual)
    rotation = Rotation(parts, lists, settings.ca)
    control.guard(bulk.guarded())
    control.guard(
        {
            CloseAuthority: Guarded(lists.check_closable, lists.publish_last),
            UseRoot: Guarded(partial(root_list.check, parts, root)),
            RotateIssuingKey: Guarded(rotation.check),
        }
    )
    trusted_list = ListPublisher(
        keys.trusted_list, folder / LIST_SIGNER, parts, lists, settings.ca, published, mandates
    )
    administration = Administration(parts, lists, mandates)
    return OpenAuthority(
        parts=parts,
        seals=seals,
        lists=lists,
        authority=built,
        administration=administration,
        certifying=Certifying(settings.ca, parts, lists, mandates),
        control=control,
        rotation=rotation,
        bulk=bulk,
        overviews=Overviews(pinned.root, parts, control),
        orders=Orders(pinned.attestations, administration),
        trusted_list=trusted_list,
        feed=Feed(parts),
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
    return Server(CA, _informed(opened, handlers), peers)


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
    return Server(CA_ADMIN, _informed(opened, handlers), peers)


def status_server(opened: OpenAuthority, peers: frozenset[int]) -> Server:
    """Return the application behind the socket by which `status` follows the record."""
    handlers: Handlers = {StatusChanges: opened.feed.changes, Health: health(opened.authority.check)}
    return Server(CA_STATUS, _informed(opened, handlers), peers)


Handlers = Mapping[type[Message], Callable[[Any], Message]]


def _informed(opened: OpenAuthority, handlers: Handlers) -> Handlers:
    """Return handlers that know of every generation: one may have been pinned since the last request."""

    def informed(handler: Callable[[Any], Message]) -> Callable[[Any], Message]:
        def handle(request: Message) -> Message:
            opened.parts.generations.look_again()
            return handler(request)

        return handle

    return {kind: informed(handler) for kind, handler in handlers.items()}
