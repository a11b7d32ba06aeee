"""What a process of the `sam` zone runs: the use cases behind two sockets, wired from keys and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from channel import stamping
from channel.protocol import Done, Health, Message
from channel.server import Server, health
from channel.stamping import CheckpointsVerified
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.clock import Clock
from core.entropy import Entropy
from core.time_stamp import TimeStampTrust
from core.types import Dtbsr
from hsm.errors import WrongWrappingKey
from hsm.ports import KeyVault, MacKey, SigningKey
from otp import tables as otp_tables
from otp.challenges import Challenges
from otp.delivery.ports import SmsSender
from otp.sms import Language
from signer.sam import tables
from signer.sam.activation import Activation
from signer.sam.approvals import Approvals
from signer.sam.approving import Approving
from signer.sam.code_messages import CodeMessages
from signer.sam.directory import Directory
from signer.sam.endings import Endings
from signer.sam.enrolment import Enrolment
from signer.sam.evidence import Evidence
from signer.sam.issuers import Issuers
from signer.sam.judging import Judging
from signer.sam.ledger import Ledger
from signer.sam.notices import Notices
from signer.sam.opening import Opening
from signer.sam.own_revocations import OwnRevocations
from signer.sam.parts import Parts
from signer.sam.policy import Policy
from signer.sam.portals import Portals
from signer.sam.protocol import (
    ADMIN,
    SAM,
    AcknowledgeOrder,
    Activate,
    Approve,
    ApproveRenewal,
    BeginOwnRevocation,
    CancelTransaction,
    ConfirmOwnRevocation,
    DescribeCredential,
    EvidenceVerified,
    ListApprovals,
    ListCredentials,
    ListEnding,
    ListRevocationOrders,
    MakeKey,
    OpenTransaction,
    RegisterPortal,
    ResendCode,
    RevokeSad,
    SetState,
    ShowCredential,
    ShowTransaction,
    SignContents,
    SignDocument,
    SignHashes,
    SubmitCode,
    VerifyEvidence,
    WithdrawApproval,
)
from signer.sam.records import CredentialRecords
from signer.sam.registration import Registration
from signer.sam.restoration import Restoration, Restored, StatusOf
from signer.sam.revoking import Revoking
from signer.sam.sad import SadCodec
from signer.sam.signatures import check_with_key
from signer.sam.states import States
from signer.sam.transactions import Transactions
from storage.checkpoints import Checkpoints
from storage.engine import Database
from storage.fresh_seals import FreshSeals
from storage.marks import Marks
from storage.seals import Seals, check_sealed


@dataclass(frozen=True, slots=True)
class SamKeys:
    """The keys of the token `sam`, each for one purpose (attack I10)."""

    vault: KeyVault
    seal: MacKey
    otp: MacKey
    sad: MacKey
    fingerprint: MacKey
    evidence: MacKey
    attestation: SigningKey
    checkpoint: SigningKey


@dataclass(frozen=True, slots=True)
class SamSettings:
    """What the SAM is told: policy, the names in a message, pinned keys, whose time-stamps count, where checkpoints go."""

    policy: Policy
    sms_sender: str
    sms_host: str
    help_phone: str  # whom a signatory may call
    language: Language  # in which the service speaks first; what it tells on the phone is in it
    honest_error_rate: float
    verdict_key: Ed25519PublicKey
    issuers: Issuers
    time_stamps: TimeStampTrust
    checkpoints: Path


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was looked at."""

    sealed_rows: int
    evidence_rows: int
    credentials: int


