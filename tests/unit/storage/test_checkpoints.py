"""Checkpoints of a log: when they are made, what is time-stamped, and what their verification names (attack D8)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, text

from core.algorithms import KeyType
from core.errors import CheckpointNotWaiting, ClockInDoubt, DomainError
from core.time_stamp import ImprintDiffers, NonceDiffers, PolicyDiffers, TimeDiffers, UnitUntrusted
from storage.chain import Chain, chain_table
from storage.checkpoints import Checkpoints
from storage.engine import Database
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.software_hsm import SoftwareMacKey, SoftwareSigningKey
from tests.support.stamping import StampingUnit


class Broken(DomainError):
    def __init__(self, row: int, what: str) -> None:
        super().__init__(f"row {row}: {what}")


class World:
    """A log, its checkpoints and an authority, on one clock."""

    def __init__(self, folder, tsa: StampingUnit) -> None:
        self.tsa, self.clock = tsa, tsa.clock
        self.clock.advance(hours=1)
        self.path, self.key = folder / "checkpoints", SoftwareSigningKey(KeyType.EC_P256)
        metadata = MetaData()
        table = chain_table("log", metadata)
        self.database = Database(folder / "log.sqlite")
        self.database.create(metadata)
        self.chain = Chain(table, "log", SoftwareMacKey("log").mac, Broken)
        self.checkpoints = self.process()

    def process(self) -> Checkpoints:
        entropy = FakeEntropy(str(id(self)))
        return Checkpoints(self.path, self.chain, self.database, self.key, self.tsa.trust, entropy)

    def grow(self, rows: int = 1) -> None:
        with self.database.transaction() as connection:
            for _ in range(rows):
                self.chain.append(connection, "something", self.clock.now())

    def write(self, hours: float = 0, rows: int = 1) -> int:
        """Let time pass and the log grow, do the round; return how many checkpoints there are."""
        self.clock.advance(hours=hours)
        self.grow(rows)
        self.checkpoints.write_if_due(self.clock.now())
        return self.state().checkpoints

    def stamp(self, **bent) -> None:
        number, request = self.checkpoints.wanted()
        self.checkpoints.keep(number, self.tsa.respond(request, **bent), self.clock.now())

    def state(self):
        return self.checkpoints.state(self.clock.now())

    def verify(self, process: Checkpoints | None = None):
        return (process or self.process()).verify(self.clock.now())

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def rewrite(self, lines: list[dict]) -> None:
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    return StampingUnit(CaBench(tmp_path_factory.mktemp("tsa") / "state", clock=FakeClock()))


@pytest.fixture
def world(tmp_path, tsa):
    return World(tmp_path, tsa)


@pytest.fixture
def worked(world):
    """Return a world with three checkpoints, the first and the third time-stamped."""
    world.write()
    world.stamp()
    for hours in (6, 7):
        world.write(hours=hours)
    world.stamp()
    return world


def test_an_empty_log_has_no_checkpoint_and_the_first_row_makes_one(world):
    assert world.write(rows=0) == 0
    assert world.checkpoints.wanted() is None
    assert world.write() == 1


def test_a_log_that_grows_has_one_an_hour_and_after_a_thousand_rows(world):
    assert world.write() == 1
    assert world.write(hours=0.99) == 1
    assert world.write(hours=0.02) == 2
    assert world.write(rows=998) == 2
    assert world.write(rows=2) == 3


def test_a_log_that_stands_still_has_two_a_day(world):
    assert world.write() == 1
    assert [world.write(hours=1, rows=0) for _ in range(25)] == [1] * 11 + [2] * 12 + [3] * 2


def test_a_clock_behind_the_last_checkpoint_is_in_doubt__attack_o6(world):
    world.write()
    with pytest.raises(ClockInDoubt):
        world.checkpoints.write_if_due(world.clock.now() - timedelta(seconds=11))
    world.checkpoints.write_if_due(world.clock.now() - timedelta(seconds=9))


def test_the_newest_checkpoint_is_time_stamped_twice_a_day(world):
    world.write()
    world.stamp()
    for _ in range(11):
        world.write(hours=1)
        assert world.checkpoints.wanted() is None
    assert world.write(hours=1) == 13
    assert world.checkpoints.wanted().number == 13
    world.stamp()
    assert world.state().stamped_until == world.clock.now()
    assert world.checkpoints.wanted() is None


def test_while_no_time_stamp_comes_checkpoints_go_on_and_the_state_says_since_when(world):
    world.write()
    due = world.clock.now()
    assert world.state().late_since is None
    for count in range(2, 30):
        assert world.write(hours=1.5) == count
        assert world.state().late_since == due
    world.stamp()
    assert (world.state().late_since, world.state().stamped_until) == (None, world.clock.now())
    verified = world.verify()
    assert (verified.checkpoints, verified.time_stamps, verified.gaps) == (29, 1, [(due, world.clock.now())])


def test_a_time_stamp_is_late_an_hour_after_it_was_due(worked):
    stamped = worked.clock.now()
    worked.write(hours=12)
    assert worked.state().late_since is None
    worked.clock.advance(hours=1, seconds=1)
    assert worked.state().late_since == stamped + timedelta(hours=12)


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [({"nonce": 8}, NonceDiffers), ({"late": timedelta(hours=1)}, TimeDiffers), ({"policy": "1.2.3"}, PolicyDiffers)],
)
def test_a_false_time_stamp_is_not_kept_and_the_right_one_still_is__attack_y6(world, bent, refusal):
    world.write()
    before = world.lines()
    with pytest.raises(refusal):
        world.stamp(**bent)
    assert world.lines() == before
    world.stamp()
    assert world.verify().time_stamps == 1


def test_a_strangers_time_stamp_is_not_kept__attack_y6(world, tmp_path):
    stranger = StampingUnit(CaBench(tmp_path / "other", clock=world.clock))
    world.write()
    number, request = world.checkpoints.wanted()
    with pytest.raises(UnitUntrusted):
        world.checkpoints.keep(number, stranger.respond(request), world.clock.now())


def test_a_time_stamp_is_kept_once_and_for_the_checkpoint_it_is_of(world):
    world.write()
    number, request = world.checkpoints.wanted()
    response = world.tsa.respond(request)
    world.write(rows=1000)
    for wrong, refusal in ((number + 1, ImprintDiffers), (number + 2, CheckpointNotWaiting), (0, CheckpointNotWaiting)):
        with pytest.raises(refusal):
            world.checkpoints.keep(wrong, response, world.clock.now())
    world.checkpoints.keep(number, response, world.clock.now())
    with pytest.raises(CheckpointNotWaiting):
        world.checkpoints.keep(number, response, world.clock.now())


def test_several_processes_number_them_together(world):
    others = [world.checkpoints, world.process(), world.process()]
    for number in range(9):
        world.checkpoints = others[number % 3]
        assert world.write(hours=1.1) == number + 1
        if number % 4 == 0:
            world.checkpoints = others[(number + 1) % 3]
            if world.checkpoints.wanted():
                world.stamp()
    assert world.verify().checkpoints == 9
    assert [each.state(world.clock.now()).checkpoints for each in others] == [9, 9, 9]


def test_everything_is_verified_from_the_first(worked):
    found = worked.verify()
    assert (found.checkpoints, found.time_stamps, found.gaps) == (3, 2, [])
    assert found.stamped_until == worked.clock.now()


def test_a_log_without_checkpoints_yet_is_no_error(world):
    assert world.verify() == (0, 0, None, [])


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda lines: lines[1:], "row 1: a time-stamp of checkpoint 1, which waits for none there"),
        (lambda lines: lines[2:], "row 1: checkpoint 1 is missing"),
        (lambda lines: [*lines[:2], *lines[3:]], "checkpoint 2 is missing"),
        (lambda lines: [*lines[:2], lines[3], lines[2], lines[4]], "checkpoint 2 is missing"),
        (lambda lines: [*lines[:3], lines[4], lines[3]], "row 2: a time-stamp of checkpoint 3, which waits for none"),
        (lambda lines: [lines[0], lines[1], lines[1], *lines[2:]], "row 1: a time-stamp of checkpoint 1, which waits"),
        (lambda lines: [*lines[:2], lines[2] | {"rows": 3}, *lines[3:]], "row 3: checkpoint 2: its signature"),
        (
            lambda lines: [*lines[:2], lines[2] | {"at": "2026-11-24T09:43:00Z"}, *lines[3:]],
            "checkpoint 2: its signature",
        ),
        (lambda lines: [*lines[:2], lines[2] | {"link": lines[0]["link"]}, *lines[3:]], "checkpoint 2: its signature"),
        (
            lambda lines: [*lines[:2], lines[2] | {"before": lines[0]["link"]}, *lines[3:]],
            "checkpoint 2: its signature",
        ),
        (lambda lines: [*lines[:2], lines[2] | {"nonce": "AAAA"}, *lines[3:]], "checkpoint 2: its signature"),
        (lambda lines: [*lines[:2], lines[2] | {"at": "2026-11-24T09:43:00"}, *lines[3:]], "cannot be read"),
        (lambda lines: [*lines[:2], lines[2] | {"more": 1}, *lines[3:]], "cannot be read"),
        (
            lambda lines: [*lines[:4], lines[4] | {"token": lines[1]["token"]}],
            "checkpoint 3: its time-stamp is not one",
        ),
        (lambda lines: [*lines[:4], lines[4] | {"token": "AAAA"}], "checkpoint 3: its time-stamp is not one"),
        (lambda lines: [*lines[:4], lines[4] | {"number": 2}], "checkpoint 2: its time-stamp is not one"),
    ],
)
def test_the_first_checkpoint_that_is_wrong_or_missing_is_named(worked, damage, what):
    worked.rewrite(damage(worked.lines()))
    with pytest.raises(Broken, match=what):
        worked.verify()


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["DELETE FROM log WHERE id = 3"], "row 3: checkpoint 3: the log was cut or rewritten since"),
        (["DELETE FROM log"], "row 1: checkpoint 1: the log was cut"),
        (["UPDATE log SET link = zeroblob(32) WHERE id = 2"], "row 2: checkpoint 2: the log was cut or rewritten"),
    ],
)
def test_what_a_checkpoint_saw_cannot_be_cut_off_or_written_anew__attack_d8(worked, statements, what):
    with worked.database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))
    with pytest.raises(Broken, match=what):
        worked.verify()


def test_checkpoints_made_anew_by_who_has_the_key_do_not_fit_the_time_stamps__attack_d8(worked):
    kept = [line for line in worked.lines() if line["kind"] == "time-stamp"]
    with worked.database.transaction() as connection:
        connection.execute(text("DELETE FROM log WHERE id > 1"))
    worked.path.unlink()
    worked.checkpoints = worked.process()
    worked.write(rows=0)
    worked.rewrite([*worked.lines(), kept[0]])
    with pytest.raises(Broken, match="checkpoint 1: its time-stamp is not one"):
        worked.verify()


def test_without_its_time_stamps_a_log_is_said_to_have_none(worked):
    worked.rewrite([line for line in worked.lines() if line["kind"] == "checkpoint"])
    worked.clock.advance(hours=20)
    found = worked.verify()
    assert found.time_stamps == 0
    assert [end - begin for begin, end in found.gaps] == [timedelta(hours=33)]


def test_times_of_more_than_a_day_without_a_time_stamp_are_told(worked):
    stamped = worked.clock.now()
    worked.clock.advance(hours=24)
    assert worked.verify().gaps == []
    worked.write(hours=2)
    assert worked.verify().gaps == [(stamped, worked.clock.now())]
    worked.stamp()
    assert worked.verify().gaps == [(stamped, worked.clock.now())]


def test_a_time_stamp_older_than_its_checkpoint_is_not_one(worked):
    worked.write(hours=13)
    number, request = worked.checkpoints.wanted()
    old = worked.tsa.token(request, late=timedelta(hours=-1))
    worked.rewrite([*worked.lines(), {"kind": "time-stamp", "number": number, "token": base64.b64encode(old).decode()}])
    with pytest.raises(Broken, match=f"checkpoint {number}: its time-stamp is older than itself"):
        worked.verify()


@pytest.mark.parametrize("left", [1, 20, 200])
def test_what_a_crash_left_of_a_line_is_taken_away(worked, left):
    whole = worked.path.read_bytes()
    last = whole.splitlines(keepends=True)[-2]
    worked.path.write_bytes(whole + last[:left])
    worked.checkpoints = worked.process()
    assert worked.write(hours=2) == 4
    assert worked.path.read_bytes().startswith(whole)
    assert worked.verify().checkpoints == 4


def test_a_file_that_was_cut_under_a_running_process_is_noticed(worked):
    worked.state()
    worked.rewrite(worked.lines()[:3])
    for act in (worked.state, worked.checkpoints.wanted, lambda: worked.write(hours=2)):
        with pytest.raises(Broken, match="checkpoints were cut off"):
            act()


def test_another_key_signs_no_checkpoint_of_this_log(worked):
    worked.key = SoftwareSigningKey(KeyType.EC_P256)
    with pytest.raises(Broken, match="checkpoint 1: its signature does not verify"):
        worked.verify()
