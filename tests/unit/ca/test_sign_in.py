"""Signing in as an administrator: what is accepted once, what is refused, what is counted before it is compared."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text

from ca import acts
from ca.admin_protocol import AdminLocked, NotSignedIn, SignInRefused
from ca.sessions import LIFE, SignedIn
from ca.sign_in import TRIES
from tests.support.ca_bench import PASSWORDS

RIGHT = PASSWORDS["ana"]


@pytest.fixture
def founded(bench):
    bench.found()
    return bench


def wrong_code(bench) -> str:
    """Return a code that is not Ana's, now or near now."""
    near = {pyotp.HOTP(bench.totp["ana"]).at(int(bench.clock.now().timestamp()) // 30 + each) for each in range(-2, 3)}
    return next(code for code in (f"{number:06}" for number in range(9)) if code not in near)


def failures(bench, name: str = "ana") -> int:
    with bench.database.reading() as connection:
        return connection.scalar(text("SELECT failures FROM admins WHERE name = :name"), {"name": name})


def events(bench) -> list[tuple[str, str]]:
    with bench.database.reading() as connection:
        rows = [row for _number, row in bench.authority._parts.audit.rows(connection)]
    return [(row["event"], row.get("admin")) for row in rows if row["event"].startswith("admin si")]


def test_password_and_code_together_begin_a_session_under_the_name_and_are_in_the_log(founded):
    begun = founded.control.sign_in("ana", RIGHT, founded.code("ana"))
    assert begun.until == founded.clock.now() + LIFE
    with founded.database.reading() as connection:
        assert founded.opened.control.sessions.signed_in(connection, begun.session).name == "ana"
    assert events(founded) == [("admin sign-in counted", "ana"), ("admin signed in", "ana")]
    assert failures(founded) == 0


@pytest.mark.parametrize("what", ["password", "code", "both", "another's code", "no such name"])
def test_which_of_them_was_wrong_is_not_said(founded, what):
    name, password, code = {
        "password": ("ana", RIGHT + "x", founded.code("ana")),
        "code": ("ana", RIGHT, wrong_code(founded)),
        "both": ("ana", RIGHT + "x", wrong_code(founded)),
        "another's code": ("ana", RIGHT, founded.code("bogdan")),
        "no such name": ("nobody", RIGHT, founded.code("ana")),
    }[what]
    with pytest.raises(SignInRefused) as refused:
        founded.control.sign_in(name, password, code)
    assert refused.value.detail == "name, password or code"
    assert events(founded)[-1][0] == "admin sign-in refused"
    assert founded.control.sign_in("ana", RIGHT, founded.code("ana")).session


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "+12345", "0x1234", "1" * 1000])
def test_what_is_no_code_is_refused_as_a_wrong_one(founded, typed):
    with pytest.raises(SignInRefused):
        founded.control.sign_in("ana", RIGHT, typed)


def test_a_code_as_apps_show_it_is_accepted(founded):
    code = founded.code("ana")
    assert founded.control.sign_in("ana", RIGHT, f"{code[:3]} {code[3:]}").session


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_half_a_minute_off__rfc6238_5_2(founded, steps, accepted):
    code = pyotp.TOTP(founded.totp["ana"]).at(founded.clock.now() + timedelta(seconds=30 * steps))
    if accepted:
        assert founded.control.sign_in("ana", RIGHT, code).session
    else:
        with pytest.raises(SignInRefused):
            founded.control.sign_in("ana", RIGHT, code)


def test_a_code_works_once_and_none_before_it_works_after_it__rfc6238_5_2(founded):
    earlier = founded.code("ana")
    founded.clock.advance(seconds=30)
    code = founded.code("ana")
    founded.control.sign_in("ana", RIGHT, code)
    for replayed in (code, earlier):
        with pytest.raises(SignInRefused):
            founded.control.sign_in("ana", RIGHT, replayed)
    founded.clock.advance(seconds=30)
    assert founded.control.sign_in("ana", RIGHT, founded.code("ana")).session


