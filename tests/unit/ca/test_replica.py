"""The status zone's copy of the record: it follows the feed, never backwards, and says when it cannot."""

import pytest

from ca.protocol import CertificateState
from ca.replica import CertificateName, FeedBroken, Replica, StatusStale
from core.errors import RecordTampered, Unavailable
from tests.support.status_bench import StatusBench


@pytest.fixture
def status(tmp_path):
    return StatusBench(tmp_path / "status")


def known(status, serial: int) -> CertificateState | None:
    status.replica.refresh()
    (state,) = status.replica.look_up([CertificateName(status.feed.states[0].issuer, serial)])
    return state


def test_a_change_is_known_within_half_a_second(status):
    status.feed.good(5)
    assert known(status, 5).revoked_at is None
    status.feed.revoked(5, status.clock.now())
    status.advance(seconds=0.4)
    assert known(status, 5).revoked_at is None
    status.advance(seconds=0.2)
    assert known(status, 5).revoked_at == status.feed.states[-1].revoked_at


def test_a_certificate_issued_a_moment_ago_is_known(status):
    status.feed.good(5)
    assert known(status, 5) is not None
    status.feed.good(6)
    assert known(status, 6) is not None  # in the same instant
    assert len(status.feed.caller.calls) == 2


def test_asking_for_unknown_certificates_does_not_flood_the_authority(status):
    status.feed.good(5)
    for serial in range(1000, 1100):
        status.advance(seconds=0.01)
        assert known(status, serial) is None
    assert len(status.feed.caller.calls) <= 2 + 20


def test_nothing_is_called_unknown_while_the_authority_cannot_be_asked(status):
    status.feed.good(5)
    assert known(status, 5) is not None
    status.feed.caller.down = True
    status.advance(seconds=1)
    assert known(status, 5) is not None
    with pytest.raises(StatusStale, match="could not be asked"):
        known(status, 6)


def test_it_asks_no_more_often_than_that(status):
    status.feed.good(5)
    for _ in range(10):
        status.advance(seconds=0.1)
        status.replica.refresh()
    assert len(status.feed.caller.calls) == 2


def test_a_long_record_is_taken_in_stretches(status):
    for serial in range(1, 2502):
        status.feed.good(serial)
    assert known(status, 1).serial.endswith("1")
    assert known(status, 2501) is not None
    assert status.replica.change == 2501


def test_what_was_learnt_outlives_a_restart(status):
    for serial in range(1, 20):
        status.feed.good(serial)
    status.replica.refresh()
    status.start()
    assert status.replica.change == 19
    status.feed.caller.calls.clear()
    assert known(status, 7) is not None
    assert status.feed.caller.calls == ["StatusChanges"]


def test_each_process_learns_of_a_change_that_another_stored(status):
    status.feed.good(5)
    other = Replica(status.database, status.feed.caller, status.clock, lambda: status.running)
    assert known(status, 5).revoked_at is None
    status.feed.revoked(5, status.clock.now())
    status.advance(seconds=1)
    other.refresh()
    assert known(status, 5).revoked_at is not None


def test_an_older_change_does_not_replace_a_newer_one(status):
    status.feed.good(5)
    status.feed.revoked(5, status.clock.now())
    status.replica.refresh()
    slow = Replica(status.database, status.feed.caller, status.clock, lambda: status.running)
    slow._seen = 0  # a process that began before the change and comes late
    status.feed.states.pop()
    slow._take()
    assert known(status, 5).revoked_at is not None


def test_an_authority_that_forgot_a_change_is_not_believed__attack_o2(status):
    status.feed.good(5)
    status.feed.revoked(5, status.clock.now())
    status.replica.refresh()
    status.feed.states.pop()  # restored from a copy made before the revocation
    status.advance(seconds=1)
    with pytest.raises(FeedBroken, match="change 2"):
        status.replica.refresh()
    with pytest.raises(StatusStale):
        status.replica.refresh()
    status.start()
    with pytest.raises(FeedBroken):
        status.replica.refresh()


def test_a_record_that_the_authority_itself_calls_broken_is_not_told_on(status, monkeypatch):
    status.feed.good(5)
    status.replica.refresh()

    def broken(_request):
        raise RecordTampered("statuses")

    server = status.feed.caller.server
    monkeypatch.setitem(server._handlers, next(iter(server._handlers)), broken)
    status.advance(seconds=1)
    with pytest.raises(RecordTampered):
        status.replica.refresh()
    with pytest.raises(StatusStale):
        status.replica.refresh()


def test_a_lost_database_tells_nothing(status):
    status.feed.good(5)
    with status.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE states")
    with pytest.raises(Unavailable):
        known(status, 5)


def test_memory_of_what_was_asked_for_is_bounded(status, monkeypatch):
    monkeypatch.setattr("ca.replica._MOST_KEPT", 5)
    for serial in range(1, 20):
        status.feed.good(serial)
    for serial in range(1, 20):
        assert known(status, serial).serial == f"{serial:040x}"
        assert len(status.replica._kept) <= 5
