"""Opening a backup: its files are what its manifest says, its parts belong together, and everything is unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.custody import archive, envelope, manifest
from apps.custody.errors import BackupDamaged
from apps.custody.layout import PARTS, Part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from apps.custody.manifest import Manifest, SealedFile
    from core.secret import Secret


def opened(folder: Path, passphrases: Mapping[Part, Secret], plain: Path, state: Path) -> Manifest:
    """Unpack both parts of a backup into the new folder `state`; `plain` is a file for what is between.

    Raises:
        NoBackup: there is no backup in the folder.
        WrongPassphrase: of one of the parts.
        BackupDamaged: a file is missing, cut, changed, or of another backup.
        OSError: something could not be written.
    """
    found, _digest = manifest.read(folder)
    for part in PARTS:
        _check(folder, found, part)
    for part in PARTS:
        envelope.unseal(folder, part, passphrases[part], plain)
        contents = archive.unpack(plain, state)
        plain.unlink()
        said = contents.backup, contents.installation, contents.made_at, contents.part
        if said != (found.backup, found.installation, found.made_at, part):
            raise BackupDamaged(f"the {part} are of another backup: {contents.backup}, not {found.backup}")
    return found


def _check(folder: Path, found: Manifest, part: Part) -> None:
    sealed = found.parts.get(part)
    if sealed is None:
        raise BackupDamaged(f"{manifest.MANIFEST} does not name the {part}")
    for expected, name in (
        (sealed.archive, envelope.ARCHIVE.format(part)),
        (sealed.identity, envelope.IDENTITY.format(part)),
    ):
        _check_file(folder / name, expected)


def _check_file(path: Path, expected: SealedFile) -> None:
    try:
        size = path.stat().st_size
        if size != expected.bytes:
            raise BackupDamaged(f"{path.name} has {size} bytes, not {expected.bytes}: it is cut, or another one")
        if path.name != expected.file or manifest.sha256_of(path) != expected.sha256:
            raise BackupDamaged(f"{path.name} was changed")
    except OSError as error:
        raise BackupDamaged(f"{path.name}: {error.strerror}") from error
