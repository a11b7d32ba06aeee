"""Translated text, typed. Message ids are English; what a user wrote is only ever an argument (attack Z12)."""

from __future__ import annotations

from flask_babel import gettext, ngettext


def _(message: str, **arguments: object) -> str:
    """Return a message in the language of the request."""
    return str(gettext(message, **arguments))


def plural(singular: str, plural_form: str, count: int, **arguments: object) -> str:
    """Return a message that counts, as `%(num)s`, in the language of the request."""
    return str(ngettext(singular, plural_form, count, **arguments))
