"""Revocation and suspension of a signatory's certificate, in the two zones that must know of it.

1. The CA says whether it would do it, and whose credential the certificate belongs to.
2. The SAM ends or suspends the credential: from then on no new transaction opens, and on revocation the key is gone.
3. The CA records the status and issues a list that says so.

Ending a suspension goes the other way round, so that nothing is signed under a certificate that is suspended. Whatever
a crash leaves half done is finished by asking again: no step minds having been done before.
"""

from __future__ import annotations

import logging
from datetime import datetime

from ca.client import CaAdmin
from ca.protocol import AlreadyRevoked, AlreadySuspended, CertificateSummary, NotSuspended, StatusChanged
from signer.sam.client import SamAdmin
from signer.sam.errors import CredentialUnknown
from signer.sam.protocol import SetState

log = logging.getLogger(__name__)


class StatusRequests:
    """Carries out what an officer or administrator decided about a certificate."""

    def __init__(self, sam: SamAdmin, ca: CaAdmin) -> None:
        """`ca` says in whose name."""
        self._sam = sam
        self._ca = ca

    def revoke(self, serial: str, reason: str, invalid_since: datetime | None = None) -> StatusChanged:
        """Revoke a certificate for good and destroy its key.

        Raises:
            NotSignedIn, NotMandated: nothing was done.
            AlreadyRevoked: it is; its key is destroyed all the same.
            CertificateUnknown, ReasonUnknown, CertificateEnded, InvalidSinceRefused: nothing was done.
            Unavailable: a zone does not answer; ask again.
        """
        certificate = self._ca.describe(serial)
        try:
            self._ca.revoke(serial, reason, invalid_since, rehearse=True)
        except AlreadyRevoked:
            self._tell_sam(SetState(certificate.credential, "revoked"), certificate)
            raise
        self._tell_sam(SetState(certificate.credential, "revoked"), certificate)
        return self._ca.revoke(serial, reason, invalid_since)

    def suspend(self, serial: str) -> StatusChanged:
        """Suspend a certificate and its credential.

        Raises:
            AlreadySuspended: it is; its credential is suspended all the same.
            CertificateUnknown, AlreadyRevoked, CertificateEnded, CredentialNotUsable: nothing was done.
            Unavailable: a zone does not answer; ask again.
        """
        certificate = self._ca.describe(serial)
        try:
            self._ca.suspend(serial, rehearse=True)
        except AlreadySuspended:
            self._tell_sam(SetState(certificate.credential, "suspended"), certificate)
            raise
        self._tell_sam(SetState(certificate.credential, "suspended"), certificate)
        return self._ca.suspend(serial)

    def resume(self, serial: str) -> StatusChanged | None:
        """End the suspension of a certificate and its credential; None when the CA had ended it before.

        Raises:
            NotSignedIn, NotMandated: nothing was done.
            CertificateUnknown, AlreadyRevoked, CertificateEnded: nothing was done.
            CredentialNotUsable: the credential was revoked meanwhile.
            Unavailable: a zone does not answer; ask again.
        """
        certificate = self._ca.describe(serial)
        changed = None
        try:
            changed = self._ca.resume(serial)
        except NotSuspended:
            log.info("the certificate was not suspended", extra={"serial": serial})
        self._tell_sam(SetState(certificate.credential, "active"), certificate)
        return changed

    def _tell_sam(self, wanted: SetState, certificate: CertificateSummary) -> None:
        if not wanted.credential:
            return  # a part of the service: its key is not the SAM's
        try:
            self._sam.set_state(wanted)
        except CredentialUnknown:  # it cannot sign, then; the certificate's status must not wait for that
            log.warning("the SAM knows no such credential", extra={"serial": certificate.serial})
