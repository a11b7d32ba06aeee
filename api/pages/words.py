"""Translated text, typed. Message ids are English; what a user wrote is only ever an argument (attack Z12)."""

from __future__ import annotations

import flask_babel

from citystyle import words


def _(message: str, **arguments: object) -> str:
    """Return a message in the language of the request."""
    return str(flask_babel.gettext(message, **arguments))


def ngettext(singular: str, plural: str, number: int, **arguments: object) -> str:
    """Return a message that counts, as `%(num)s`, in the language of the request."""
    return words.ngettext(singular, plural, number, **arguments)
