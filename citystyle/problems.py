"""Error pages: what happened in plain words, whose fault it is not, and a number to quote."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, g, make_response, render_template
from werkzeug.exceptions import HTTPException, InternalServerError

from citystyle.words import gettext as _

_log: Final = logging.getLogger(__name__)
_SHOWN: Final = (400, 403, 404, 405, 413, 415, 429, 500, 503)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error page says."""

    heading: str
    text: str


def request_number() -> str:
    """Return this request's number, the same in the page and in the log."""
    if "request_number" not in g:
        g.request_number = uuid.uuid4().hex[:12]
    return str(g.request_number)


def show_problems(app: Flask) -> None:
    """Answer errors with pages in the site's look."""

    def answer(error: HTTPException) -> Response:
        status = error.code or 500
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            _log.error("the failed request is number %s", request_number())  # Flask has logged the exception itself
        response = problem_page(_problem(status), status)
        response.headers.extend(
            {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
        )
        return response

    for status in _SHOWN:
        app.register_error_handler(status, answer)


def problem_page(problem: Problem, status: int) -> Response:
    """Return an error page."""
    page = render_template(
        "citystyle/problem.html",
        heading=problem.heading,
        text=problem.text,
        ours=status >= 500,
        number=request_number(),
    )
    return make_response(page, status)


def _problem(status: int) -> Problem:
    match status:
        case 403:
            return Problem(_("You may not open this page"), _("Sign in with the right account, then try again."))
        case 404:
            return Problem(_("Page not found"), _("Check the address, or go to the first page."))
        case 413:
            return Problem(
                _("The files are too large"), _("What you sent is over the limit. Everything saved before is kept.")
            )
        case 429:
            return Problem(_("Too many tries"), _("Wait a few minutes, then try again."))
        case 500 | 503:
            return Problem(
                _("The page does not work now"), _("The problem is ours. What you saved is kept. Try again later.")
            )
        case _:
            return Problem(
                _("We could not read what you sent"),
                _("Go back, load the page again and repeat the step. What you saved is kept."),
            )
