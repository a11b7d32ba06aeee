"""Backups on real tokens: what is in them, what one part alone gives, and every way in which one is not restored."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path, PurePath

import msgspec
import pyrage
import pytest

from apps.custody import envelope, layout, manifest
from apps.custody.backup import Shown, back_up
from apps.custody.errors import (
    BackupDamaged,
    BackupTooOld,
    NoBackup,
    OtherInstallation,
    PassphraseRefused,
    TargetRefused,
    WrongPassphrase,
    ZonesRunning,
)
from apps.custody.proof import point_to_tokens
from apps.custody.restore import Restoration
from apps.rotation import ROOT_TOKEN
from apps.supervisor import AlreadyRunning
from core.secret import Secret
from hsm.errors import HsmError
from hsm.session import Token
from storage.marks import Marks
from tests.support.instance import Instance, make_instance

pytestmark = pytest.mark.slow

GOOD = {"records": Secret(b"the first long passphrase"), "keys": Secret(b"another long passphrase")}
SILENT = Shown(lambda _words: None, lambda paths: paths)


class QuickPassphrase:
    """Passphrases without scrypt, which takes a second each time; the real ones are in `test_age_opens_what_we_seal`."""

    @staticmethod
    def encrypt(data: bytes, words: str) -> bytes:
        return hashlib.sha256(words.encode()).digest() + data

    @staticmethod
    def decrypt(data: bytes, words: str) -> bytes:
        if data[:32] != hashlib.sha256(words.encode()).digest():
            raise pyrage.DecryptError("Decryption failed")
        return data[32:]


@pytest.fixture(scope="module", autouse=True)
def _quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "under_passphrase", QuickPassphrase)
        yield


@pytest.fixture(scope="module")
def stopped():
    """An installation whose zones do not run."""
    made = make_instance(start=False)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def backup(stopped) -> Path:
    return back_up(stopped.installation, stopped.folder / "backup", GOOD, SILENT).folder


@pytest.fixture
def copy(backup, tmp_path) -> Path:
    return Path(shutil.copytree(backup, tmp_path / "copy"))


def restoration(stopped: Instance) -> Restoration:
    return Restoration(stopped.settings, lambda _words: None)


def state_of(folder: Path) -> dict[str, bytes]:
    """Return every file of an installation but for databases, which SQLite tidies when it closes them."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("db.sqlite"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_backup_has_two_parts_and_leaves_nothing_open_behind(stopped, backup):
    names = {path.name for path in backup.iterdir()}
    archives = {"records.tar.age", "records.identity.age", "keys.tar.age", "keys.identity.age"}
    assert names == archives | {"backup.json", "paraph.toml"}
    assert {path.stat().st_mode & 0o777 for path in backup.iterdir()} == {0o600}
    assert not (stopped.state / ".custody").exists()
    assert {path.name for path in stopped.folder.iterdir()} == {"s", "backup"}


def test_what_is_newest_is_in_no_backup_and_is_handed_over_at_a_restore__o1(stopped, backup):
    with closing(Marks(stopped.settings.marks("sam"))) as marks:
        marks.raise_to("credentials c-one", 3)
    restoring = restoration(stopped)
    ready = restoring.open(backup, lambda: GOOD, None)
    with closing(Marks(ready.settings.marks("sam"))) as marks:
        assert marks.names("") == []
    restoring._hand_marks_over(ready.settings)
    with closing(Marks(ready.settings.marks("sam"))) as marks:
        assert marks.newest("credentials c-one") == 3
    restoring.give_up()
    stopped.settings.marks("sam").unlink()


def test_no_secret_is_in_a_backup_in_clear(stopped, backup):
    everything = b"".join(path.read_bytes() for path in backup.iterdir())
    for path in stopped.state.glob("*/pin"):
        assert path.read_bytes().strip() not in everything
    assert (stopped.state / "web" / "secret.key").read_bytes() not in everything


