"""Archives of a backup's parts: packed from a copy of the installation, unpacked into a new state folder and compared."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from apps.custody.errors import BackupDamaged
from apps.custody.manifest import CONTENTS, Contents, FileFact, sha256_of
from apps.files import FOLDER_MODE, PUBLIC_MODE, make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = "state"  # of the archive, under which the files are
_LONGEST_CONTENTS: Final = 50_000_000  # bytes


def pack(copy: Path, contents: Contents, archive: Path) -> None:
    """Write a part's archive from a copy of the state folder.

    Raises:
        OSError: it could not be written.
    """
    with tarfile.open(archive, "w") as tar:
        data = msgspec.json.format(msgspec.json.encode(contents))
        head = tarfile.TarInfo(CONTENTS)
        head.size = len(data)
        tar.addfile(head, io.BytesIO(data))
        for name, fact in contents.files.items():
            member = tarfile.TarInfo(f"{_FOLDER}/{name}")
            member.size, member.mode = fact.bytes, fact.mode
            with (copy / name).open("rb") as file:
                tar.addfile(member, file)


def unpack(archive: Path, state: Path) -> Contents:
    """Put the files of a part's archive into a state folder; return what the part says of itself.

    Raises:
        BackupDamaged: the archive is none, or its files are not those it says.
        OSError: a file could not be written.
    """
    try:
        with tarfile.open(archive, "r") as tar:
            contents = _contents(tar)
            for name, fact in contents.files.items():
                _unpack(tar, name, fact, state)
    except (tarfile.TarError, msgspec.MsgspecError, KeyError) as error:
        raise BackupDamaged(f"{archive.name}: {error}") from error
    return contents


def make_folders(state: Path, files: Mapping[str, FileFact]) -> None:
    """Make the folders of files in a state folder: `public` is for everyone, all else for its owner."""
    make_folder(state, PUBLIC_MODE)
    for name in sorted({str(parent) for each in files for parent in Path(each).parents if str(parent) != "."}):
        make_folder(state / name, PUBLIC_MODE if Path(name).parts[0] == "public" else FOLDER_MODE)


def _contents(tar: tarfile.TarFile) -> Contents:
    head = tar.next()
    if head is None or head.name != CONTENTS or not 0 < head.size <= _LONGEST_CONTENTS:
        raise BackupDamaged(f"no {CONTENTS} at the beginning")
    return msgspec.json.decode(_content(tar, head), type=Contents)


def _unpack(tar: tarfile.TarFile, name: str, fact: FileFact, state: Path) -> None:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BackupDamaged(f"a file outside the installation: {name[:200]}")
    member = tar.getmember(f"{_FOLDER}/{name}")
    make_folders(state, {name: fact})
    path = state / name
    if not member.isfile() or path.exists():
        raise BackupDamaged(f"{name}: no file, or twice")
    member.mode = fact.mode
    tar.makefile(member, str(path))
    path.chmod(fact.mode & 0o755)
    if path.stat().st_size != fact.bytes or sha256_of(path) != fact.sha256:
        raise BackupDamaged(f"{name}: not what the backup says it is")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise BackupDamaged(f"{member.name}: no file")
    return file.read()
