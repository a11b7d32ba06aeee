"""Texts in both languages: catalogues, plurals, dates and sizes (pages §2.9, §2.10)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from citystyle import formats
from citystyle.dress import dress
from citystyle.site import Site
from citystyle.words import gettext, ngettext
from tests.support.catalogues import ROOT, check_catalogue

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def app():
    made = Flask("texts", static_folder=None)
    translations = (ROOT / "portal" / "translations",)
    dress(made, Site(lambda: "S", "O", "http://localhost:1", "021", "__Host-x", translations=translations))
    return made


@pytest.mark.parametrize("package", ["citystyle", "portal"])
def test_every_text_is_translated_and_compiled(package):
    check_catalogue(package)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 documente"),
        (1, "1 document"),
        (2, "2 documente"),
        (19, "19 documente"),
        (20, "20 de documente"),
        (101, "101 documente"),
        (120, "120 de documente"),
    ],
)
def test_romanian_has_three_plural_forms(app, number, text):
    with app.test_request_context(base_url="http://localhost:1"), force_locale("ro"):
        assert ngettext("%(num)s document", "%(num)s documents", number) == text.replace(" ", NBSP)
        template = "{{ ngettext('%(num)s document', '%(num)s documents', number) }}"
        assert render_template_string(template, number=number) == text.replace(" ", NBSP)


@pytest.mark.parametrize(("number", "text"), [(1, "1_document"), (20, "20_documents")])
def test_a_number_and_its_noun_stay_on_one_line_in_english_too(app, number, text):
    with app.test_request_context(base_url="http://localhost:1"), force_locale("en"):
        assert ngettext("%(num)s document", "%(num)s documents", number) == text.replace("_", NBSP)


@pytest.mark.parametrize(
    ("language", "moment", "day"),
    [
        ("ro", "marți, 24 noiembrie 2026, ora 10:30", "24 noiembrie 2026"),
        ("en", "Tuesday, 24 November 2026, 10:30", "24 November 2026"),
    ],
)
def test_an_instant_is_written_as_people_write_it_in_bucharest(app, language, moment, day):
    instant = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    with app.test_request_context(base_url="http://localhost:1"), force_locale(language):
        assert formats.moment(instant) == moment
        assert formats.day(instant) == day
        assert formats.clock(instant) == "10:30"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "1_kB"),
        (1, "1_kB"),
        (120_000, "120_kB"),
        (1_400_000, "1,4_MB"),
        (34_000_000, "34_MB"),
        (50_000_000, "50_MB"),
    ],
)
def test_a_size_is_written_in_decimal_units(app, size, text):
    with app.test_request_context(base_url="http://localhost:1"), force_locale("ro"):
        assert formats.size(size) == text.replace("_", NBSP)


def test_text_of_users_is_only_an_argument(app):
    hostile = "%(name)s {0.__class__} %s"
    with app.test_request_context(base_url="http://localhost:1"), force_locale("ro"):
        assert gettext("“%(file)s” is empty.", file=hostile) == f"„{hostile}” este gol."
