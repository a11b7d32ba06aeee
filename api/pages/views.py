"""The authorization pages: start, code, and the ways they end. A GET never sends an SMS and never changes anything.

A press leads by 303 to a GET; what leaves for the portal is a 200 page of our own that goes on by itself, because a
redirect after a form would be blocked by our own content policy (pages.md §2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from api.forms import Form, read_form, read_query
from api.oauth.authorizations import Authorization
from api.pages import endings, sendings
from api.pages.browser import Browsers
from api.pages.codes import CodeLength, CodeMissing, read_code
from api.pages.endings import Ending
from api.pages.flow import Flow, Language
from api.pages.labels import item
from api.pages.words import _, ngettext
from api.requests import request_number
from citystyle.language import language, prefer
from citystyle.leaving import leave_for
from core.clock import Clock
from core.errors import DomainError, Unavailable
from core.factors import (
    ChallengeClosed,
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    ResendExhausted,
    ResendTooEarly,
    SmsNotSent,
)
from signer.sam.errors import TransactionClosed
from signer.sam.protocol import TransactionView

LIMIT: Final = 5_000  # bytes of a form


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page: whose authorization, which browser, what was typed."""

    found: Authorization
    cookie: str
    form: Form


class Pages:
    """The pages' answers."""

    def __init__(self, flow: Flow, browsers: Browsers, now: Clock, phone: str) -> None:
        self._flow = flow
        self._browsers = browsers
        self._clock = now
        self._phone = phone

    # -- before the transaction ---------------------------------------------------------------------------------------

    def start(self) -> Response:
        """Show what is asked; a link scanner may come here first and changes nothing."""
        visit = self._arrive()
        if visit.found.state != "pushed":
            self._flow.own(visit.found.handle, self._browsers.mac(visit.cookie))
            return _see(visit.found.handle)
        return self._start_page(visit)

    def begin(self) -> Response:
        """Open the transaction, or leave."""
        visit = self._arrive(with_form=True)
        mac = self._browsers.mac(visit.cookie)
        self._browsers.check_form(request, visit.form, visit.cookie, visit.found.handle)
        if visit.found.state != "pushed":  # a second press
            self._flow.own(visit.found.handle, mac)
        elif visit.form.get("action") == "cancel":
            return _leave_cancelled(self._flow.cancel(visit.found, mac), visit.found)
        else:
            self._flow.start(visit.found, mac, _language())
        return _see(visit.found.handle)

    def _arrive(self, *, with_form: bool = False) -> Visit:
        query = read_query(request)
        found = g.authorization = self._flow.pushed(query.get("client_id"), query.get("request_uri"))
        prefer(found.asked.language)
        return Visit(found, self._browsers.cookie(request), read_form(request, LIMIT) if with_form else {})

    def _start_page(self, visit: Visit) -> Response:
        found = visit.found
        digests = found.asked.signature_request.digests
        page = render_template(
            "authorize/start.html",
            client_name=found.asked.client_name,
            items=[item(digest.label, digest.type) for digest in digests],
            signed_by_portal=found.asked.request_object is not None,
            key=self._browsers.form_key(visit.cookie, found.handle),
        )
        return self._browsers.keep(make_response(page), visit.cookie)

    # -- within the transaction ---------------------------------------------------------------------------------------

    def show(self, handle: str) -> Response:
        """Show how the authorization stands: the code page while it is open, otherwise how it ended."""
        visit = self._enter(handle)
        return self._standing(visit) or self._code_page(visit, self._flow.show(visit.found))

    def press(self, handle: str) -> Response:
        """Take what was pressed: authorise, resend, cancel."""
        visit = self._enter(handle, with_form=True)
        self._browsers.check_form(request, visit.form, visit.cookie, handle)
        standing = self._standing(visit)
        if standing is not None:
            return standing
        match visit.form.get("action"):
            case "cancel":
                return _leave_cancelled(self._flow.cancel(visit.found, self._browsers.mac(visit.cookie)), visit.found)
            case "resend":
                return self._resend(visit)
        return self._authorise(visit)

    def _enter(self, handle: str, *, with_form: bool = False) -> Visit:
        cookie = self._browsers.cookie(request)
        found = g.authorization = self._flow.own(handle, self._browsers.mac(cookie))
        prefer(found.asked.language)
        return Visit(found, cookie, read_form(request, LIMIT) if with_form else {})

    def _standing(self, visit: Visit) -> Response | None:
        """Return the page of an authorization that is not open; None while it is."""
        match visit.found.state:
            case "open":
                return None
            case "pushed" | "opening":
                return make_response(render_template("authorize/wait.html"))
            case "coded":
                return _leave_done(self._flow.back_with_code(visit.found, visit.cookie), visit.found)
            case "redeemed":
                return self._end(visit.found, endings.used())
        return self._end(visit.found, endings.cancelled())

    def _authorise(self, visit: Visit) -> Response:
        try:
            code = read_code(visit.form.get("code", ""))
            return _leave_done(self._flow.submit(visit.found, code, visit.cookie), visit.found)
        except (CodeMissing, CodeLength, CodeMalformed, CodeWrong) as error:
            return self._code_page(visit, self._flow.show(visit.found), _words(error))
        except CodeExpired:
            return self._new_code(visit)
        except (TransactionClosed, ChallengeClosed):
            return self._second_press(visit)
        except Unavailable:
            return self._end(visit.found, endings.unsure())

    def _new_code(self, visit: Visit) -> Response:
        expired_at = self._flow.show(visit.found).code_expires_at
        try:
            view = self._flow.resend(visit.found)
        except SmsNotSent:
            return self._not_sent(visit)
        return self._code_page(visit, view, sendings.expired(expired_at))

    def _second_press(self, visit: Visit) -> Response:
        """Answer the slower of two presses with what the faster one achieved."""
        now = self._flow.own(visit.found.handle, self._browsers.mac(visit.cookie))
        standing = self._standing(Visit(now, visit.cookie, visit.form))
        if standing is not None:
            return standing
        if self._flow.show(now).state == "authorised":  # the faster press is about to store its code
            return make_response(render_template("authorize/wait.html"))
        return self._end(now, endings.closed())

    def _resend(self, visit: Visit) -> Response:
        before = self._flow.show(visit.found)
        try:
            view = self._flow.resend(visit.found)
        except ResendTooEarly as error:
            return self._code_page(visit, before, sendings.too_early(error.after), field=False)
        except ResendExhausted:
            return self._code_page(visit, before, sendings.exhausted(before), field=False)
        except SmsNotSent:
            return self._not_sent(visit)
        what = sendings.AGAIN if view.code_number == before.code_number else sendings.RENEWED
        return _see(visit.found.handle, f"?{what}={int(self._clock.now().timestamp())}")

    def _not_sent(self, visit: Visit) -> Response:
        view = self._flow.show(visit.found)
        told = sendings.not_sent(view, self._clock.now())
        return self._code_page(visit, view, told, field=False, status=503)

    def _code_page(
        self, visit: Visit, view: TransactionView, problem: str = "", *, field: bool = True, status: int = 422
    ) -> Response:
        ended = self._ended(view)
        if ended is not None:
            return self._end(visit.found, ended)
        now = self._clock.now()
        page = render_template(
            "authorize/code.html",
            view=view,
            items=[item(label, kind) for label, kind in zip(view.labels, view.types, strict=True)],
            key=self._browsers.form_key(visit.cookie, visit.found.handle),
            problem=problem,
            at_field=field,
            is_over=sendings.is_over(view, now),
            notice=sendings.notice(request.args.get(sendings.AGAIN, ""), request.args.get(sendings.RENEWED, ""), now),
        )
        return self._browsers.keep(make_response(page, status if problem else 200), visit.cookie)

    def _ended(self, view: TransactionView) -> Ending | None:
        match view.state:
            case "open":
                return None
            case "stopped":
                return endings.stopped(self._phone)
            case "cancelled":
                return endings.cancelled()
        return endings.closed()

    # -- ends ---------------------------------------------------------------------------------------------------------

    def failed(self, error: DomainError) -> Response:
        """Tell a person of an error that no view took."""
        return self._end(g.get("authorization"), endings.ending_of(error, self._phone))

    def _end(self, found: Authorization | None, ending: Ending) -> Response:
        back = ""
        if found is not None and ending.error is not None:
            back = self._flow.back_with_error(found, ending.error)
        elif found is not None and ending.link:
            back = _origin(found.asked.redirect_uri)
        page = render_template(
            "authorize/ended.html",
            ending=ending,
            way_back=back,
            link=endings.back_link(found, ending),
            number=request_number() if ending.numbered else "",
        )
        response = make_response(page, ending.status)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def routes(pages: Pages) -> Blueprint:
    """Return the pages' addresses."""
    blueprint = Blueprint("authorize", __name__)

    def add(rule: str, name: str, view: Callable[..., Response | str], method: str) -> None:
        blueprint.add_url_rule(rule, name, view, methods=[method])

    add("/oauth2/authorize", "start", pages.start, "GET")
    add("/oauth2/authorize", "begin", pages.begin, "POST")
    add("/oauth2/authorize/<handle>", "show", pages.show, "GET")
    add("/oauth2/authorize/<handle>", "press", pages.press, "POST")
    add("/", "home", lambda: render_template("authorize/home.html"), "GET")
    return blueprint


def _words(error: DomainError) -> str:
    match error:
        case CodeMissing():
            return _("Enter the eight-digit code.")
        case CodeLength():
            return _("The code has eight digits; you typed %(typed)s.", typed=error.typed)
        case CodeWrong():
            return ngettext(
                "The code is not correct. You have one try left.",
                "The code is not correct. You have %(num)s tries left.",
                error.tries_left,
            )
    return _("Enter the eight-digit code.")


def _language() -> Language:
    return "en" if language() == "en" else "ro"


def _see(handle: str, query: str = "") -> Response:
    response = redirect(url_for("authorize.show", handle=handle) + query, 303)
    assert isinstance(response, Response)  # for the type checker: Flask's redirect returns the app's own class
    return response


def _leave_done(url: str, found: Authorization) -> Response:
    link = _("Continue to %(city)s", city=found.asked.client_name)
    return leave_for(url, heading=_("The documents are signed."), link=link)


def _leave_cancelled(url: str, found: Authorization) -> Response:
    text = _("Nothing was signed. The code in the SMS no longer works.")
    link = _("Continue to %(city)s", city=found.asked.client_name)
    return leave_for(url, heading=_("You cancelled."), text=text, link=link)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
