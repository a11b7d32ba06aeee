"""Who is at the browser, found out before anything of the request's body is read."""

from __future__ import annotations

from typing import Final, cast
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from citystyle.language import language
from citystyle.words import gettext as _
from portal.accounts import Account, Accounts
from portal.entropy import Entropy, new_id
from portal.journey.parts import Visitor
from portal.sessions import PortalSession

_OPEN: Final = {None, "front.index", "front.health", "signing_in.show", "signing_in.sign_in"}
_OPEN_BLUEPRINTS: Final = {"citystyle"}


def guard(app: Flask, accounts: Accounts) -> None:
    """Send whoever has not signed in to the page for it, and note who has."""

    @app.before_request
    def find_visitor() -> ResponseReturnValue | None:
        account = accounts.get(session["account"]) if "account" in session else None
        if account is not None:
            g.visitor = Visitor(account, session["login"], language())
        elif request.endpoint not in _OPEN and request.blueprint not in _OPEN_BLUEPRINTS:
            return to_sign_in()
        return None


def visitor() -> Visitor:
    """Return who is at the browser.

    Raises:
        Unauthorized: nobody that signed in.
    """
    found = g.get("visitor")
    if not isinstance(found, Visitor):
        abort(401)
    return found


def is_signed_in() -> bool:
    """Tell whether somebody is."""
    return "visitor" in g


def to_sign_in() -> Response:
    """Lead to the sign-in page and back to where the visitor wanted to be."""
    if request.cookies.get(current_app.config["SESSION_COOKIE_NAME"]):
        flash(_("We signed you out for safety. Your draft is saved."), "notice")
    return redirect(url_for("signing_in.show", next=_wanted()), 303)


def begin_session(account: Account, entropy: Entropy) -> None:
    """Sign an account in: a fresh session with a new id and a name of its own for this sign-in."""
    end_session()
    session["account"] = account.id
    session["login"] = new_id(entropy, "login")


def end_session() -> None:
    """Forget everything of this session, and give what follows a new id."""
    session.clear()
    cast("PortalSession", session).renew()


def safe_path(path: str) -> str:
    """Return a path on this site to go on to; the first page when it is none."""
    parts = urlsplit(path)
    here = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if here and not parts.scheme and not parts.netloc and path.isprintable() else "/"


def _wanted() -> str | None:
    if request.endpoint == "coming_back.take":
        return None  # its query holds a code, which belongs in no other address
    if request.method == "GET":
        return request.full_path.rstrip("?")
    filing = (request.view_args or {}).get("filing")
    return url_for("filing.show", filing=filing) if filing else None