def test_age_opens_what_we_seal(tmp_path, monkeypatch):
    """With nothing of Paraph: the two files are in the format age v1, and are opened one with the other."""
    monkeypatch.setattr(envelope, "under_passphrase", pyrage.passphrase)
    (tmp_path / "plain").write_bytes(b"x" * 200_000)
    envelope.seal(tmp_path / "plain", tmp_path, "keys", GOOD["keys"])
    wrapped = (tmp_path / "keys.identity.age").read_bytes()
    sealed = (tmp_path / "keys.tar.age").read_bytes()
    assert wrapped.startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert sealed.startswith(b"age-encryption.org/v1\n-> X25519 ")
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(wrapped, "the first long passphrase")
    identity = pyrage.passphrase.decrypt(wrapped, "another long passphrase").decode()
    assert pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]) == b"x" * 200_000


def unpacked(backup: Path, part: layout.Part, to: Path) -> Path:
    """Unpack one part as its keeper could: with the passphrase, and tar."""
    to.mkdir()
    envelope.unseal(backup, part, GOOD[part], to / "plain")
    subprocess.run(["tar", "xf", "plain"], cwd=to, check=True)
    return to / "state"


def test_one_keepers_part_alone_opens_no_token__attack_i8(stopped, backup, tmp_path):
    records = unpacked(backup, "records", tmp_path / "records")
    keys = unpacked(backup, "keys", tmp_path / "keys")
    assert list(records.glob("*/pin"))
    assert not list(records.glob("*/tokens"))
    assert list(keys.glob("*/tokens/*/*.object"))
    assert not list(keys.rglob("*pin*"))
    assert not list(keys.rglob("db.sqlite"))
    for alone in (records, keys):
        point_to_tokens(alone, alone)
        with pytest.raises(HsmError):
            Token(alone / "root", Path(stopped.settings.ca.module), ROOT_TOKEN).check()


@pytest.mark.parametrize("name", ["records.tar.age", "keys.tar.age", "keys.identity.age"])
@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_a_damaged_file_is_named_and_the_installation_stays_as_it_was(stopped, copy, name, harm):
    before, data = state_of(stopped.state), (copy / name).read_bytes()
    if harm == "cut":
        (copy / name).write_bytes(data[:-7])
    elif harm == "flipped":
        (copy / name).write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    else:
        (copy / name).unlink()
    asked = []
    with pytest.raises(BackupDamaged, match=name):
        restoration(stopped).open(copy, lambda: asked.append(1) or GOOD, None)
    assert state_of(stopped.state) == before
    assert not stopped.state.with_name("s.restoring").joinpath("state", "initialised").exists()


