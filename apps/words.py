"""What the `paraph` command says: plain words for a refusal, and the exit codes."""

from __future__ import annotations

import re
from typing import Final

from ca.admin_protocol import AdminLocked, NotMandated, NotSignedIn, SignInRefused
from core.errors import DomainError, Unavailable
from portal.errors import PortalError

REFUSED: Final = 1  # a check said no; nothing was done
USAGE: Final = 2  # click's own: the command line is wrong
UNHEALTHY: Final = 3  # the installation, or a zone, does not work
NOT_SIGNED_IN: Final = 4  # an administrator must sign in, and has not

EXPECTED: Final = (DomainError, PortalError)

_PLAIN: Final = {
    "AlreadyEnrolled": "this person, phone number or account already has a live credential",
    "AlreadyApproved": "an approval for this person, phone number or account waits for `paraph ra activate`",
    "NothingToReplace": "this person, phone number and account have no active credential together",
    "ApprovalUnknown": "there is no such approval",
    "ApprovalNotOpen": "the approval can no longer be used",
    "ApprovalLapsed": "the approval has lapsed; the person must be identified again",
    "ProofingTooOld": "the person must be identified again",
    "SmsNotSent": "the signatory could not be told by SMS, and nothing is done without that",
    "CredentialUnknown": "there is no such credential",
    "PortalUnknown": "there is no such client; register it with `paraph client add`",
    "Unavailable": "a zone does not answer; is `paraph run` running?",
    "CertificateUnknown": "there is no certificate with this serial number",
    "NotSignedIn": "sign in as an administrator",
    "SignInRefused": "the sign-in is not right, or the code was used before",
    "AdminLocked": "too many wrong sign-ins",
    "NotMandated": "you may not do this without signing in",
    "SamePerson": "another administrator must approve",
    "ProposalUnknown": "there is no such proposal",
    "ProposalClosed": "the proposal was decided",
    "InvitationRefused": "the invitation is not accepted",
    "BadSettings": "the settings cannot be used",
    "NotHealthy": "not every zone works",
}


def exit_code(error: DomainError | PortalError) -> int:
    """Return the exit code of a command that a refusal ended."""
    if isinstance(error, SignInRefused | AdminLocked | NotSignedIn | NotMandated):
        return NOT_SIGNED_IN
    return UNHEALTHY if isinstance(error, Unavailable) else REFUSED


def plain(error: DomainError | PortalError) -> str:
    """Return one line that says what was refused and why."""
    name = type(error).__name__
    words = _PLAIN.get(name) or re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
    detail = " ".join(error.detail.split())
    return f"{words}: {detail}" if detail else words
