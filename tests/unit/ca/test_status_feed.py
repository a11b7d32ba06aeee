"""The feed by which `status` follows the record."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text

from core.errors import RecordTampered
from tests.support.ca_bench import DAN


def test_every_certificate_is_in_the_feed_from_when_it_is_handed_out(bench):
    assert bench.status.changes(0) == []
    ana, responder = bench.issue(), bench.certify("ocsp")
    states = bench.status.changes(0)
    assert [each.change for each in states] == [1, 2]
    assert [int(each.serial, 16) for each in states] == [ana.serial_number, responder.serial_number]
    assert [each.not_after for each in states] == [ana.not_valid_after_utc, responder.not_valid_after_utc]
    assert {(each.revoked_at, each.reason) for each in states} == {(None, "")}
    key = hashlib.sha256(bench.issuing_key.public_key_der).hexdigest()
    assert {each.issuer for each in states} == {key}


def test_each_change_comes_again_with_a_higher_number(bench):
    serial = f"{bench.issue().serial_number:040x}"
    at = []
    for act in (
        lambda: bench.admin.suspend(serial),
        lambda: bench.admin.resume(serial),
        lambda: bench.admin.revoke(serial, "unspecified"),
    ):
        bench.clock.advance(minutes=1)
        at.append(bench.clock.now())
        act()
    found = [(each.change, each.revoked_at, each.reason) for each in bench.status.changes(1)]
    assert found == [(2, at[0], "certificateHold"), (3, None, ""), (4, at[2], "unspecified")]
    assert {each.serial for each in bench.status.changes(0)} == {serial}


def test_the_feed_is_read_in_stretches(bench):
    for _ in range(3):
        bench.issue()
    assert [each.change for each in bench.status.changes(1, limit=1)] == [2]
    assert [each.change for each in bench.status.changes(-5, limit=-1)] == [1]
    assert len(bench.status.changes(0, limit=10**9)) == 3
    assert bench.status.changes(3) == []


def test_a_change_that_is_missing_is_noticed__attack_d9(bench):
    for person in ({}, DAN, {}):
        bench.issue(**person)
    with bench.database.transaction() as connection:
        connection.execute(text("DELETE FROM statuses WHERE change = 2"))
    with pytest.raises(RecordTampered, match="missing"):
        bench.status.changes(0)


def test_an_inserted_status_is_noticed__attack_d9(bench):
    bench.issue()
    with bench.database.transaction() as connection:
        copied = "SELECT 2, issuer, serial, 'good', '', at, NULL, not_after, seal FROM statuses"
        connection.execute(text(f"INSERT INTO statuses {copied}"))
    with pytest.raises(RecordTampered):
        bench.status.changes(0)
