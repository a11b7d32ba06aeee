"""What a backup says of itself: in the open beside its parts, and once more inside each, where nobody can change it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from apps.custody.errors import NoBackup
from apps.custody.layout import Part

MANIFEST: Final = "backup.json"
CONTENTS: Final = "contents.json"  # first member of each part's archive
SETTINGS: Final = "paraph.toml"  # the settings file, which holds no secret
_CHUNK: Final = 1 << 20


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the backup."""

    file: str
    bytes: int
    sha256: str


class SealedPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part: its archive, and the identity that opens it, itself under a passphrase. Both in the format age v1."""

    archive: SealedFile
    identity: SealedFile


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `backup.json`."""

    format: Literal["paraph backup 1"]
    backup: str
    installation: str  # SHA-256 of the root's certificate, hex
    made_at: datetime
    generations: int  # of the issuing CA
    parts: dict[Part, SealedPart]


class FileFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of the installation was."""

    mode: int
    bytes: int
    sha256: str


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `contents.json` of one part."""

    backup: str
    installation: str
    made_at: datetime
    part: Part
    files: dict[str, FileFact]


def read(folder: Path) -> tuple[Manifest, str]:
    """Return the manifest of a backup, and its SHA-256, hex: by which two people name the backup.

    Raises:
        NoBackup: there is none, or of another format.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        return msgspec.json.decode(data, type=Manifest), hashlib.sha256(data).hexdigest()
    except (OSError, msgspec.MsgspecError) as error:
        raise NoBackup(f"{folder / MANIFEST}: {error}") from error


def fact_of(path: Path) -> FileFact:
    """Return what a file is."""
    return FileFact(path.stat().st_mode & 0o777, path.stat().st_size, sha256_of(path))


def sealed_file(path: Path) -> SealedFile:
    """Return what a file of the backup is."""
    return SealedFile(path.name, path.stat().st_size, sha256_of(path))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