def test_a_wrong_sign_in_is_counted_before_anything_is_compared(founded, monkeypatch):
    secrets = founded.opened.control._secrets
    with monkeypatch.context() as patch:
        patch.setattr(type(secrets), "has_password", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            founded.control.sign_in("ana", RIGHT, founded.code("ana"))
    assert failures(founded) == 1
    assert events(founded) == [("admin sign-in counted", "ana")]
    founded.start()
    assert failures(founded) == 1


def test_after_five_wrong_ones_nothing_is_judged_for_a_time_that_doubles(founded):
    for _ in range(TRIES):
        with pytest.raises(SignInRefused):
            founded.control.sign_in("ana", "x" * 12, founded.code("ana"))
    for minutes in (15, 30, 60, 120):
        with pytest.raises(AdminLocked, match="until 2026-11-24"):
            founded.control.sign_in("ana", RIGHT, founded.code("ana"))
        founded.clock.advance(minutes=minutes, seconds=-1)
        with pytest.raises(AdminLocked):
            founded.control.sign_in("ana", RIGHT, founded.code("ana"))
        founded.clock.advance(seconds=1)
        with pytest.raises(SignInRefused):
            founded.control.sign_in("ana", "x" * 12, founded.code("ana"))
    founded.clock.advance(days=1)
    assert founded.control.sign_in("ana", RIGHT, founded.code("ana")).session
    assert failures(founded) == 0


def test_a_lock_is_one_administrators_own_and_survives_a_restart(founded):
    for _ in range(TRIES):
        with pytest.raises(SignInRefused):
            founded.control.sign_in("ana", "x" * 12, "000000")
    founded.start()
    with pytest.raises(AdminLocked):
        founded.control.sign_in("ana", RIGHT, founded.code("ana"))
    assert [each.name for each in founded.control.admins() if each.locked_until] == ["ana"]
    assert founded.control.sign_in("bogdan", PASSWORDS["bogdan"], founded.code("bogdan")).session


def test_a_right_sign_in_between_begins_the_count_anew(founded):
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(SignInRefused):
                founded.control.sign_in("ana", "x" * 12, founded.code("ana"))
        founded.clock.advance(seconds=30)
        founded.control.sign_in("ana", RIGHT, founded.code("ana"))


# --- sessions ----------------------------------------------------------------------------------------------------


def may_act(bench, session: str) -> bool:
    try:
        bench.control.propose(session, acts.AddAdmin(name="emil"))
    except NotSignedIn:
        return False
    return True


def test_a_session_ends_after_minutes(founded):
    session = founded.session()
    founded.clock.advance(seconds=LIFE.total_seconds() - 1)
    assert may_act(founded, session)
    founded.clock.advance(seconds=1)
    assert not may_act(founded, session)


def test_a_session_holds_in_every_process_and_over_a_restart(founded):
    session = founded.session()
    founded.start()
    assert may_act(founded, session)


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_a_session_altered_in_one_byte_is_nobodys(founded, position):
    session = founded.session()
    other = "A" if session[position] != "A" else "B"
    changed = session[:position] + other + (session[position + 1 :] if position >= 0 else "")
    assert not may_act(founded, changed)
    assert may_act(founded, session)


@pytest.mark.parametrize("nobodys", ["", "x", "=", "ă", "A" * 43, "A" * 10_000])
def test_what_is_no_session_is_nobodys(founded, nobodys):
    assert not may_act(founded, nobodys)


def test_a_session_ends_with_the_enrolment_it_belongs_to(founded):
    founded.add("carmen")
    founded.add("doina")
    session = founded.session("carmen")
    assert may_act(founded, session)
    founded.decide(acts.ResetAdmin(name="carmen"))
    assert not may_act(founded, session)
    founded.enrol("carmen")
    assert not may_act(founded, session)
    founded.clock.advance(seconds=30)
    assert founded.session("carmen") != session


def test_nobody_but_the_sessions_makes_somebody_signed_in(founded):
    with pytest.raises(TypeError):
        SignedIn(None, object())


def test_the_database_alone_gives_neither_password_nor_code__attack_d13(founded):
    """What the files hold is a hash of a MAC, and nothing that a code could be made from."""
    founded.session()
    founded.database.close()
    held = b"".join(path.read_bytes() for path in founded.settings.zone_dir("ca").glob("db.sqlite*"))
    for name in ("ana", "bogdan"):
        secret = founded.totp[name]
        assert secret.encode() not in held
        assert pyotp.TOTP(secret).byte_secret() not in held
        assert PASSWORDS[name].encode() not in held
    hashed = held[held.index(b"$argon2id$") :].split(b"\0")[0][:200].decode(errors="replace")
    assert hashed.startswith("$argon2id$v=19$")
