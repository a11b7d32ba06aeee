"""The registration authority wired: what the command and the development installation enrol people with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.client import CaClient
from ca.protocol import CA
from channel.client import Channel
from core.algorithms import KeyType
from core.clock import SystemClock
from ra.applicant import Application, vet
from ra.enrolment import Account, Enrolment, Enrolments
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from core.config import Settings


def enrol(settings: Settings, application: Application, account: Account) -> Enrolment:
    """Vet an application and enrol the applicant.

    Raises:
        Malformed: what was typed in is not as it must be; the text names the fault.
        DomainError: the SAM or the CA refused.
    """
    check_digit = settings.ca.check_personal_number
    applicant = vet(application, check_digit=check_digit, today=SystemClock().now().date())
    return enrolments(settings).enrol(applicant, account)


def enrolments(settings: Settings) -> Enrolments:
    """Return the use case, over the sockets of the SAM's operator and of the CA."""
    return Enrolments(
        SamAdmin(Channel(ADMIN, settings.socket("sam-admin"))),
        CaClient(Channel(CA, settings.socket("ca"))),
        KeyType(settings.sam.signatory_key),
    )
