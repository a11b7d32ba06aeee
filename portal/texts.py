"""What the portal says about what happened, in words that name no blame and say what to do.

Text of citizens (file names) is only ever an argument of a message (attack Z12).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from citystyle.formats import size
from citystyle.problems import Problem
from citystyle.words import gettext as _
from citystyle.words import ngettext
from portal import pdf_upload
from portal.csc_client import ServiceFailed
from portal.errors import NotConnected, PortalError
from portal.files import FileTooLarge
from portal.filings import Notice
from portal.journey.collecting import UNSIGNABLE
from portal.journey.leaving import NoCredential, NothingToSign, TooManyForCredential
from portal.journey.returning import OtherSignIn, UnknownAnswer
from portal.request_object import AlgorithmUnknown
from portal.verification import failures


def notice_text(notice: Notice) -> str:
    """Return why a filing stands where it stands."""
    match notice:
        case Notice.CANCELLED:
            return _("You cancelled. Nothing was signed. The code in the SMS no longer works.")
        case Notice.FAILED:
            return _("The signing service ended the authorisation. Nothing was signed and your documents are kept.")
        case Notice.UNREACHABLE:
            return _("The signing service does not answer. The problem is ours. Nothing was signed, nothing is lost.")
        case Notice.OTHER_BROWSER:
            return _(
                "Somebody tried to finish this authorisation in another browser. We stopped it. Nothing was signed. "
                "If it was not you, call us."
            )
        case Notice.WRONG_ISSUER:
            return _("The answer did not come from our signing service. We stopped. Nothing was signed.")
        case Notice.WAITING:
            return _("The signing service did not answer in time. You can ask again: nothing is signed twice.")
        case Notice.RESTARTED:
            return _("You can sign again. Your documents are kept.")


def upload_text(error: PortalError, name: str, limit: int, most: int) -> str:
    """Return why a file was not taken."""
    match error:
        case FileTooLarge():
            return _("“%(file)s” is too large; the limit is %(limit)s.", file=name, limit=size(limit))
        case pdf_upload.FileEmpty():
            return _("“%(file)s” is empty.", file=name)
        case pdf_upload.PhotoFormat():
            return _("“%(file)s” is a photo from an iPhone. Save it as PDF and upload it again.", file=name)
        case pdf_upload.NotPdf():
            return _("“%(file)s” is not a PDF. Save it as PDF and upload it again.", file=name)
        case pdf_upload.PdfEncrypted():
            return _("“%(file)s” is password-protected. Save a copy without one.", file=name)
        case pdf_upload.PdfBroken():
            return _("“%(file)s” cannot be opened. Export it again.", file=name)
        case _:
            return ngettext(
                "“%(file)s” was not taken: at most %(num)s document fits in a request.",
                "“%(file)s” was not taken: at most %(num)s documents fit in a request.",
                most,
                file=name,
            )


def verdict_text(verdict: str, name: str) -> str:
    """Return what is said of a document that has no good signed file."""
    if verdict.startswith(UNSIGNABLE):
        return _unsignable_text(verdict.removeprefix(UNSIGNABLE), name)
    return _RULES.get(verdict, _malformed_text)()


def _unsignable_text(reason: str, name: str) -> str:
    match reason:
        case "password" | "recipients" | "unusual-protection":
            why = _("it is password-protected. Save a copy without one.")
        case "empty" | "not-a-pdf" | "bad-header" | "no-pages" | "incomplete" | "damaged" | "form-damaged":
            why = _("it is damaged. Export it again.")
        case "certified" | "locked" | "permissions":
            why = _("its author closed it to further signatures.")
        case "too-large" | "too-heavy":
            why = _("it is too large or too complicated. Print it to PDF and use that file.")
        case "active-content" | "external-content" | "layers-differ" | "xfa-dynamic" | "form-not-fixed":
            why = _("it can show different content at different times. Print it to PDF and use that file.")
        case _:
            why = _("the signing service does not accept it. Print it to PDF and use that file.")
    return _("“%(file)s” cannot be signed: %(why)s", file=name, why=why)


def _changed_text() -> str:
    return _("Do not accept: the document was changed, or is another one than was sent.")


def _person_text() -> str:
    return _("Do not accept: the signatory is not the holder of this account.")


def _trust_text() -> str:
    return _("Do not accept: the certificate is not one we trust, or it was not valid.")


def _malformed_text() -> str:
    return _("Do not accept: the signature is missing or not correct.")


_GROUPS: Final[tuple[tuple[type[failures.VerificationFailed], Callable[[], str]], ...]] = (
    (failures.DocumentWrong, _changed_text),
    (failures.SignatoryWrong, _person_text),
    (failures.TrustWrong, _trust_text),
    (failures.SignatureWrong, _malformed_text),
)
_RULES: Final = {rule.__name__: text for group, text in _GROUPS for rule in (group, *group.__subclasses__())}


def problem(error: PortalError) -> Problem:
    """Return the page for a step that could not be made."""
    match error:
        case NotConnected():
            return Problem(
                _("The portal is not connected yet"),
                _(
                    "It is not yet registered with the signing service, so nothing can be signed. Your documents are kept."
                ),
            )
        case ServiceFailed():
            return Problem(
                _("The signing service does not answer"),
                _("The problem is ours. Nothing was signed, nothing is lost. Go on later from your requests."),
            )
        case NoCredential():
            return Problem(
                _("You have no signature yet"),
                _("The signing service knows no valid signature of yours. Call us and we tell you how to get one."),
            )
        case failures.SignatoryWrong():
            return Problem(
                _("The signature is not yours"),
                _("The signature linked to this account is in another name. We stopped before any code was sent."),
            )
        case failures.TrustWrong() | AlgorithmUnknown():
            return Problem(
                _("The signature cannot be used"),
                _(
                    "The problem is ours: the certificate is not one this portal trusts. We stopped before any code was sent."
                ),
            )
        case OtherSignIn():
            return Problem(
                _("This authorisation was begun elsewhere"),
                _("It was begun in another browser or after another sign-in, so we stopped it. Nothing was signed."),
            )
        case UnknownAnswer():
            return Problem(
                _("We do not know this authorisation"), _("It is over, or it was never ours. Nothing was signed by it.")
            )
        case _:
            return Problem(
                _("The page does not work now"), _("The problem is ours. What you saved is kept. Try again later.")
            )


def leave_text(error: NothingToSign | TooManyForCredential) -> str:
    """Return why there is nothing to authorise yet."""
    if isinstance(error, NothingToSign):
        return _("Upload at least one document first.")
    return ngettext(
        "At most %(num)s document can be signed at once.",
        "At most %(num)s documents can be signed at once.",
        error.most,
    )
