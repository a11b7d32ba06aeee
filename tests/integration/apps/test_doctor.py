"""`paraph doctor` says in plain words what is wrong, and exits non-zero."""

import os
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.doctor import examine
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]


@pytest.fixture(scope="module")
def made():
    made = make_instance(start=False)
    shutil.copytree(made.state, made.folder / "as-made")
    yield made
    made.remove()


@pytest.fixture
def fresh(made):
    """A new installation, which a test may damage: it is put back as it was made."""
    yield made
    shutil.rmtree(made.state)
    shutil.copytree(made.folder / "as-made", made.state)


def doctor(instance, *laid_over):
    """Return what the command would print, from this process: ten starts of Python are saved."""
    installation = replace(
        instance.installation, settings_laid_over=(*instance.installation.settings_laid_over, *laid_over)
    )
    return examine(installation)


def wrong(instance, words, *laid_over):
    findings = doctor(instance, *laid_over)
    assert any(words in finding.text for finding in findings if finding.wrong), findings


def test_a_new_installation_that_does_not_run_is_fine(fresh):
    done = fresh.paraph("doctor", check=False)
    assert (done.returncode, "The zones do not run" in done.stdout) == (0, True), done.stdout


def test_something_wrong_makes_the_command_fail_in_plain_words(fresh):
    done = fresh.paraph("--set", "sam.module=/nowhere.so", "doctor", check=False)
    assert done.returncode == 3
    assert "✗ There is no PKCS#11 module at /nowhere.so" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_missing_module(fresh):
    wrong(fresh, "There is no PKCS#11 module at /nowhere.so", "sam.module=/nowhere.so")


def test_a_wrong_pin(fresh):
    (fresh.state / "sam" / "pin").write_text("00000000")
    wrong(fresh, "is not that of the token paraph-sam")


def test_a_missing_token(fresh):
    for path in (fresh.state / "ca" / "tokens").rglob("*"):
        if path.is_file():
            path.unlink()
    wrong(fresh, "The token paraph-ca cannot be opened")


def test_a_missing_secret(fresh):
    (fresh.state / "web" / "secret.key").unlink()
    wrong(fresh, "web/secret.key is missing")


def test_administrators_made_up_for_development_where_others_can_reach_it(fresh):
    wrong(fresh, "made up for development", "service.public_origin=https://sign.example.com")


@pytest.mark.parametrize("name", ["sam/pin", "web/secret.key", "portal/request.key", "admins/elena.json"])
def test_a_secret_that_others_can_read(fresh, name):
    (fresh.state / name).chmod(0o644)
    wrong(fresh, "can be read or changed by other users")


def test_a_database_that_is_none(fresh):
    (fresh.state / "sam" / "db.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 20)
    wrong(fresh, "db.sqlite cannot be used")


def test_a_taken_port(fresh):
    host, port = fresh.settings.web.listen.split(":")
    with socket.socket() as taken:
        taken.bind((host, int(port)))
        taken.listen()
        wrong(fresh, f"The port of web, {host}:{port}, cannot be used")


def test_a_zone_that_is_gone_while_others_run(fresh):
    path = fresh.settings.socket("sam")
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    wrong(fresh, "The zone sam does not work: it does not run, or is just starting. What it met is in ")


def test_a_zone_that_says_it_cannot_work(instance):
    store = instance.settings.zone_dir("sam") / "tokens"
    store.rename(store.with_name("away"))
    try:
        wrong(instance, "The token paraph-sam cannot be opened")
        wrong(instance, "The zone sam does not work: ")
        wrong(instance, "The zone web does not work: it says that it cannot work")
    finally:
        store.with_name("away").rename(store)
    assert not [finding for finding in doctor(instance) if finding.wrong]


def test_a_clock_that_went_back(fresh):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    (fresh.state / "sam" / "db.sqlite").touch()
    os.utime(fresh.state / "sam" / "db.sqlite", (tomorrow, tomorrow))
    wrong(fresh, "The clock went backwards")


def test_no_installation(fresh):
    (fresh.state / "initialised").unlink()
    wrong(fresh, "There is no complete installation")


def test_an_installation_is_never_made_twice(fresh):
    done = fresh.paraph("init", check=False)
    assert (done.returncode, "already initialised" in done.stderr) == (1, True)
    assert fresh.paraph("init", "--if-missing").returncode == 0


def test_a_run_without_an_installation_is_refused(fresh):
    (fresh.state / "initialised").unlink()
    done = fresh.paraph("run", check=False)
    assert (done.returncode, "paraph init" in done.stderr) == (1, True)


def test_no_two_installations_share_a_secret(fresh):
    other = make_instance(start=False)
    try:
        for name in ("sam/pin", "ca/pin", "sam/so-pin", "web/secret.key", "portal/secret.key", "preflight/verdict.key"):
            assert (fresh.state / name).read_bytes() != (other.state / name).read_bytes()
    finally:
        other.remove()
