"""What an app tells `dress()` about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from citystyle.theme import Theme


@dataclass(frozen=True, slots=True)
class Site:
    """An app as its visitors meet it.

    `service` gives the service's name in the language of the request; `owner` is the city or provider, a proper name.
    `public_origin` is the only origin the app answers for, e.g. `https://portal.example`: links, host check and
    cookies come from it, never from a request's headers (attack Z14).
    """

    service: Callable[[], str]
    owner: str
    public_origin: str
    help_phone: str
    cookie: str  # name of the session's cookie, begins with __Host-
    home: str = "/"
    frame: str = "citystyle/base.html"  # what our own pages extend: the app's frame, if it has one over ours
    templates: Path | None = None  # the app's own, found before ours
    translations: tuple[Path, ...] = ()  # folders with <language>/LC_MESSAGES/messages.mo
    languages: tuple[str, ...] = ("ro", "en")  # the first is the default
    timezone: str = "Europe/Bucharest"
    theme: Theme = field(default_factory=Theme)
    test_notice: bool = True  # says on every page that signatures here have no legal effect
