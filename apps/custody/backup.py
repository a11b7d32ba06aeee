"""Making a backup: a copy while the zones run, sealed in two parts, opened again and proved, and only then a backup.

The target appears as a whole or not at all. What lay open meanwhile was in the state folder, where it lies anyway, and
is gone again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives import hashes

from apps.ca import inspect_installed
from apps.custody import archive, envelope, manifest, snapshot
from apps.custody.errors import BackupDamaged, BackupNotMade, TargetRefused
from apps.custody.layout import PARTS, Part
from apps.custody.manifest import Contents, Manifest, SealedPart
from apps.custody.opening import opened
from apps.custody.proof import Proof, prove
from apps.files import FOLDER_MODE, make_folder
from apps.init import check_initialised
from apps.rotation import root_of
from ca.generations import pinned
from core.clock import SystemClock
from core.entropy import SystemEntropy, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from apps.installation import Installation
    from core.config import Settings
    from core.secret import Secret

_SCRATCH: Final = ".custody"  # in the state folder; a backup leaves out what begins with a dot


@dataclass(frozen=True, slots=True)
class Shown:
    """How the work is shown: words for each step, and the files of the copy as they go by."""

    say: Callable[[str], None]
    files: Callable[[list[PurePath]], Iterable[PurePath]]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that proved itself."""

    folder: Path
    digest: str  # SHA-256 of its manifest, hex
    manifest: Manifest
    proof: Proof


def back_up(installation: Installation, target: Path, passphrases: Mapping[Part, Secret], shown: Shown) -> Made:
    """Make a backup in the new folder `target`.

    Raises:
        PassphraseRefused: the passphrases cannot be used.
        NotInitialised: there is no complete installation.
        TargetRefused: the target is there already, or inside the installation.
        BackupNotMade: it cannot be written, or what was written did not prove itself.
    """
    settings = installation.settings()
    check_initialised(settings)
    envelope.check_passphrases(passphrases)
    partial = _partial(target, settings)
    try:
        with scratch(settings) as place:
            made = _made(installation, partial, place, passphrases, shown)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, BackupDamaged) as error:
        raise BackupNotMade(f"{target}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Made(target, made.digest, made.manifest, made.proof)


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """Give a folder beside the originals for what lies open meanwhile; one process at a time, and nothing stays.

    Raises:
        BackupNotMade: another process makes a backup.
    """
    place = make_folder(settings.state_dir / _SCRATCH)
    with (place / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupNotMade("another backup is being made") from None
        work = place / "work"
        shutil.rmtree(work, ignore_errors=True)  # of one that was killed
        work.mkdir(mode=FOLDER_MODE)
        try:
            yield work
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _made(
    installation: Installation, partial: Path, place: Path, passphrases: Mapping[Part, Secret], shown: Shown
) -> Made:
    settings, now, name = installation.settings(), SystemClock().now(), new_id(SystemEntropy(), "b")
    shown.say("Copying the installation")
    facts = snapshot.take(settings.state_dir, place / "copy", shown.files)
    of = fingerprint_of(settings)
    for part in PARTS:
        shown.say(f"Sealing the {part}")
        contents = Contents(name, of, now, part, facts[part])
        archive.pack(place / "copy", contents, place / "plain")
        envelope.seal(place / "plain", partial, part, passphrases[part])
    generations = len(pinned(place / "copy" / "ca"))
    shutil.rmtree(place / "copy")
    (partial / manifest.SETTINGS).write_bytes(installation.config.read_bytes())
    digest = _write_manifest(partial, Manifest("paraph backup 1", name, of, now, generations, _sealed(partial)))
    shown.say("Opening it again and proving that it can be restored")
    back = opened(partial, passphrases, place / "plain", place / "restored")
    proof = prove(msgspec.structs.replace(settings, state_dir=place / "restored"))
    inspect_installed(settings).tell_backup(name, digest, now)
    return Made(partial, digest, back, proof)


def fingerprint_of(settings: Settings) -> str:
    """Return by which an installation is known: the SHA-256 of its root's certificate, hex."""
    return root_of(settings).fingerprint(hashes.SHA256()).hex()


def _partial(target: Path, settings: Settings) -> Path:
    state = settings.state_dir.resolve()
    if target.exists() or target.is_symlink():
        raise TargetRefused(f"{target} is there already: each backup has a folder of its own")
    if target.resolve().is_relative_to(state):
        raise TargetRefused(f"{target} is inside the installation: a backup lies elsewhere")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
    try:
        partial.mkdir(mode=FOLDER_MODE)
    except OSError as error:
        raise BackupNotMade(f"{target}: {error.strerror}") from error
    return partial


def _sealed(folder: Path) -> dict[Part, SealedPart]:
    return {
        part: SealedPart(
            archive=manifest.sealed_file(folder / envelope.ARCHIVE.format(part)),
            identity=manifest.sealed_file(folder / envelope.IDENTITY.format(part)),
        )
        for part in PARTS
    }


def _write_manifest(folder: Path, made: Manifest) -> str:
    data = msgspec.json.format(msgspec.json.encode(made)) + b"\n"
    (folder / manifest.MANIFEST).write_bytes(data)
    for path in folder.iterdir():
        path.chmod(0o600)
        _sync(path)
    _sync(folder)
    return hashlib.sha256(data).hexdigest()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
