"""Texts in the language of the request: Flask-Babel's functions, with types."""

from __future__ import annotations

from typing import Final

import flask_babel

NBSP: Final = "\N{NO-BREAK SPACE}"


def gettext(message: str, **values: object) -> str:
    """Return a message in the language of this request, with values put in for `%(name)s`."""
    return str(flask_babel.gettext(message, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the plural form of a message that belongs to a number, which stands in it as `%(num)s`.

    The number and what it counts stay on one line.
    """
    text = str(flask_babel.ngettext(one, many, number, **values))
    return text.replace(f"{number} de ", f"{number}{NBSP}de{NBSP}", 1).replace(f"{number} ", f"{number}{NBSP}", 1)
