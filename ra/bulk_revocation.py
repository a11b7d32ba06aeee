"""Revoking many certificates that two administrators decided about, in the two zones that must know.

For each part: the SAM ends the credentials, whose keys are gone from then on; then the CA records the revocations. The
list that has them all is issued at the end. What an interruption leaves undone is done by beginning again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ca.admin_protocol import ProposalSummary
from ca.client import CaAdmin, CaControl
from signer.sam.client import SamAdmin
from signer.sam.errors import CredentialUnknown
from signer.sam.protocol import SetState

log = logging.getLogger(__name__)

_PART: Final = 50  # certificates

Parts = Sequence[list[str]]


def revoke_many(
    proposal: str,
    control: CaControl,
    record: CaAdmin,
    sam: SamAdmin,
    progress: Callable[[Parts], Iterable[list[str]]],
) -> ProposalSummary:
    """Carry out a bulk revocation that was approved, or go on with it; `progress` gives the parts one by one.

    Raises:
        ProposalUnknown, NotApproved, ProposalClosed, ProposalExpired, OtherAct: nothing was done.
        Unavailable: a zone does not answer; ask again.
    """
    serials = control.begin_revocations(proposal)
    for part in progress([serials[start : start + _PART] for start in range(0, len(serials), _PART)]):
        for serial in part:
            _end_credential(record.describe(serial).credential, sam)
        control.revoke_part(proposal, part)
    return control.end_revocations(proposal).proposal


def _end_credential(credential: str, sam: SamAdmin) -> None:
    if not credential:
        return  # not a signatory's: its key is not the SAM's
    try:
        sam.set_state(SetState(credential, "revoked"))
    except CredentialUnknown:  # it cannot sign, then; the certificate's status must not wait for that
        log.warning("the SAM knows no such credential", extra={"credential": credential})