def test_a_change_that_the_manifest_was_bent_to_is_found_all_the_same(stopped, copy):
    data = bytearray((copy / "records.tar.age").read_bytes())
    data[-1000] ^= 1
    (copy / "records.tar.age").write_bytes(data)
    found, _digest = manifest.read(copy)
    bent = msgspec.structs.replace(found.parts["records"], archive=manifest.sealed_file(copy / "records.tar.age"))
    parts = {**found.parts, "records": bent}
    (copy / "backup.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(found, parts=parts)))
    with pytest.raises(BackupDamaged, match=r"records\.tar\.age"):
        restoration(stopped).open(copy, lambda: GOOD, None)


def test_a_wrong_passphrase_says_of_which_part(stopped, backup):
    before = state_of(stopped.state)
    with pytest.raises(WrongPassphrase, match="records"):
        restoration(stopped).open(backup, lambda: {**GOOD, "records": GOOD["keys"]}, None)
    assert state_of(stopped.state) == before


def test_what_is_no_backup_is_refused(stopped, tmp_path, copy):
    with pytest.raises(NoBackup):
        restoration(stopped).open(tmp_path, lambda: GOOD, None)
    bent = json.loads((copy / "backup.json").read_text()) | {"format": "paraph backup 2"}
    (copy / "backup.json").write_text(json.dumps(bent))
    with pytest.raises(NoBackup, match="paraph backup 2"):
        restoration(stopped).open(copy, lambda: GOOD, None)


def test_another_installations_backup_is_refused_before_a_passphrase_is_asked(stopped, copy):
    found = json.loads((copy / "backup.json").read_text()) | {"installation": "0" * 64}
    (copy / "backup.json").write_text(json.dumps(found))
    asked = []
    with pytest.raises(OtherInstallation):
        restoration(stopped).open(copy, lambda: asked.append(1) or GOOD, None)
    assert asked == []


def test_parts_of_two_backups_do_not_make_one(stopped, copy):
    found, _digest = manifest.read(copy)
    (copy / "backup.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(found, backup="b-another")))
    with pytest.raises(BackupDamaged, match="of another backup"):
        restoration(stopped).open(copy, lambda: GOOD, None)


def test_a_backup_that_lacks_a_generation_published_since_is_refused(stopped, backup):
    later = stopped.settings.published() / "issuing-g2.pem"
    later.write_bytes((stopped.settings.published() / "issuing.pem").read_bytes())
    asked = []
    try:
        with pytest.raises(BackupTooOld, match="generation 2"):
            restoration(stopped).open(backup, lambda: asked.append(1) or GOOD, None)
        assert asked == []
    finally:
        later.unlink()


def test_zones_that_run_must_be_stopped_first(stopped, backup):
    path = stopped.settings.socket("sam")
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as zone:
        zone.bind(str(path))
        zone.listen()
        with pytest.raises((ZonesRunning, AlreadyRunning)):
            restoration(stopped).open(backup, lambda: GOOD, None)
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"records": Secret(b"too short")}, "14 characters"),
        ({"records": GOOD["keys"]}, "two people"),
    ],
)
def test_passphrases_are_two_and_long(stopped, tmp_path, changes, why):
    with pytest.raises(PassphraseRefused, match=why):
        back_up(stopped.installation, tmp_path / "backup", {**GOOD, **changes}, SILENT)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_overwrites_nothing_and_lies_elsewhere(stopped, backup):
    for target in (backup, stopped.state / "backup"):
        with pytest.raises(TargetRefused):
            back_up(stopped.installation, target, GOOD, SILENT)


def test_a_full_disk_leaves_nothing_half(stopped, tmp_path):
    """No file of the process may grow beyond what the first archive needs: what a full disk does."""
    for name, words in (("r", "the first long passphrase"), ("k", "another long passphrase")):
        (tmp_path / name).write_text(words)
        (tmp_path / name).chmod(0o600)
    files = ["--records-passphrase-file", str(tmp_path / "r"), "--keys-passphrase-file", str(tmp_path / "k")]
    command = [sys.executable, "-m", "apps.cli", *stopped.installation.arguments(), "ca", "backup"]
    before = state_of(stopped.state)
    done = subprocess.run(
        [*command, str(tmp_path / "backup"), *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "File too large" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"r", "k"}
    assert state_of(stopped.state) == before


def test_a_copy_that_does_not_prove_itself_is_no_backup(stopped, tmp_path):
    spoilt = stopped.settings.zone_dir("sam") / "pin"
    good = spoilt.read_bytes()
    spoilt.write_bytes(b"another pin\n")
    try:
        with pytest.raises(Exception, match="PinWrong"):
            back_up(stopped.installation, tmp_path / "backup", GOOD, SILENT)
    finally:
        spoilt.write_bytes(good)
    assert list(tmp_path.iterdir()) == []


def test_every_file_of_an_installation_has_a_part_or_a_reason(stopped):
    left_out = {path for path in stopped.state.rglob("*") if path.is_file()} - {
        stopped.state / path for path in layout.files(stopped.state)
    }
    assert {path.name for path in left_out} <= {"login.lock", "db.sqlite-wal", "db.sqlite-shm"}
    assert layout.part_of(PurePath("ca/pin")) == "records"
    assert layout.part_of(PurePath("ca/tokens/x/y.object")) == "keys"
    assert layout.part_of(PurePath("web/secret.key")) == "keys"
    for path in ("run/ca/socket", "logs/ca.log", "outbox/1.json", "ca/login.lock", "sam/db.sqlite-wal", ".custody/x"):
        assert layout.part_of(PurePath(path)) is None
