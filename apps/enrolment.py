"""The registration authority wired: what its commands and the development installation work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.client import CaClient
from ca.protocol import CA
from channel.client import Channel
from core.algorithms import KeyType
from core.clock import SystemClock
from ra.applicant import vet
from ra.enrolment import Enrolments
from ra.renewal import Renewals
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from core.config import Settings
    from ra.applicant import Applicant, Application


def vetted(settings: Settings, application: Application) -> Applicant:
    """Return the applicant of an application.

    Raises:
        Malformed: what was typed in is not as it must be; the text names the fault.
    """
    return vet(application, check_digit=settings.ca.check_personal_number, today=SystemClock().now().date())


def sam_admin(settings: Settings) -> SamAdmin:
    """Return the SAM as its operator has it."""
    return SamAdmin(Channel(ADMIN, settings.socket("sam-admin")))


def enrolments(settings: Settings) -> Enrolments:
    """Return enrolment and renewal of one credential, over the sockets of the SAM's operator and of the CA."""
    ca = CaClient(Channel(CA, settings.socket("ca")))
    return Enrolments(sam_admin(settings), ca, KeyType(settings.sam.signatory_key))


def renewals(settings: Settings) -> Renewals:
    """Return renewal of what ends soon."""
    return Renewals(sam_admin(settings), enrolments(settings))
