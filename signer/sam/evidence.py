"""The SAM's evidence: a chained log under the token's key "evidence" (design §2.8).

A row is written in the transaction that does what it tells, so there is no act without its evidence: the intent before
a key is used, the outcome after.
"""

from __future__ import annotations

from hsm.ports import MacKey
from signer.sam.errors import EvidenceBroken
from signer.sam.tables import evidence
from storage.chain import Chain
from storage.marks import Marks


class Evidence(Chain):
    """Appends to the log and verifies it; the first row that is not as it was written raises `EvidenceBroken`."""

    def __init__(self, key: MacKey, marks: Marks) -> None:
        super().__init__(evidence, "evidence", key.mac, EvidenceBroken, marks)
