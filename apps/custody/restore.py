"""Restoring a backup: everything is made ready beside the old state, decided by two people, and put in place at once.

The order is the promise: the zones stand still; the backup is opened and proves itself in a folder of its own; the newest
published lists are laid beside it; two administrators of the restored record decide; record and SAM learn what the
backup could not know (attacks O1, O2); and only then one rename puts it in place. What was there is set aside, never
deleted. An attempt that was cut short left the old state alone, and the next begins anew.
"""

from __future__ import annotations

import shutil
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from apps.ca import inspect_installed
from apps.custody import manifest
from apps.custody.backup import fingerprint_of
from apps.custody.errors import BackupTooOld, OtherInstallation, ZonesRunning
from apps.custody.lists import newest_revocation_lists, newest_trusted_list
from apps.custody.opening import opened
from apps.custody.proof import Proof, point_to_tokens, prove
from apps.custody.snapshot import copy_database
from apps.files import make_folder
from apps.rotation import root_of
from apps.sam import open_sam
from apps.supervisor import refuse_a_second
from ca.acts import Restore
from ca.begun import take_up
from ca.generations import pinned
from ca.reconciliation import Reconciled, Reconciliation, allow
from core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.custody.layout import Part
    from apps.custody.manifest import Manifest
    from ca.begun import Begun
    from ca.server import OpenAuthority
    from core.config import Settings
    from core.secret import Secret
    from signer.sam.restoration import Restored, Status

_SOCKETS: Final = ("sam", "ca", "preflight")
_OF_ONE_RUN: Final = ("run", "outbox", "logs")


@dataclass(frozen=True, slots=True)
class Ready:
    """A backup that lies open beside the old state and has proved itself."""

    settings: Settings  # whose state folder is the one it lies in
    manifest: Manifest
    digest: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Done:
    """What a restore did."""

    manifest: Manifest
    set_aside: Path | None  # where the state is that was there before
    record: Reconciled
    sam: Restored
    by: str


class Restoration:
    """Restores a backup into the place of an installation."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._place: Final = settings.state_dir.with_name(f"{settings.state_dir.name}.restoring")

    def open(self, backup: Path, ask: Callable[[], Mapping[Part, Secret]], published: Path | None) -> Ready:
        """Open a backup and have it prove itself; `published` is a folder with lists that were fetched elsewhere.

        `ask` gives the passphrases; it is called when nothing else stands against the restore.

        Raises:
            ZonesRunning, AlreadyRunning: the zones run.
            NoBackup, WrongPassphrase, BackupDamaged: it cannot be restored.
            OtherInstallation: what is here is another installation.
            BackupTooOld: a generation of the issuing CA has been published that it lacks.
            OSError: it could not be written.
        """
        check_stopped(self._settings)
        found, digest = manifest.read(backup)
        self._check_same(found, published)
        passphrases = ask()
        shutil.rmtree(self._place, ignore_errors=True)  # of an attempt that was cut short
        make_folder(self._place)
        self._say("Opening the backup")
        state = self._place / "state"
        opened(backup, passphrases, self._place / "plain", state)
        for name in _OF_ONE_RUN:
            make_folder(state / name)
        self._say("Having it prove itself")
        settings = msgspec.structs.replace(self._settings, state_dir=state)
        proof = prove(settings)
        newest_revocation_lists(settings, root_of(settings), self._folders(published))
        newest_trusted_list(settings, self._settings.published())
        return Ready(settings, found, digest, proof)

    def put_in_place(self, ready: Ready, decide: Callable[[OpenAuthority, Restore], str]) -> Done:
        """Have two people decide, and do it. `decide` returns the proposal that was approved.

        Raises:
            DomainError: it was not decided, or the record cannot be trusted; the old state is as it was.
            OSError: it could not be put in place; likewise.
        """
        authority = inspect_installed(ready.settings)
        allow(authority.control)
        proposal = decide(authority, Restore(backup=ready.digest, made_at=ready.manifest.made_at))
        begun = take_up(authority.parts.database, authority.control.dual, proposal, Restore)
        self._say("Having the record learn what was published since the backup")
        learnt = Reconciliation(authority.parts, ready.settings.published()).reconcile(begun)
        self._say("Ending what was live in the SAM")
        self._hand_marks_over(ready.settings)
        with closing(open_sam(ready.settings)) as sam:
            restored = sam.restore(ready.digest, begun.by, _statuses(authority))
        self._finish(authority, begun, learnt)
        check_stopped(self._settings)
        point_to_tokens(ready.settings.state_dir, self._settings.state_dir.absolute())
        return Done(ready.manifest, self._swap(ready), learnt, restored, begun.by)

    def give_up(self) -> None:
        """Leave nothing of a restore that was not put in place."""
        shutil.rmtree(self._place, ignore_errors=True)

    def _check_same(self, found: Manifest, fetched: Path | None) -> None:
        for folder in self._folders(fetched):
            if (newest := max(pinned(folder), default=0)) > found.generations:
                raise BackupTooOld(f"generation {newest} of the issuing CA was published after it ({folder})")
        try:
            here = fingerprint_of(self._settings)
        except FileNotFoundError:
            return  # nothing is here to compare with
        except (OSError, ValueError) as error:
            raise OtherInstallation(f"{self._settings.state_dir}: its root cannot be read: {error}") from error
        if here != found.installation:
            raise OtherInstallation(f"{found.installation[:16]}…, and {self._settings.state_dir} is {here[:16]}…")

    def _folders(self, fetched: Path | None) -> list[Path]:
        """Return where published lists are that may be newer than the backup's."""
        return [each for each in (self._settings.published(), fetched) if each is not None and each.is_dir()]

    def _hand_marks_over(self, to: Settings) -> None:
        """Have the SAM know what was newest in the database that is replaced, if that is still here."""
        if self._settings.marks("sam").is_file():
            copy_database(self._settings.marks("sam"), to.marks("sam"))

    def _finish(self, authority: OpenAuthority, begun: Begun[Restore], learnt: Reconciled) -> None:
        with authority.parts.database.transaction() as connection:
            begun.finish(connection, f"restored; {len(learnt.certificates)} statuses learnt from published lists")
        authority.parts.database.close()

    def _swap(self, ready: Ready) -> Path | None:
        state = self._settings.state_dir
        aside = None
        if state.exists():
            aside = state.with_name(f"{state.name}.before-{SystemClock().now():%Y%m%dT%H%M%SZ}")
            state.rename(aside)
        ready.settings.state_dir.rename(state)
        self.give_up()
        return aside


def check_stopped(settings: Settings) -> None:
    """Check that no zone of the installation runs.

    Raises:
        ZonesRunning, AlreadyRunning: one does.
    """
    refuse_a_second(settings.state_dir / "run" / "supervisord.pid")
    for name in _SOCKETS:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            if probe.connect_ex(str(settings.socket(name).absolute())) == 0:
                raise ZonesRunning(f"{name} answers: stop all zones first")


def _statuses(authority: OpenAuthority) -> Callable[[str], Status]:
    """Return how to find what the authority has on record of a certificate.

    The SAM is copied before the authority, whose copy therefore knows every certificate of it; if not, it is no good one.
    """

    def status_of(serial: str) -> Status:
        with authority.parts.database.reading() as connection:
            found = authority.parts.statuses.current(connection, serial)
        return "suspended" if found is None else found.status

    return status_of
