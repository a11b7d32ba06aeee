"""The pages on which a signatory revokes their own certificate: who they are, the code, and the ends.

No portal leads here and none is told: there is no authorization behind these pages. What a person typed is checked for
its form alone and is in no address; the pages are the same whether it fits anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from api.forms import Form, read_form
from api.pages.browser import Browsers
from api.pages.codes import CodeLength, CodeMissing, read_code
from api.pages.own_data import PersonalNumberUnreadable, PhoneUnreadable, read_personal_number, read_phone
from api.pages.words import _, ngettext
from api.requests import request_number
from citystyle.language import language
from core import addresses
from core.errors import DomainError, Unavailable
from core.factors import (
    ChallengeClosed,
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    SigningStopped,
    SmsNotSent,
    ThrottledUntil,
)
from signer.own_revocation import OwnRevocationService

LIMIT: Final = 2_000  # bytes of a form
_EXAMPLE: Final = "0722\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}111"
_FIRST: Final = "revocation"  # what the first page's form key is for; later pages have their request's
Problems = dict[str, str]  # field → what is wrong with it


class RevocationPages:
    """The pages' answers. `phone`: whom to call."""

    def __init__(self, service: OwnRevocationService, browsers: Browsers, phone: str) -> None:
        self._service = service
        self._browsers = browsers
        self._phone = phone

    def start(self) -> Response:
        """Show what a revocation is, and ask who it is."""
        return self._start_page(self._browsers.cookie(request), {}, {})

    def begin(self) -> Response:
        """Have the code sent, if what was typed fits somebody."""
        cookie, form = self._sent(_FIRST)
        typed, problems = _read(form)
        if problems:
            return self._start_page(cookie, form, problems)
        try:
            begun = self._service.begin(typed["national_id"], typed["phone"], "en" if language() == "en" else "ro")
        except SmsNotSent:
            return self._end(503, _("We cannot send SMS now"), self._call(), numbered=True)
        return _see(begun.request)

    def show(self, handle: str) -> Response:
        """Ask for the code."""
        return self._code_page(self._browsers.cookie(request), handle)

    def press(self, handle: str) -> Response:
        """Revoke, or leave everything as it is."""
        cookie, form = self._sent(handle)
        if form.get("action") == "cancel":
            return self._end(200, _("You cancelled."), _("Your certificate was not revoked."))
        try:
            told = self._service.confirm(handle, read_code(form.get("code", "")))
        except (CodeMissing, CodeLength, CodeMalformed, CodeWrong) as error:
            return self._code_page(cookie, handle, {"code": _words(error)})
        except (CodeExpired, SigningStopped, ChallengeClosed, ThrottledUntil) as error:
            return self._stopped(error)
        except Unavailable:
            return self._end(
                503, _("We do not know yet whether your certificate is revoked."), self._call(), numbered=True
            )
        return self._done(told=told)

    def _sent(self, page: str) -> tuple[str, Form]:
        cookie, form = self._browsers.cookie(request), read_form(request, LIMIT)
        self._browsers.check_form(request, form, cookie, page)
        return cookie, form

    def _start_page(self, cookie: str, form: Form, problems: Problems) -> Response:
        page = render_template(
            "revocation/start.html",
            typed=form,
            example=_EXAMPLE,
            problems=problems,
            key=self._browsers.form_key(cookie, _FIRST),
            help_phone=self._phone,
        )
        return self._browsers.keep(make_response(page, 422 if problems else 200), cookie)

    def _code_page(self, cookie: str, handle: str, problems: Problems | None = None) -> Response:
        page = render_template(
            "revocation/code.html",
            problems=problems or {},
            key=self._browsers.form_key(cookie, handle),
            help_phone=self._phone,
        )
        return self._browsers.keep(make_response(page, 422 if problems else 200), cookie)

    def _stopped(self, error: DomainError) -> Response:
        match error:
            case CodeExpired():
                return self._end(410, _("The code has expired"), _("Your certificate was not revoked."), again=True)
            case SigningStopped():
                wrong = _("The code was wrong three times. Your certificate was not revoked.")
                return self._end(403, _("The request has stopped."), wrong, again=True)
            case ThrottledUntil():
                return self._end(429, _("You cannot do this here now"), self._call())
        return self._end(410, _("This page is no longer valid"), again=True)

    def _done(self, *, told: bool) -> Response:
        world = _("Whoever checks it learns so from now on.") if told else _("Whoever checks it will learn so soon.")
        key = _("The key is destroyed: nothing can be signed with it any more.")
        another = _("For another certificate you need to identify yourself again: call %(phone)s.", phone=self._phone)
        return self._end(200, _("Your certificate is revoked."), key, world, another)

    def _end(
        self, status: int, heading: str, *paragraphs: str, again: bool = False, numbered: bool = False
    ) -> Response:
        number = request_number() if numbered else ""
        page = render_template(
            "revocation/ended.html", heading=heading, paragraphs=paragraphs, again=again, number=number
        )
        return make_response(page, status)

    def _call(self) -> str:
        return _("To have your certificate revoked, call %(phone)s.", phone=self._phone)


def routes(pages: RevocationPages) -> Blueprint:
    """Return the pages' addresses."""
    blueprint = Blueprint("revocation", __name__)

    def add(rule: str, name: str, view: Callable[..., Response], method: str) -> None:
        blueprint.add_url_rule(rule, name, view, methods=[method])

    first, second = addresses.OWN_REVOCATION, f"{addresses.OWN_REVOCATION}/<handle>"
    add(first, "start", pages.start, "GET")
    add(first, "begin", pages.begin, "POST")
    add(second, "show", pages.show, "GET")
    add(second, "press", pages.press, "POST")
    return blueprint


def _read(form: Form) -> tuple[dict[str, str], Problems]:
    """Return what was typed in its one form, and what is wrong with the rest."""
    typed: dict[str, str] = {}
    problems: Problems = {}
    try:
        typed["national_id"] = read_personal_number(form.get("national_id", ""))
    except PersonalNumberUnreadable:
        problems["national_id"] = _("Enter the thirteen digits of your personal number.")
    try:
        typed["phone"] = read_phone(form.get("phone", ""))
    except PhoneUnreadable:
        problems["phone"] = _("Enter a telephone number, for example %(number)s.", number=_EXAMPLE)
    return typed, problems


def _words(error: DomainError) -> str:
    match error:
        case CodeLength():
            return _("The code has eight digits; you typed %(typed)s.", typed=error.typed)
        case CodeWrong():
            return ngettext(
                "The code is not correct. You have one try left.",
                "The code is not correct. You have %(num)s tries left.",
                error.tries_left,
            )
    return _("Enter the eight-digit code.")


def _see(handle: str) -> Response:
    response = redirect(url_for("revocation.show", handle=handle), 303)
    assert isinstance(response, Response)  # for the type checker: Flask's redirect returns the app's own class
    return response