class Sam:
    """The SAM of one process. Makes its tables when they are missing. `marks`: the store beside the database."""

    def __init__(
        self,
        database: Database,
        keys: SamKeys,
        sender: SmsSender,
        settings: SamSettings,
        *,
        marks: Marks,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        for metadata in (tables.metadata, otp_tables.metadata):
            database.create(metadata)
        sealing = Seals(keys.seal.mac)
        seals = FreshSeals(sealing, marks)
        parts = Parts(
            database=database,
            records=CredentialRecords(seals),
            approvals=Approvals(seals),
            portals=Portals(seals, settings.sms_host),
            transactions=Transactions(seals),
            own_revocations=OwnRevocations(seals),
            challenges=Challenges(database, seals, keys.otp),
            evidence=Evidence(keys.evidence, marks),
            codec=SadCodec(keys.sad),
            fingerprint_key=keys.fingerprint,
            policy=settings.policy,
            clock=clock,
            entropy=entropy,
        )
        messages = CodeMessages(parts, sender, settings.sms_sender, settings.sms_host)
        notices = Notices(
            sender,
            clock,
            sender_name=settings.sms_sender,
            help_phone=settings.help_phone,
            host=settings.sms_host,
            language=settings.language,
        )
        ledger = Ledger(database, parts.transactions, parts.evidence)
        self._parts = parts
        self._seals = sealing
        self._restoration = Restoration(parts, seals)
        self._keys = keys
        self._sender = sender
        self._opening = Opening(parts, messages)
        self._judging = Judging(parts, messages, settings.honest_error_rate)
        self._endings = Endings(parts)
        self._activation = Activation(
            parts, ledger, keys.vault, verdict_key=settings.verdict_key, issuers=settings.issuers
        )
        self._directory = Directory(parts, settings.issuers)
        self._registration = Registration(parts)
        self._approving = Approving(parts)
        self._enrolment = Enrolment(parts, keys.vault, keys.attestation, settings.issuers, notices)
        self._states = States(parts, notices)
        self._revoking = Revoking(parts, notices, keys.attestation)
        self._checkpoints = Checkpoints(
            settings.checkpoints, parts.evidence, database, keys.checkpoint, settings.time_stamps, entropy
        )

    def server(self, peers: frozenset[int]) -> Server:
        """Return the application behind the socket that `web` may open."""
        handlers: Handlers = {
            OpenTransaction: self._opening.open,
            ShowTransaction: self._endings.show,
            ResendCode: self._judging.resend,
            SubmitCode: self._judging.submit,
            CancelTransaction: _done(self._endings.cancel),
            RevokeSad: _done(self._endings.revoke),
            SignHashes: self._activation.sign_hashes,
            SignContents: self._activation.sign_contents,
            SignDocument: self._activation.sign_document,
            BeginOwnRevocation: self._revoking.begin,
            ConfirmOwnRevocation: self._revoking.confirm,
            ListCredentials: self._directory.list,
            DescribeCredential: self._directory.describe,
            Health: health(self.check),
        }
        return Server(SAM, handlers, peers)

    def admin_server(self, peers: frozenset[int]) -> Server:
        """Return the application behind the operator's socket."""
        handlers: Handlers = {
            RegisterPortal: _done(self._registration.register),
            Approve: self._approving.approve,
            ApproveRenewal: self._approving.approve_renewal,
            ListApprovals: self._approving.list,
            WithdrawApproval: _done(self._approving.withdraw),
            MakeKey: self._enrolment.make_key,
            Activate: _done(self._enrolment.activate),
            SetState: _done(self._states.set_state),
            ShowCredential: self._directory.show,
            ListEnding: self._directory.list_ending,
            ListRevocationOrders: self._revoking.orders,
            AcknowledgeOrder: _done(self._revoking.acknowledge),
            VerifyEvidence: self._verify_evidence,
            **stamping.handlers(self._checkpoints, self._parts.clock),
            Health: health(self.check),
        }
        return Server(ADMIN, handlers, peers)

    def make_round(self) -> None:
        """Do what nobody asks for: end what is over by the clock, write a checkpoint of the evidence. Cheap when idle."""
        self._states.end_overdue()
        self._checkpoints.write_if_due(self._parts.clock.now())

    def check(self) -> None:
        """Prove that the SAM can do its work: a probe key is made, signs, is verified; database and sender answer.

        Raises:
            DomainError: what does not work.
        """
        self._probe()
        with self._parts.database.reading() as connection:
            self._parts.evidence.check_end(connection)
        self._sender.check()

    def _probe(self) -> str:
        """Have a key made, wrapped, unwrapped and used; return the wrapping key's identifier."""
        probe = Dtbsr(HashAlgorithm.SHA256, HashAlgorithm.SHA256.new(self._parts.entropy.token_bytes(32)).digest())
        key = self._keys.vault.generate(KeyType.EC_P256)
        with self._keys.vault.unwrapped(key) as signing_key:
            signature = signing_key.sign(probe, SignatureAlgorithm.ECDSA_SHA256)
        check_with_key(key.public_key_der, SignatureAlgorithm.ECDSA_SHA256, probe, signature)
        return key.wrapping_key_id

    def inspect(self) -> Inspected:
        """Prove that records, evidence and token belong together: for a backup's copy, which sends nothing.

        Raises:
            RecordTampered, EvidenceBroken: a row is not as a SAM with this token wrote it.
            WrongWrappingKey: a signatory's key was wrapped under another wrapping key than the token has.
            DomainError: token or database do not work.
        """
        wrapping_key_id = self._probe()
        with self._parts.database.reading() as connection:
            sealed = sum(check_sealed(connection, self._seals, each) for each in (tables.metadata, otp_tables.metadata))
            records = self._parts.records.all(connection)
            rows, _head = self._parts.evidence.verify(connection)
        for each in records:
            if each.wrapped_key and each.wrapping_key_id != wrapping_key_id:
                raise WrongWrappingKey(f"{each.credential}: {each.wrapping_key_id}, not {wrapping_key_id}")
        return Inspected(sealed, rows, len(records))

    def close(self) -> None:
        """Close the database."""
        self._parts.database.close()

    def restore(self, backup: str, by: str, status_of: StatusOf) -> Restored:
        """Make a restored SAM fit to be started: see `signer.sam.restoration`."""
        return self._restoration.restore(backup, by, status_of)

    def _verify_evidence(self, _asked: VerifyEvidence) -> EvidenceVerified:
        with self._parts.database.reading() as connection:
            rows, head = self._parts.evidence.verify(connection)
        checkpoints = self._checkpoints.verify(self._parts.clock.now())
        return EvidenceVerified(rows, head.hex(), CheckpointsVerified(*checkpoints))


Handlers = Mapping[type[Message], Callable[[Any], Message]]


def _done(act: Callable[[Any], None]) -> Callable[[Any], Message]:
    def handle(request: Message) -> Message:
        act(request)
        return Done()

    return handle
