"""Enrolment: a vetted applicant becomes a signatory with an active credential, linked to one portal's account.

1. The SAM puts on record that the person was identified and approved; the approval waits some days, then it lapses.
2. The SAM makes the key and a pending credential on it, vouches for the key, and has the key sign a request.
3. The CA issues the certificate that the SAM's word allows.
4. The SAM takes the certificate and tells the signatory; from then on the credential signs.

A renewal is the same with another beginning: the approval rests on the proofing before it, and the credential that it
follows ends, with its key, when the new one begins.

What fails on the way leaves no credential that could sign: a pending one is given up when the approval is used again,
withdrawn, or lapses. What was begun in one go is taken back as a whole, so that it can be begun again; an approval that
was there before stays open. A certificate that was issued and not taken stays on the CA's record under the credential's
name, and can be revoked.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ca.client import CaClient
from core.algorithms import KeyType
from core.errors import DomainError
from ra.applicant import Applicant
from signer.sam.client import SamAdmin
from signer.sam.protocol import Activate, Approve, Approved, MakeKey

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
    """Enrols signatories, and renews what they have."""

    def __init__(self, sam: SamAdmin, ca: CaClient, key_type: KeyType) -> None:
        self._sam = sam
        self._ca = ca
        self._key_type = key_type

    def approve(self, applicant: Applicant, account: Account, *, anew: bool = False) -> Approved:
        """Put on record that an applicant was identified; `anew`: one who has a credential, which will be replaced.

        Raises:
            PortalUnknown: the portal is not registered.
            AlreadyApproved: an approval waits for the person, the telephone number or the account.
            AlreadyEnrolled, NothingToReplace: what they have in use does not fit.
            Unavailable: the SAM does not answer.
        """
        return self._sam.approve(
            Approve(
                given_name=applicant.given_name,
                surname=applicant.surname,
                subject_serial=applicant.subject_serial,
                phone=applicant.phone,
                email=applicant.email,
                client=account.client,
                account=account.account,
                allow_carried=account.allow_carried,
                anew=anew,
            )
        )

    def activate(self, approval: str) -> Enrolment:
        """Make the credential that an approval allows.

        Raises:
            ApprovalUnknown, ApprovalNotOpen, ApprovalLapsed, ProofingTooOld, CredentialNotUsable: it allows none.
            NotLinted, KeyAlreadyCertified, ClockInDoubt: the CA issues no certificate.
            SmsNotSent: the signatory cannot be told; the approval stays open.
            Unavailable: a zone does not answer; the approval is open or, if only the answer was lost, used.
        """
        made = self._sam.make_key(MakeKey(approval, self._key_type.value))
        issued = self._ca.issue(made.attestation, made.request)
        self._sam.activate(Activate(made.credential, issued.certificate))
        return Enrolment(made.credential, issued.certificate, issued.issuer)

    def enrol(self, applicant: Applicant, account: Account, *, anew: bool = False) -> Enrolment:
        """Approve an applicant and make the credential.

        Raises:
            DomainError: as `approve` and `activate`; nothing is left of it.
        """
        return self._at_once(self.approve(applicant, account, anew=anew))

    def renew(self, credential: str) -> Enrolment:
        """Make another credential for whom an active one is, with a new key, on the proofing that it rests on.

        Raises:
            CredentialUnknown, CredentialNotUsable, ProofingTooOld, AlreadyApproved: it is not renewed.
            DomainError: as `activate`; the credential stays as it is.
        """
        return self._at_once(self._sam.approve_renewal(credential))

    def _at_once(self, approved: Approved) -> Enrolment:
        try:
            return self.activate(approved.approval)
        except DomainError:
            self._take_back(approved.approval)
            raise

    def _take_back(self, approval: str) -> None:
        try:
            self._sam.withdraw(approval)
        except DomainError as error:  # the first failure is the one to tell; this one is for the log
            told = {"approval": approval, "error": type(error).__name__, "detail": error.detail}
            log.warning("approval left behind", extra=told)
