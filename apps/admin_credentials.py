"""Where an administrator's password and code come from when nobody types them: a file for its owner's eyes alone.

A file is JSON: `name`, `password`, and either `code`, the present one, or `totp_secret`, from which codes are made. Who
keeps a TOTP secret beside the password has one factor, not two: that is for development and tests, where `paraph init`
writes such files into the state folder.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import pyotp

from apps.files import SECRET_MODE, too_open
from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.clock import Clock
    from core.config import Settings

FOLDER: Final = "admins"  # of the state folder; there in a development installation only
STEP_SECONDS: Final = 30
_WINDOW: Final = 1  # steps before and after the present one that the zone accepts


class CredentialsUnusable(DomainError):
    """A file with an administrator's credentials that is missing, malformed, or readable by others."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds."""

    name: str
    password: str
    code: str = ""
    totp_secret: str = ""

    def __repr__(self) -> str:
        """Say whose they are, and no more."""
        return f"Credentials({self.name!r})"


def development_file(settings: Settings, name: str) -> Path:
    """Return where a development installation keeps the credentials of an administrator."""
    return settings.state_dir / FOLDER / f"{name}.json"


def read(path: Path, name: str | None = None) -> Credentials:
    """Return the credentials in a file, which are those of `name` where one is given.

    Raises:
        CredentialsUnusable: there are none that can be used.
    """
    try:
        if problem := too_open(path):
            raise CredentialsUnusable(problem)
        found = msgspec.json.decode(path.read_bytes(), type=Credentials)
    except (OSError, msgspec.MsgspecError) as error:
        raise CredentialsUnusable(f"{path}: {error}") from error
    if name not in {None, found.name}:
        raise CredentialsUnusable(f"{path}: of {found.name}, not of {name}")
    if bool(found.code) == bool(found.totp_secret):
        raise CredentialsUnusable(f"{path}: either code or totp_secret")
    return found


@dataclass(frozen=True)
class CodeMaker:
    """Makes codes from a secret, each once: the last one used is noted beside the file, for whoever comes next."""

    notes: Path
    clock: Clock
    wait: Callable[[float], None] = field(repr=False)

    def next_code(self, secret: str) -> str:
        """Return a code that was not used, after waiting for it where need be: at most half a minute."""
        descriptor = os.open(self.notes, os.O_RDWR | os.O_CREAT, SECRET_MODE)
        with os.fdopen(descriptor, "r+") as notes:
            fcntl.flock(notes, fcntl.LOCK_EX)
            now = self.clock.now().timestamp()
            present = int(now) // STEP_SECONDS
            step = max(int(notes.read() or 0) + 1, present - _WINDOW)
            if step > present + _WINDOW:
                self.wait((step - _WINDOW) * STEP_SECONDS - now)
            notes.seek(0)
            notes.write(str(step))
            notes.truncate()
        return pyotp.HOTP(secret).at(step)
