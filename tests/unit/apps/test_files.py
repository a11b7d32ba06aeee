"""Secret files belong to their owner from their first moment on."""

import os
import stat

import pytest

from apps.files import FileExists, make_folder, replace_secret, too_open, write_secret


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_readable_by_its_owner_only_whatever_the_umask(tmp_path, open_umask):
    write_secret(tmp_path / "pin", b"1")
    assert mode(tmp_path / "pin") == 0o600
    assert not too_open(tmp_path / "pin")


def test_a_secret_is_never_written_twice(tmp_path):
    write_secret(tmp_path / "pin", b"1")
    with pytest.raises(FileExists):
        write_secret(tmp_path / "pin", b"2")
    assert (tmp_path / "pin").read_bytes() == b"1"


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "pin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExists):
        write_secret(tmp_path / "pin", b"1")
    assert not (tmp_path / "elsewhere").exists()
    assert "link" in too_open(tmp_path / "pin")


def test_a_secret_is_replaced_whole_and_stays_secret(tmp_path, open_umask):
    write_secret(tmp_path / "notes", b"1")
    replace_secret(tmp_path / "notes", b"2")
    assert ((tmp_path / "notes").read_bytes(), mode(tmp_path / "notes")) == (b"2", 0o600)


def test_a_folder_has_its_mode_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        assert mode(make_folder(tmp_path / "public", 0o755)) == 0o755
    finally:
        os.umask(before)
    assert mode(make_folder(tmp_path / "private")) == 0o700


@pytest.mark.parametrize("found", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_touch_is_named(tmp_path, found):
    write_secret(tmp_path / "pin", b"1")
    (tmp_path / "pin").chmod(found)
    assert f"{found:04o}" in too_open(tmp_path / "pin")
