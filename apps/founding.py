"""The first two administrators of an installation: asked for on the terminal, or made up where it is for development.

A development installation, which nobody else can reach, gets two administrators with random passwords and TOTP secrets,
in files for their owner's eyes alone. Everywhere else two people choose their own: no default is a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from apps.admin_credentials import FOLDER, Credentials, development_file
from apps.files import make_folder, write_secret
from core.config import is_loopback
from core.entropy import SystemEntropy, new_token
from core.errors import DomainError

if TYPE_CHECKING:
    from ca.admin_protocol import Enrolled
    from core.config import Settings

DEVELOPMENT: Final = ("elena", "mihai")


class FoundersMissing(DomainError):
    """An installation that others can reach needs two administrators who choose their own passwords."""


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the first two administrators."""

    name: str
    password: str = field(repr=False)


class Founders(Protocol):
    """Who founds an installation."""

    def choose(self) -> tuple[Founder, Founder]:
        """Return two people, before anything is made."""
        ...

    def hand_over(self, enrolled: Enrolled, founder: Founder) -> None:
        """Give one of them the secret for their TOTP app, which is shown this once."""
        ...


def founders_of(settings: Settings, at_terminal: Founders | None) -> Founders:
    """Return who founds this installation.

    Raises:
        FoundersMissing: others can reach it, and nobody sits at a terminal.
    """
    if is_loopback(settings.service.public_origin):
        return DevelopmentFounders(settings)
    if at_terminal is None:
        raise FoundersMissing("run `paraph init` at a terminal: it asks for two administrators")
    return at_terminal


class DevelopmentFounders:
    """Two administrators made up, their credentials in files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def choose(self) -> tuple[Founder, Founder]:
        """Return two people with random passwords."""
        first, second = (Founder(name, new_token(SystemEntropy())) for name in DEVELOPMENT)
        return first, second

    def hand_over(self, enrolled: Enrolled, founder: Founder) -> None:
        """Write the credentials of one of them."""
        make_folder(self._settings.state_dir / FOLDER)
        kept = Credentials(founder.name, founder.password, totp_secret=enrolled.secret)
        write_secret(development_file(self._settings, founder.name), msgspec.json.encode(kept))
