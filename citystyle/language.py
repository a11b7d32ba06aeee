"""Which language a page speaks: chosen from a fixed list, by link, remembered in a cookie (attack Z12).

The browser's wish is not asked: a city speaks its own language first. Text of users is only ever an argument of a
message, never a message, so `%` and `{}` in it print as they are.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, get_locale, refresh
from werkzeug.datastructures import MultiDict

from citystyle.site import Site
from citystyle.words import ngettext

COOKIE: Final = "__Host-lang"
FIELD: Final = "_lang"
_YEAR: Final = 365 * 24 * 3600
NAMES: Final = {"ro": "Română", "en": "English"}


def speak(app: Flask, site: Site, directories: list[str]) -> None:
    """Set the app's languages up."""
    app.config.update(
        BABEL_DEFAULT_LOCALE=site.languages[0],
        BABEL_DEFAULT_TIMEZONE=site.timezone,
        BABEL_TRANSLATION_DIRECTORIES=";".join(directories),
    )
    app.extensions["citystyle-languages"] = site.languages
    Babel(app, locale_selector=_selected)
    app.jinja_env.globals["ngettext"] = ngettext
    app.before_request(_choose_by_link)
    app.after_request(_remember)


def language() -> str:
    """Return the language of this request, e.g. `ro`."""
    return str(get_locale())


def prefer(tag: str | None) -> None:
    """Speak the language of an RFC 5646 tag in this request when it is one of ours and the visitor chose none."""
    subtag = (tag or "").split("-")[0].lower()
    if subtag in _languages() and "chosen_language" not in g and request.cookies.get(COOKIE) not in _languages():
        g.preferred_language = subtag
        refresh()


def asked_to_switch() -> bool:
    """Tell whether this POST was a press on a language, in a page that names its form `language_form`.

    The view then shows the same form again, in that language, with what was typed.
    """
    wanted = request.form.get(FIELD)
    if wanted not in _languages():
        return False
    g.chosen_language = wanted
    refresh()
    return True


def language_links() -> list[dict[str, object]]:
    """Return the languages for the switch: tag, own name, whether current, and the address of this page in it."""
    here = language()
    # A page shown in answer to a POST may have no GET of the same arguments; its path always has one (PRG).
    arguments = MultiDict(request.args)
    links: list[dict[str, object]] = []
    for tag in _languages():
        arguments["lang"] = tag
        query = urlencode(list(arguments.items(multi=True)))
        links.append({"tag": tag, "name": NAMES[tag], "current": tag == here, "href": f"?{query}"})
    return links


def _languages() -> tuple[str, ...]:
    languages: tuple[str, ...] = current_app.extensions["citystyle-languages"]
    return languages


def _selected() -> str:
    for tag in (g.get("chosen_language"), request.cookies.get(COOKIE), g.get("preferred_language")):
        if tag in _languages():
            return str(tag)
    return _languages()[0]


def _choose_by_link() -> None:
    if (tag := request.args.get("lang")) in _languages():
        g.chosen_language = tag


def _remember(response: Response) -> Response:
    if tag := g.get("chosen_language"):
        response.set_cookie(COOKIE, tag, max_age=_YEAR, path="/", secure=True, httponly=True, samesite="Lax")
    return response
