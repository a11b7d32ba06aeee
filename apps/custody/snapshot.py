"""A copy of an installation while it runs: databases through SQLite's own backup, token stores under their lock.

A database copied as a file lacks what is in its log of writes, and spent attempts would come back (attack O7).
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from apps.custody import layout
from apps.custody.errors import BackupNotMade
from apps.custody.manifest import FileFact, fact_of
from apps.files import FOLDER_MODE, SECRET_MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LOCK: Final = "login.lock"  # of a token: each login rewrites a file of its store


def take(
    state: Path, copy: Path, shown: Callable[[list[PurePath]], Iterable[PurePath]]
) -> dict[layout.Part, dict[str, FileFact]]:
    """Copy an installation; return the files of each part. `shown` gives the files one by one and shows how far it is.

    Raises:
        BackupNotMade: a file went while it was copied, or a database cannot be read.
        OSError: the copy could not be written.
    """
    facts: dict[layout.Part, dict[str, FileFact]] = {part: {} for part in layout.PARTS}
    for path in shown(list(layout.files(state))):
        part = layout.part_of(path)
        if part is None:
            continue
        target = copy / path
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _copy(state / path, target)
        facts[part][str(path)] = fact_of(target)
    return facts


def _copy(source: Path, target: Path) -> None:
    try:
        if source.name == layout.DATABASE:
            copy_database(source, target)
        else:
            with _at_rest(source):
                shutil.copy(source, target)
    except (FileNotFoundError, sqlite3.Error) as error:
        raise BackupNotMade(f"{source}: {error}; try again") from error


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use."""
    target.touch(SECRET_MODE)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # in one step, under one read lock: a state that was there at one moment
    target.chmod(source.stat().st_mode & 0o777)


@contextmanager
def _at_rest(source: Path) -> Iterator[None]:
    """Keep others from logging in to a token while a file of its store is copied."""
    lock = next((each / _LOCK for each in source.parents if (each / layout.TOKEN_STORE).is_dir()), None)
    if lock is None:
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
