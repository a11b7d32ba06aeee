"""A city's colours are readable, or refused by name (WCAG 2.2 §1.4.3)."""

from __future__ import annotations

from dataclasses import fields

import pytest

from citystyle.theme import Theme, ThemeUnreadable, contrast, style_sheet


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_theme_as_it_comes_is_readable():
    assert "--govuk-brand-colour:#0b4f6c" in style_sheet(Theme())


@pytest.mark.parametrize("name", ["brand", "link", "link_hover", "link_visited", "dark_brand"])
def test_a_colour_too_light_is_refused_by_name(name):
    with pytest.raises(ThemeUnreadable, match=f"^{name}: #ffcc00 on #ffffff has contrast"):
        style_sheet(Theme(**{name: "#ffcc00"}))


@pytest.mark.parametrize("name", ["dark_link", "dark_link_hover", "dark_link_visited"])
def test_a_link_too_dark_for_a_dark_page_is_refused_by_name(name):
    with pytest.raises(ThemeUnreadable, match=f"^{name}: "):
        style_sheet(Theme(**{name: "#202020"}))


@pytest.mark.parametrize("name", [field.name for field in fields(Theme)])
@pytest.mark.parametrize("value", ["red", "#fff", "#0b4f6c;} body{display:none", "#0b4f6c\n", ""])
def test_what_is_no_colour_is_refused(name, value):
    with pytest.raises(ThemeUnreadable):
        style_sheet(Theme(**{name: value}))
