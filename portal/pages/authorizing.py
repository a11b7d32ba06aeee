"""To the signing service and back.

The way out is a page of our own that goes on by itself: a redirect in answer to a form would be blocked by our own
`form-action 'self'`, in silence.
"""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from citystyle.leaving import leave_for
from citystyle.words import gettext as _
from portal.journey.collecting import Collecting
from portal.journey.leaving import Leaving, NothingToSign, TooManyForCredential
from portal.journey.returning import Returning
from portal.pages.guard import visitor
from portal.settings import RETURN_PATH
from portal.texts import leave_text


def authorizing(leaving: Leaving, collecting: Collecting) -> Blueprint:
    """Return the routes that lead away, and those that help when the way back was lost."""
    pages = Blueprint("authorizing", __name__, url_prefix="/filings/<filing>")

    @pages.post("/authorize")
    def authorize(filing: str) -> ResponseReturnValue:
        try:
            leaving.leave(visitor(), filing)
        except (NothingToSign, TooManyForCredential) as error:
            flash(leave_text(error), "notice")
            return redirect(url_for("filing.show", filing=filing), 303)
        return redirect(url_for("authorizing.leave", filing=filing), 303)

    @pages.get("/leaving")
    def leave(filing: str) -> ResponseReturnValue:
        address = leaving.address(visitor(), filing)
        if address is None:
            return redirect(url_for("filing.show", filing=filing), 303)
        return leave_for(
            address,
            heading=_("You go on to the signing service"),
            link=_("Continue to the signing service"),
            text=_("There you see again what you sign, and type the code from the SMS. Then you come back here."),
        )

    @pages.post("/call-back")
    def call_back(filing: str) -> ResponseReturnValue:
        leaving.call_back(visitor(), filing)
        return redirect(url_for("filing.show", filing=filing), 303)

    @pages.post("/again")
    def again(filing: str) -> ResponseReturnValue:
        leaving.begin_again(visitor(), filing)
        return redirect(url_for("filing.show", filing=filing), 303)

    @pages.post("/collect")
    def collect(filing: str) -> ResponseReturnValue:
        collecting.collect(filing, visitor().account.id)
        return redirect(url_for("filing.show", filing=filing), 303)

    return pages


def coming_back(returning: Returning, collecting: Collecting) -> Blueprint:
    """Return the route that the service sends the browser to."""
    pages = Blueprint("coming_back", __name__)

    @pages.get(RETURN_PATH)
    def take() -> Response:
        filing = returning.take(visitor(), request.args)
        collecting.collect(filing, visitor().account.id)
        # 303, so that the address with the code is neither in the history nor in a referrer (attack Z15).
        return Response(status=303, headers={"Location": url_for("filing.show", filing=filing)})

    return pages
