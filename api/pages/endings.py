"""How the pages end when they cannot go on: one entry for each thing that may go wrong, with its words.

Words say what happened, what did not (nothing was signed), and what to do next; never a reason that helps an attacker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.errors import wire_of
from api.oauth.authorizations import Authorization
from api.pages.words import _
from api.refusals import (
    BodyMalformed,
    BodyTooLarge,
    CodeUnknown,
    FormForged,
    MediaTypeUnsupported,
    OtherBrowser,
    PageUnknown,
    RepeatedField,
)
from citystyle.formats import clock, day, moment
from core.errors import DomainError, Unavailable
from core.factors import ChallengeClosed, SigningStopped, SmsNotSent, ThrottledUntil
from signer.sam.errors import CertificateExpired, CredentialNotUsable, CredentialSuperseded, TransactionClosed


@dataclass(frozen=True, slots=True)
class Ending:
    """A page without a form. `error` is the OAuth error of its way back to the portal; none: no way back from here."""

    status: int
    heading: str
    paragraphs: tuple[str, ...]
    error: str | None = "access_denied"
    link: str = ""
    numbered: bool = False  # shows the request's number


def ending_of(error: DomainError, phone: str) -> Ending:
    """Return the page that tells a person of an error: its own, or that of its nearest listed ancestor.

    What is ours to put right (a clock in doubt, a broken seal) reads like a service that does not answer.
    """
    for kind in type(error).__mro__:
        if kind in _ENDINGS:
            return _ENDINGS[kind](error, phone)
    if wire_of(error).status >= 500:
        return service_down()
    return Ending(400, _("This request cannot be signed"), (_nothing(), _restart()), "invalid_request", numbered=True)


def stopped(phone: str) -> Ending:
    """Return the page after three wrong codes."""
    return Ending(
        403,
        _("Signing has stopped."),
        (
            _("The code was wrong three times. Nothing was signed and your request is kept."),
            _("Was it not you? Call %(phone)s.", phone=phone),
        ),
    )


def cancelled() -> Ending:
    """Return the page of an authorization that was cancelled earlier."""
    return Ending(200, _("You cancelled."), (_("Nothing was signed. The code in the SMS no longer works."),))


def closed() -> Ending:
    """Return the page of an authorization whose time is over, or that another one replaced."""
    return Ending(410, _("This page is no longer valid"), (_nothing(), _restart()))


def used() -> Ending:
    """Return the page of an authorization that was already used."""
    return Ending(200, _("The documents are already signed."), (), None, link=_("Continue"))


def unsure() -> Ending:
    """Return the page after a code whose judging got no answer."""
    return Ending(
        503,
        _("We do not know yet whether signing finished."),
        (_("Do not enter the code again. Go back to the portal: it shows whether the documents are signed."),),
        "temporarily_unavailable",
        numbered=True,
    )


def service_down() -> Ending:
    """Return the page of a service that does not answer."""
    text = _('The problem is ours. Nothing was signed, nothing is lost. Resume from "Drafts".')
    return Ending(503, _("The signing service does not answer."), (text,), "temporarily_unavailable", numbered=True)


def back_link(found: Authorization | None, ending: Ending) -> str:
    """Return the words of the link that leads back, empty when there is none."""
    if ending.link:
        return ending.link
    return _("Back to your request") if found is not None and ending.error is not None else ""


def _throttled(error: ThrottledUntil, phone: str) -> Ending:
    if not error.until:
        return Ending(429, _("You cannot sign now"), (_("For your safety signing is locked."), _call(phone)))
    until = moment(datetime.fromisoformat(error.until))
    return Ending(
        429, _("You cannot sign now"), (_("For your safety you can sign again after %(until)s.", until=until),)
    )


def _expired(error: CertificateExpired, phone: str) -> Ending:
    ended = day(datetime.fromisoformat(error.ended_at))
    return Ending(
        403,
        _("Your signature has expired"),
        (_("Your signature expired on %(day)s.", day=ended), _("How to get another: call %(phone)s.", phone=phone)),
    )


def _call(phone: str) -> str:
    return _("You need to identify yourself again: call %(phone)s.", phone=phone)


def _nothing() -> str:
    return _("Nothing was signed.")


def _restart() -> str:
    return _("Start again from the portal that sent you here.")


def _unsendable(error: SmsNotSent, _phone: str) -> Ending:
    again_at = clock(datetime.fromisoformat(error.again_at))
    text = _("The problem is ours. Nothing was signed. Your request is kept; come back after %(time)s.", time=again_at)
    late = _("If an SMS arrives all the same, its code no longer works.")
    return Ending(503, _("We cannot send SMS now"), (text, late), "temporarily_unavailable", numbered=True)


def _unusable(_error: object, phone: str) -> Ending:
    return Ending(403, _("Your signature cannot be used now"), (_call(phone),))


def _renewed(_error: object, _phone: str) -> Ending:
    return Ending(410, _("Your signature was renewed meanwhile"), (_nothing(), _restart()))


def _elsewhere(_error: object, _phone: str) -> Ending:
    text = _("Go on there, or restart from the portal.")
    return Ending(403, _("This page was opened in another browser."), (text,), None)


def _unknown(_error: object, _phone: str) -> Ending:
    return Ending(404, _("This page is no longer valid"), (_restart(),), None)


def _unreadable(_error: object, _phone: str) -> Ending:
    return Ending(400, _("We could not read what you sent"), (_restart(),), None)


_ENDINGS: Final[dict[type, Callable[[Any, str], Ending]]] = {
    SmsNotSent: _unsendable,
    Unavailable: lambda _error, _phone: service_down(),
    SigningStopped: lambda _error, phone: stopped(phone),
    ThrottledUntil: _throttled,
    CertificateExpired: _expired,
    CredentialSuperseded: _renewed,
    CredentialNotUsable: _unusable,
    OtherBrowser: _elsewhere,
    TransactionClosed: lambda _error, _phone: closed(),
    ChallengeClosed: lambda _error, _phone: closed(),
    CodeUnknown: lambda _error, _phone: closed(),
    PageUnknown: _unknown,
    FormForged: _unreadable,
    RepeatedField: _unreadable,
    BodyMalformed: _unreadable,
    BodyTooLarge: _unreadable,
    MediaTypeUnsupported: _unreadable,
}
