"""A city's colours as one small style sheet, refused when they cannot be read (WCAG 2.2 §1.4.3).

Buttons stay green in every city: one meaning everywhere. Colours are `#rrggbb`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_WHITE: Final = "#ffffff"
_DARK_PAGE: Final = "#14191f"
_READABLE: Final = 4.5  # WCAG 2.2 §1.4.3, level AA


class ThemeUnreadable(Exception):
    """A colour pair of a city's theme has too little contrast, or a colour is not `#rrggbb`; the text says which."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A city's colours, for light and for dark screens."""

    brand: str = "#0b4f6c"
    link: str = "#0b4f6c"
    link_hover: str = "#062f41"
    link_visited: str = "#54319f"
    surface: str = "#f2f6f8"
    dark_brand: str = "#0b4f6c"
    dark_link: str = "#8cc8e8"
    dark_link_hover: str = "#c4e4f5"
    dark_link_visited: str = "#c9b3f2"
    dark_surface: str = "#1f272f"


def style_sheet(theme: Theme) -> str:
    """Return the theme's style sheet.

    Raises:
        ThemeUnreadable: a pair has a contrast under 4.5:1.
    """
    _check(theme)
    light = _variables(theme.brand, theme.link, theme.link_hover, theme.link_visited, theme.surface)
    dark = _variables(
        theme.dark_brand, theme.dark_link, theme.dark_link_hover, theme.dark_link_visited, theme.dark_surface
    )
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _variables(brand: str, link: str, hover: str, visited: str, surface: str) -> str:
    return (
        f"--govuk-brand-colour:{brand};--govuk-link-colour:{link};--govuk-link-hover-colour:{hover};"
        f"--govuk-link-active-colour:{hover};--govuk-link-visited-colour:{visited};"
        f"--govuk-template-background-colour:{surface};--govuk-surface-background-colour:{surface}"
    )


def _check(theme: Theme) -> None:
    pairs = [("brand", theme.brand, _WHITE), ("dark_brand", theme.dark_brand, _WHITE)]
    for name in ("link", "link_hover", "link_visited"):
        colour, dark = getattr(theme, name), getattr(theme, f"dark_{name}")
        pairs += [(name, colour, _WHITE), (name, colour, theme.surface)]
        pairs += [(f"dark_{name}", dark, _DARK_PAGE), (f"dark_{name}", dark, theme.dark_surface)]
    for name, colour, against in pairs:
        for each in (colour, against):
            if not _HEX.fullmatch(each):
                raise ThemeUnreadable(f"{name}: {each!r} is not a colour written #rrggbb")
        if (ratio := contrast(colour, against)) < _READABLE:
            raise ThemeUnreadable(f"{name}: {colour} on {against} has contrast {ratio:.2f}:1; {_READABLE}:1 is needed")


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
