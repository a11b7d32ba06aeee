"""One call that gives a Flask app our look and manners."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, render_template
from govuk_frontend_wtf.main import WTFormsHelpers
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from whitenoise import WhiteNoise

from citystyle import formats
from citystyle.guards import OneHost, refuse_doubled_cookies
from citystyle.headers import WithHeaders, content_security_policy, security_headers
from citystyle.language import FIELD, language, language_links, speak
from citystyle.problems import request_number, show_problems
from citystyle.site import Site
from citystyle.theme import style_sheet
from citystyle.words import gettext

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
TRANSLATIONS: Final = _HERE / "translations"
_DAY: Final = 24 * 3600


def dress(app: Flask, site: Site) -> None:
    """Give the app templates, static files, form widgets, languages, headers, cookies and error pages.

    The app is made with `static_folder=None`; its pages extend `citystyle/base.html`.

    Raises:
        ThemeUnreadable: the city's colours cannot be read.
    """
    _templates(app, site)
    speak(app, site, [str(TRANSLATIONS), *(str(each) for each in site.translations)])
    _cookies(app, site)
    refuse_doubled_cookies(app, site)
    _pages(app, site)
    show_problems(app)
    _globals(app, site)
    _edge(app, site)


def _templates(app: Flask, site: Site) -> None:
    packages = {name: PackageLoader(name) for name in ("govuk_frontend_jinja", "govuk_frontend_wtf")}
    loaders: list[BaseLoader] = [FileSystemLoader(_HERE / "templates"), PrefixLoader(packages)]
    if site.templates is not None:
        loaders.insert(0, FileSystemLoader(site.templates))
    app.jinja_loader = ChoiceLoader(loaders)
    WTFormsHelpers(app)


def _cookies(app: Flask, site: Site) -> None:
    app.config.update(
        SESSION_COOKIE_NAME=site.cookie,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: an hour would lose what was typed
        PREFERRED_URL_SCHEME=site.public_origin.split(":", 1)[0],
        MAX_FORM_MEMORY_SIZE=200_000,
        MAX_FORM_PARTS=200,
    )


def _pages(app: Flask, site: Site) -> None:
    sheet = style_sheet(site.theme)
    pages = Blueprint("citystyle", __name__)

    @pages.get("/style/theme.css")
    def theme() -> Response:
        return Response(sheet, mimetype="text/css", headers={"Cache-Control": f"public, max-age={_DAY}"})

    @pages.get("/accessibility")
    def accessibility() -> str:
        return render_template("citystyle/accessibility.html")

    app.register_blueprint(pages)
    app.jinja_env.globals["theme_version"] = _version(sheet.encode())


def _globals(app: Flask, site: Site) -> None:
    versions = {path.name: _version(path.read_bytes()) for path in STATIC.iterdir()}

    def static_file(name: str) -> str:
        return f"/static/{name}?v={versions[name]}"

    css = next(path.name for path in STATIC.glob("govuk-frontend-*.min.css"))
    app.jinja_env.globals.update(
        site=site, static_file=static_file, frontend_css=css, language_links=language_links, language_field=FIELD,
        form_errors=form_errors, request_number=request_number, page_language=language,
    )  # fmt: skip
    app.jinja_env.filters.update(moment=formats.moment, day=formats.day, clock=formats.clock, size=formats.size)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def form_errors(form: Any) -> dict[str, Any]:
    """Return the parameters of an error summary for a WTForms form: every error of every field."""
    errors = [{"text": error, "href": f"#{field.id}"} for field in form for error in field.errors]
    return {
        "titleText": gettext("Check the following"),
        "errorList": errors,
        "attributes": {"tabindex": "-1", "autofocus": "autofocus"},  # focus without script too
    }


def _edge(app: Flask, site: Site) -> None:
    files = WhiteNoise(
        app.wsgi_app, root=str(STATIC), prefix="static/", max_age=_DAY, allow_all_origins=False,
        immutable_file_test=r"/govuk-frontend-[0-9.]+\.min\.(css|js)$",
    )  # fmt: skip
    headers = security_headers(content_security_policy(app.jinja_env), https=site.public_origin.startswith("https://"))
    app.wsgi_app = WithHeaders(OneHost(files, site.public_origin), headers)  # type: ignore[method-assign]  # Flask's documented way to add middleware


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]
