"""The first two administrators: made up where nobody else can reach the installation, asked for everywhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import click
import pyotp
import pytest
from click.testing import CliRunner

from apps import admin_credentials
from apps.admin_credentials import CodeMaker, CredentialsUnusable
from apps.commands.new_admin import AtTerminal
from apps.founding import DEVELOPMENT, DevelopmentFounders, Founder, FoundersMissing, founders_of
from apps.init import initialise
from ca.admin_protocol import Enrolled
from core.config import load
from tests.support.ca_bench import settings_for
from tests.support.clocks import FakeClock

SECRET = pyotp.random_base32()


def enrolled(name: str = "elena") -> Enrolled:
    return Enrolled(name, SECRET, pyotp.TOTP(SECRET).provisioning_uri(name=name))


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "state").mkdir()
    return settings_for(tmp_path / "state")


def public(tmp_path):
    origin = {"public_origin": "https://sign.example.com"}
    return load(Path("config/paraph.toml"), {"": {"state_dir": str(tmp_path / "state")}, "service": origin})


def test_a_development_installation_makes_two_up_in_files_for_its_owner(settings):
    founders = founders_of(settings, None)
    chosen = founders.choose()
    assert tuple(each.name for each in chosen) == DEVELOPMENT
    for founder in chosen:
        founders.hand_over(enrolled(founder.name), founder)
        path = admin_credentials.development_file(settings, founder.name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        kept = admin_credentials.read(path, founder.name)
        assert (kept.password, kept.totp_secret) == (founder.password, SECRET)


def test_no_two_installations_and_no_two_people_share_a_password(settings):
    passwords = [each.password for _ in range(2) for each in DevelopmentFounders(settings).choose()]
    assert len(set(passwords)) == 4
    assert min(map(len, passwords)) == 43


def test_passwords_and_secrets_are_not_printed(settings):
    founder, _other = DevelopmentFounders(settings).choose()
    assert founder.password not in repr(founder)
    assert SECRET not in repr(admin_credentials.Credentials("elena", "x", totp_secret=SECRET))


def test_an_installation_that_others_can_reach_asks_and_makes_nothing_where_nobody_can_be_asked(tmp_path):
    with pytest.raises(FoundersMissing, match="at a terminal"):
        initialise(public(tmp_path), print, None)
    assert not (tmp_path / "state").exists()
    at_terminal = AtTerminal()
    assert founders_of(public(tmp_path), at_terminal) is at_terminal


def test_two_people_are_asked_and_each_types_the_password_twice():
    answers = "Irina Pop\nirina\nshort\nshort\nirina has a password\nirina has a passwort\n"
    answers += "irina has a password\nirina has a password\nirina\nvlad\nvlad has a password\nvlad has a password\n"
    asked: list[Founder] = []

    @click.command()
    def ask() -> None:
        asked.extend(AtTerminal().choose())

    done = CliRunner().invoke(ask, input=answers)
    assert done.exit_code == 0, done.output
    assert asked == [Founder("irina", "irina has a password"), Founder("vlad", "vlad has a password")]
    assert "A name has at most 40 of a-z" in done.output
    assert "Too short" in done.output
    assert "Another person" in done.output
    assert "has a password" not in done.output


def test_a_secret_is_shown_as_picture_and_text_until_the_app_has_it():
    @click.command()
    def show() -> None:
        AtTerminal().hand_over(enrolled(), Founder("elena", "x"))

    code = pyotp.TOTP(SECRET).now()
    done = CliRunner().invoke(show, input=f"000000\n{code[:3]} {code[3:]}\n")
    assert done.exit_code == 0, done.output
    for shown in ("█▀", "otpauth://totp/", SECRET, "That is not the code"):
        assert shown in done.output


# --- codes from a secret, for development and tests ------------------------------------------------------------------


@pytest.fixture
def maker(tmp_path):
    clock = FakeClock()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        clock.advance(seconds=seconds)

    made = CodeMaker(tmp_path / "elena.step", clock, wait)
    return made, clock, waited


def test_each_code_is_used_once_and_the_next_is_waited_for(maker):
    made, clock, waited = maker
    codes = [made.next_code(SECRET) for _ in range(5)]
    assert len(set(codes)) == 5
    assert len(waited) == 2
    assert max(waited) <= 30
    step = int(clock.now().timestamp()) // 30
    assert pyotp.HOTP(SECRET).at(step + 1) == codes[-1]


def test_a_process_that_comes_next_knows_what_was_used(maker, tmp_path):
    made, clock, _waited = maker
    first = made.next_code(SECRET)
    other = CodeMaker(tmp_path / "elena.step", clock, lambda _seconds: None)
    assert other.next_code(SECRET) != first
    assert stat.S_IMODE((tmp_path / "elena.step").stat().st_mode) == 0o600


def test_a_link_is_no_file_of_credentials(tmp_path):
    (tmp_path / "real").touch(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(CredentialsUnusable, match="symbolic link"):
        admin_credentials.read(tmp_path / "link")
