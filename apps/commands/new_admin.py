"""What becoming an administrator needs at a terminal: a password typed twice, and a secret shown once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
import pyotp
import segno

from apps.admin_credentials import CredentialsUnusable
from apps.files import too_open
from apps.founding import Founder
from ca.admin_protocol import AdminNameRefused
from ca.admins import SHORTEST_PASSWORD, check_name

if TYPE_CHECKING:
    from ca.admin_protocol import Enrolled


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What accepts an invitation."""

    first_half: str
    second_half: str
    password: str


def read_invitation(path: Path) -> Invitation:
    """Return what a file holds to accept an invitation with.

    Raises:
        CredentialsUnusable: it is missing, malformed, or readable by others.
    """
    try:
        if problem := too_open(path):
            raise CredentialsUnusable(problem)
        return msgspec.json.decode(path.read_bytes(), type=Invitation)
    except (OSError, msgspec.MsgspecError) as error:
        raise CredentialsUnusable(f"{path}: {error}") from error


def ask_password() -> str:
    """Return a password that was typed twice."""
    words = f"New password, at least {SHORTEST_PASSWORD} characters"
    while True:
        password: str = click.prompt(words, hide_input=True, confirmation_prompt="The same again", err=True)
        if len(password) >= SHORTEST_PASSWORD:
            return password
        click.echo("Too short.", err=True)


def show_secret(enrolled: Enrolled, *, check: bool) -> None:
    """Show the secret for the TOTP app, as a picture and as text; with `check`, until the app shows the right code."""
    click.echo("The secret for your TOTP app, shown this once:", err=True)
    picture = io.StringIO()
    segno.make(enrolled.uri, micro=False).terminal(out=picture, compact=True)
    click.echo(f"{picture.getvalue()}{enrolled.uri}\nSecret  {enrolled.secret}", err=True)
    while check:
        code = click.prompt("The code that the app shows now", err=True)
        check = not pyotp.TOTP(enrolled.secret).verify(code.replace(" ", ""), valid_window=1)
        if check:
            click.echo("That is not the code. Is the clock of your phone right?", err=True)


def _ask_name(words: str) -> str:
    while True:
        name: str = click.prompt(words, err=True)
        try:
            check_name(name)
        except AdminNameRefused as error:
            click.echo(f"A name has {error.detail}.", err=True)
        else:
            return name


class AtTerminal:
    """The first two administrators, who sit at the terminal one after the other (an `apps.founding.Founders`)."""

    def choose(self) -> tuple[Founder, Founder]:
        """Ask two people for name and password."""
        click.echo("Two administrators are needed, two people. Each types a name and a password.", err=True)
        first = Founder(_ask_name("First administrator"), ask_password())
        while (name := _ask_name("Second administrator")) == first.name:
            click.echo("Another person.", err=True)
        return first, Founder(name, ask_password())

    def hand_over(self, enrolled: Enrolled, founder: Founder) -> None:
        """Show one of them the secret, and wait until their app has it."""
        click.echo(f"\n{founder.name}:", err=True)
        show_secret(enrolled, check=True)
        click.clear()  # the other one sits down
