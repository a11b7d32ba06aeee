"""Enrolment: a vetted applicant becomes a signatory with an active credential, linked to one portal's account.

1. The SAM makes the key and a pending credential, and vouches for the key.
2. The CA issues the certificate that the SAM's word allows.
3. The SAM takes the certificate; from then on the credential signs.

What fails on the way leaves no credential that could sign: the pending one is revoked, so that the person can be
enrolled again. A certificate that was issued and not taken stays on the CA's record under the credential's name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ca.client import CaClient
from core.algorithms import KeyType
from core.errors import DomainError
from core.statements import KeyAttestation
from ra.applicant import Applicant
from signer.sam.client import SamAdmin
from signer.sam.protocol import Activate, Enrol, Enrolled, SetState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a portal knows the signatory as, and what its requests may be."""

    client: str
    account: str  # the portal's own name for the person
    allow_carried: bool = False  # whether requests that the portal did not sign are allowed (lower trust mode)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an enrolment gives: the credential's name, and the certificates (DER)."""

    credential: str
    certificate: bytes
    issuer: bytes


class Enrolments:
    """Enrols signatories."""

    def __init__(self, sam: SamAdmin, ca: CaClient, key_type: KeyType) -> None:
        self._sam = sam
        self._ca = ca
        self._key_type = key_type

    def enrol(self, applicant: Applicant, account: Account) -> Enrolment:
        """Enrol an applicant.

        Raises:
            PortalUnknown: the portal is not registered.
            AlreadyEnrolled: the person, the telephone number or the account has a live credential.
            NotLinted, KeyAlreadyCertified, ClockInDoubt: the CA issues no certificate.
            Unavailable: a zone does not answer.
        """
        enrolled = self._sam.enrol(self._request(applicant, account))
        try:
            return self._certify(enrolled.credential, enrolled.attestation)
        except DomainError:
            self._abandon(enrolled)
            raise

    def _request(self, applicant: Applicant, account: Account) -> Enrol:
        return Enrol(
            given_name=applicant.given_name,
            surname=applicant.surname,
            subject_serial=applicant.subject_serial,
            phone=applicant.phone,
            email=applicant.email,
            client=account.client,
            account=account.account,
            key_type=self._key_type.value,
            allow_carried=account.allow_carried,
        )

    def _certify(self, credential: str, attestation: KeyAttestation) -> Enrolment:
        issued = self._ca.issue(attestation)
        self._sam.activate(Activate(credential, issued.certificate))
        return Enrolment(credential, issued.certificate, issued.issuer)

    def _abandon(self, enrolled: Enrolled) -> None:
        try:
            self._sam.set_state(SetState(enrolled.credential, "revoked"))
        except DomainError as error:  # the first failure is the one to tell; this one is for the log
            log.warning(
                "pending credential left behind",
                extra={"credential": enrolled.credential, "error": type(error).__name__, "detail": error.detail},
            )
