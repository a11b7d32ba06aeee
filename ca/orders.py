"""Revocation on the SAM's order: a signatory asked for it and proved who they are, and `web` only carries the order.

An order names one certificate, and says nothing that the administrator's way does not: the status holds from the moment
it is carried out. Carried twice, the second time finds the certificate revoked.
"""

from __future__ import annotations

from typing import Final

from ca.administration import Administration
from ca.attestation import Attestations
from ca.protocol import CarryOutRevocation, DescribeCertificate, OrderInvalid, StatusChanged
from ca.revocation import Wish

_BY: Final = "signatory by a code sent to their phone"
_REASON: Final = "unspecified"  # nobody asks a signatory why


class Orders:
    """Carries out what the SAM orders."""

    def __init__(self, attestations: Attestations, administration: Administration) -> None:
        self._attestations = attestations
        self._administration = administration

    def carry_out(self, request: CarryOutRevocation) -> StatusChanged:
        """Revoke the certificate that an order names, and issue a list that says so.

        Raises:
            OrderInvalid: the SAM did not sign it, or the certificate belongs to another credential.
            CertificateUnknown, AlreadyRevoked, CertificateEnded, AuthorityClosed, ClockInDoubt: its status stays.
        """
        order = request.order
        self._attestations.verify_order(order)
        if self._administration.describe(DescribeCertificate(order.serial)).credential != order.credential:
            raise OrderInvalid(f"{order.serial} is not of {order.credential}")
        wish = Wish(serial=order.serial, status="revoked", by=f"{_BY}, {order.request}", reason=_REASON)
        return self._administration.change(wish)
