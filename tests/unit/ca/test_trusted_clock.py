"""A clock that refuses to tell a time it cannot stand for (EN 319 421 §7.7.2, attack O6)."""

import time
from datetime import timedelta

import pytest

from ca.time_service import KernelTimeService, TimeServiceState
from ca.trusted_clock import ACCURACY, TrustedClock, metadata
from core.errors import ClockInDoubt, Unavailable
from tests.support.status_bench import StatusBench


@pytest.fixture
def status(tmp_path):
    return StatusBench(tmp_path / "status")


def kept(error_ms: int = 10, **more) -> TimeServiceState:
    """Return the state of a clock that a time service keeps."""
    return TimeServiceState(synchronised=True, largest_error=timedelta(milliseconds=error_ms), **more)


LOST = TimeServiceState(synchronised=False, largest_error=timedelta(seconds=16))


def test_time_that_passes_is_told(status):
    for _ in range(20):
        status.advance(seconds=0.2)
        assert status.trusted.now() == status.clock.now()


@pytest.mark.parametrize("span", [timedelta(hours=-1), timedelta(seconds=-2), timedelta(milliseconds=-300)])
def test_a_step_backwards_stops_it(status, span):
    status.trusted.now()
    status.clock.instant += span
    with pytest.raises(ClockInDoubt):
        status.trusted.now()


@pytest.mark.parametrize("milliseconds", [1, 100, 249])
def test_not_even_a_small_step_backwards_is_told(status, milliseconds):
    told = status.trusted.now()
    status.clock.instant -= timedelta(milliseconds=milliseconds)
    with pytest.raises(ClockInDoubt):
        status.trusted.now()
    status.advance(milliseconds=milliseconds)
    assert status.trusted.now() == told


@pytest.mark.parametrize("span", [timedelta(hours=1), timedelta(milliseconds=300)])
def test_a_step_forwards_that_nobody_vouches_for_stops_it_too(status, span):
    status.trusted.now()
    status.clock.instant += span
    with pytest.raises(ClockInDoubt, match="set, by"):
        status.trusted.now()


def test_a_process_that_was_put_aside_does_not_take_it_for_a_step(status):
    paused = iter([0.0, 5.0])

    class SlowClock:
        def now(self):
            status.advance(seconds=next(paused, 0.0))  # the machine is busy with others just here
            return status.clock.now()

    clock = TrustedClock(SlowClock(), lambda: status.running, status.time_service, status.database)
    for _ in range(3):
        status.advance(seconds=0.1)
        assert clock.now() == status.clock.now()


def test_a_step_forwards_by_the_time_service_is_taken(status):
    status.time_service.said = kept()
    status.trusted.now()
    status.clock.advance(minutes=5)
    assert status.trusted.now() == status.clock.now()
    status.advance(seconds=1)
    assert status.trusted.now() == status.clock.now()


def test_no_time_before_the_last_one_is_told_after_a_restart(status):
    status.trusted.now()
    status.advance(seconds=30)
    status.trusted.now()
    status.clock.advance(seconds=-3)
    status.start()
    with pytest.raises(ClockInDoubt, match="on record"):
        status.trusted.now()
    status.advance(seconds=4)
    status.trusted.now()


def test_another_process_knows_of_the_last_time_too(status):
    other = TrustedClock(status.clock, lambda: status.running, status.time_service, status.database)
    status.advance(seconds=60)
    other.now()
    status.advance(seconds=-1)
    with pytest.raises(ClockInDoubt):
        status.trusted.now()


def test_processes_that_record_at_the_same_moment_do_not_doubt_each_other(tmp_path):
    """Four threads with a clock each stand for four processes: what is recorded is asked for under the lock."""
    from concurrent.futures import ThreadPoolExecutor

    from core.clock import SystemClock
    from storage.engine import Database
    from tests.support.status_bench import FakeTimeService

    def tell(_number: int) -> None:
        clock = TrustedClock(SystemClock(), time.monotonic, FakeTimeService(), Database(tmp_path / "db.sqlite"))
        for _ in range(100):
            clock._recorded = None
            clock.now()

    Database(tmp_path / "db.sqlite").create(metadata)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tell, range(4))) == [None] * 4


def test_the_time_services_word_does_not_take_time_back(status):
    status.time_service.said = kept()
    status.trusted.now()
    status.clock.advance(hours=-1)
    with pytest.raises(ClockInDoubt):
        status.trusted.now()


def test_an_error_larger_than_the_accuracy_stops_it__tis_7_7_2(status):
    status.time_service.said = kept(int(ACCURACY.total_seconds() * 1000))
    status.trusted.now()
    status.time_service.said = kept(int(ACCURACY.total_seconds() * 1000) + 1)
    with pytest.raises(ClockInDoubt, match="error"):
        status.trusted.now()


def test_a_time_service_that_was_there_and_is_lost_stops_it(status):
    status.trusted.now()
    status.time_service.said = kept()
    status.trusted.now()
    status.time_service.said = LOST
    with pytest.raises(ClockInDoubt, match="does not keep"):
        status.trusted.now()
    status.time_service.said = kept()
    status.trusted.now()


def test_settings_may_demand_a_time_service(status):
    clock = TrustedClock(
        status.clock, lambda: status.running, status.time_service, status.database, service_required=True
    )
    with pytest.raises(ClockInDoubt):
        clock.now()
    status.time_service.said = kept()
    clock.now()


def test_a_leap_second_is_not_told__tis_7_7_1_09(status):
    status.time_service.said = kept(leap_second=True)
    with pytest.raises(ClockInDoubt, match="leap"):
        status.trusted.now()


def test_without_its_record_it_tells_nothing(status):
    with status.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE latest_time")
    with pytest.raises(Unavailable):
        status.trusted.now()


def test_drift_is_in_the_log_about_once_a_minute(status, caplog):
    caplog.set_level("INFO")
    for _ in range(130):
        status.advance(seconds=1)
        status.trusted.now()
    said = [record for record in caplog.records if record.message == "clock"]
    assert [record.drift_ms for record in said] == [0, 0, 0]


def test_the_kernel_says_how_far_its_clock_may_be_trusted():
    state = KernelTimeService().state()
    assert timedelta(0) <= state.largest_error <= timedelta(seconds=20)
    assert state.synchronised in {True, False}
