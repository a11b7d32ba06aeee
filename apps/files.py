"""Folders and secret files of an installation: made for their owner alone, and never made twice."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from core.errors import DomainError

SECRET_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
PUBLIC_MODE: Final = 0o755


class FileExists(DomainError):
    """A file that is made only once is there already."""


def make_folder(path: Path, mode: int = FOLDER_MODE) -> Path:
    """Make a folder with exactly this mode, whatever the umask; return it."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    path.chmod(mode)
    return path


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, from its first moment on.

    Raises:
        FileExists: there is one.
    """
    _write(path, content, SECRET_MODE)


def write_pinned(path: Path, content: bytes) -> None:
    """Write a new file of public content that a zone trusts: nobody else may change it.

    Raises:
        FileExists: there is one.
    """
    _write(path, content, SECRET_MODE)


def replace_secret(path: Path, content: bytes) -> None:
    """Give a secret file new content, whole or not at all."""
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    _write(partial, content, SECRET_MODE)
    partial.replace(path)


def replace_document(path: Path, content: bytes) -> None:
    """Give a file new content, whole or not at all; who may read it stays as it is.

    Raises:
        OSError: it could not be written; the old one is still there.
    """
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    try:
        _write(partial, content, stat.S_IMODE(path.stat().st_mode))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError as error:
        raise FileExists(str(path)) from error
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def too_open(path: Path) -> str:
    """Return in words why a secret file or private folder is not its owner's alone; empty when it is."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a symbolic link"
    if found.st_uid != os.getuid():
        return f"{path} belongs to another user (uid {found.st_uid})"
    if found.st_mode & 0o077:
        return f"{path} can be read or changed by other users (mode {stat.S_IMODE(found.st_mode):04o})"
    return ""
