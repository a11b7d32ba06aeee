"""A signatory's own revocation, outside the SAM.

1. The SAM sends a code to whoever is described, if anybody is.
2. The SAM judges the code, revokes the credential and destroys the key: from here on nothing is signed.
3. The CA revokes the certificate on the order that the SAM signed, and tells the world.
4. The SAM learns that its order was carried out.

When the CA does not answer, steps 3 and 4 are made up for later: the SAM keeps its orders until it hears of them.
"""

from __future__ import annotations

import logging
from typing import Literal

from ca.client import CaClient
from ca.protocol import AlreadyRevoked, CertificateEnded
from core.errors import DomainError
from core.statements import RevocationOrder
from signer.sam.client import SamClient
from signer.sam.protocol import BeginOwnRevocation, ConfirmOwnRevocation, OwnRevocationBegun

log = logging.getLogger(__name__)


class OwnRevocationService:
    """Takes signatories' requests, and carries the SAM's orders to the CA."""

    def __init__(self, sam: SamClient, ca: CaClient) -> None:
        self._sam = sam
        self._ca = ca

    def begin(self, national_id: str, phone: str, language: Literal["ro", "en"]) -> OwnRevocationBegun:
        """Have a code sent to whoever has this personal number and telephone; the answer does not tell whether.

        Raises:
            SmsNotSent, Unavailable: no message can be sent now.
        """
        return self._sam.begin_own_revocation(BeginOwnRevocation(f"PNORO-{national_id}", phone, language))

    def confirm(self, request: str, code: str) -> bool:
        """Have the typed code judged and the credential revoked; return whether the world is told already.

        Raises:
            CodeWrong, CodeMalformed, CodeExpired, SigningStopped, ChallengeClosed, ThrottledUntil: nothing is revoked.
            Unavailable: the SAM does not answer.
        """
        return self._carry(self._sam.confirm_own_revocation(ConfirmOwnRevocation(request, code)))

    def carry_waiting(self) -> None:
        """Carry the orders that an earlier attempt could not; failures are logged, and the next round tries again."""
        try:
            waiting = self._sam.revocation_orders()
        except DomainError as error:
            log.warning("no orders to be had", extra={"error": type(error).__name__, "detail": error.detail})
            return
        for order in waiting:
            self._carry(order)

    def _carry(self, order: RevocationOrder) -> bool:
        try:
            self._revoke(order)
            self._sam.acknowledge_order(order)
        except DomainError as error:
            told = {"request": order.request, "error": type(error).__name__, "detail": error.detail}
            log.warning("order not carried out", extra=told)
            return False
        return True

    def _revoke(self, order: RevocationOrder) -> None:
        try:
            self._ca.carry_out(order)
        except (AlreadyRevoked, CertificateEnded) as error:  # there is nothing left to do
            log.info("nothing to revoke", extra={"request": order.request, "error": type(error).__name__})
