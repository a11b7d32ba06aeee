"""How the commands reach the authority, and in whose name: an administrator who signs in, or the operator who does not.

The session lives in the memory of one command. Password and code are typed at prompts, or read from a file that an
option or the environment names; they are never words of a command line, which every process of the machine can read.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from apps import admin_credentials
from apps.admin_credentials import CodeMaker, Credentials
from ca.admin_protocol import ByAdmin, ByOperator, NotSignedIn, SignIn
from ca.client import CaAdmin, CaClient, CaControl
from ca.protocol import CA, CA_ADMIN
from channel.client import Channel
from core.clock import SystemClock
from ra.revocation import StatusRequests
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN

if TYPE_CHECKING:
    from apps.installation import Installation
    from core.config import Settings

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Admin:
    """Whom the command line names as the administrator."""

    name: str | None
    file: Path | None


def signing_in(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options by which an administrator signs in, as its argument `admin`."""

    @click.option("--as", "admin_name", envvar="PARAPH_ADMIN", metavar="NAME", help="Who you are, as an administrator.")
    @click.option(
        "--credentials",
        envvar="PARAPH_CREDENTIALS",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File (JSON, mode 0600) with name, password and code, in place of prompts.",
    )
    @wraps(command)
    def with_admin(*arguments: Any, admin_name: str | None, credentials: Path | None, **more: Any) -> R:
        return command(*arguments, admin=Admin(admin_name, credentials), **more)

    return with_admin


class Authority:
    """The authority's sockets, for one command."""

    def __init__(self, installation: Installation) -> None:
        settings = installation.settings()
        self._settings = settings
        self._caller = Channel(CA_ADMIN, settings.socket("ca-admin"))
        self.record = CaClient(Channel(CA, settings.socket("ca")))
        self.control = CaControl(self._caller)
        self.operator = CaAdmin(self._caller, ByOperator(getpass.getuser()))

    def session(self, admin: Admin) -> str:
        """Return a session of the administrator that the command line names.

        Raises:
            SignInRefused, AdminLocked: there is none.
            NotSignedIn: nobody answers.
            CredentialsUnusable: the file with password and code cannot be used.
        """
        asked = sign_in_of(self._settings, admin)
        return self.control.sign_in(asked.name, asked.password, asked.code).session

    def signed_in(self, admin: Admin) -> CaAdmin:
        """Return the authority as an administrator holds it.

        Raises:
            DomainError: as `session`.
        """
        return CaAdmin(self._caller, ByAdmin(self.session(admin)))

    def status_requests(self, authority: CaAdmin) -> StatusRequests:
        """Return what changes the status of certificates and of their credentials, in the name of who holds `authority`."""
        return StatusRequests(self.sam(), authority)

    def sam(self) -> SamAdmin:
        """Return the SAM's operator's socket."""
        return SamAdmin(Channel(ADMIN, self._settings.socket("sam-admin")))


def sign_in_of(settings: Settings, admin: Admin) -> SignIn:
    """Return what signs an administrator in: typed at prompts, or from a file.

    Raises:
        NotSignedIn: nobody answers the prompts.
        CredentialsUnusable: the file with password and code cannot be used.
    """
    path = _file(settings, admin)
    found = admin_credentials.read(path, admin.name) if path else _asked(admin.name)
    code = found.code
    if path and not code:
        code = CodeMaker(path.with_suffix(".step"), SystemClock(), _wait).next_code(found.totp_secret)
    return SignIn(found.name, found.password, code)


def _file(settings: Settings, admin: Admin) -> Path | None:
    if admin.file is not None or admin.name is None:
        return admin.file
    path = admin_credentials.development_file(settings, admin.name)
    return path if path.exists() else None


def _asked(name: str | None) -> Credentials:
    try:
        name = name or click.prompt("Administrator", err=True)
        password = click.prompt(f"Password of {name}", hide_input=True, err=True)
        return Credentials(name, password, code=click.prompt("Code of the TOTP app", err=True))
    except click.Abort:  # nobody answers
        click.echo(err=True)
        raise NotSignedIn("answer the questions, or name a file with --credentials") from None


def _wait(seconds: float) -> None:
    click.echo(f"Waiting {seconds:.0f} seconds for the next code", err=True)
    time.sleep(seconds)
