"""The parts every use case of the SAM works with, wired once in `signer.sam.server`."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock
from core.entropy import Entropy
from hsm.ports import MacKey
from otp.challenges import Challenges
from signer.sam.approvals import Approvals
from signer.sam.evidence import Evidence
from signer.sam.own_revocations import OwnRevocations
from signer.sam.policy import Policy
from signer.sam.portals import Portals
from signer.sam.records import CredentialRecords
from signer.sam.sad import SadCodec
from signer.sam.transactions import Transactions
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """Database, repositories, codecs, policy, time and randomness of one SAM process."""

    database: Database
    records: CredentialRecords
    approvals: Approvals
    portals: Portals
    transactions: Transactions
    own_revocations: OwnRevocations
    challenges: Challenges
    evidence: Evidence
    codec: SadCodec
    fingerprint_key: MacKey
    policy: Policy
    clock: Clock
    entropy: Entropy
