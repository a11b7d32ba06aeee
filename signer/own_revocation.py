"""A signatory's own revocation, outside the SAM.

1. The SAM sends a code to whoever is described, if anybody is.
2. The SAM judges the code, revokes the credential and destroys the key: from here on nothing is signed.
3. The CA revokes the certificate on the order that the SAM signed, and tells the world.
4. The SAM learns that its order was carried out.

`web` has the first three, so that the world is told at once. The fourth is the operator's: what the SAM has not heard of
from there is carried again, so that `web` can neither hold an order back nor say that it was carried out.
"""

from __future__ import annotations

import logging
from typing import Literal

from ca.client import CaClient
from ca.protocol import AlreadyRevoked, CertificateEnded
from core.errors import DomainError
from core.statements import RevocationOrder
from signer.sam.client import SamAdmin, SamClient
from signer.sam.protocol import BeginOwnRevocation, ConfirmOwnRevocation, OwnRevocationBegun

log = logging.getLogger(__name__)


class OwnRevocationService:
    """Takes signatories' requests."""

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
        order = self._sam.confirm_own_revocation(ConfirmOwnRevocation(request, code))
        try:
            _carry_out(order, self._ca)
        except DomainError as error:  # the key is gone, and the order will be carried again
            told = {"request": order.request, "error": type(error).__name__, "detail": error.detail}
            log.warning("order not carried out yet", extra=told)
            return False
        return True


def carry_orders(sam: SamAdmin, ca: CaClient) -> None:
    """Carry the orders to the CA of which the SAM has not heard that they were carried out, and tell it.

    Raises:
        DomainError: one could not be carried out; those after it wait too.
    """
    for order in sam.revocation_orders():
        _carry_out(order, ca)
        sam.acknowledge_order(order)


def _carry_out(order: RevocationOrder, ca: CaClient) -> None:
    try:
        ca.carry_out(order)
    except (AlreadyRevoked, CertificateEnded) as error:  # there is nothing left to do
        log.info("nothing to revoke", extra={"request": order.request, "error": type(error).__name__})
