"""The authority's audit log: what is in it, and what its verification names."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import text

from ca.protocol import AuditBroken, ReasonUnknown
from ca.server import CHECKPOINTS
from tests.support.ca_bench import DAN


@pytest.fixture
def worked(bench):
    """Return an authority that has issued, suspended, resumed and revoked."""
    bench.session()
    ana, dan = (f"{bench.issue(**person).serial_number:040x}" for person in ({}, DAN))
    bench.certify("ocsp")
    bench.admin.suspend(ana)
    bench.admin.resume(ana)
    bench.admin.revoke(dan, "keyCompromise")
    return bench


def told(bench) -> list[dict]:
    with bench.database.reading() as connection:
        return [row for _number, row in bench.authority._parts.audit.rows(connection)]


def change(bench, statement: str) -> None:
    with bench.database.transaction() as connection:
        connection.execute(text(statement))


def test_every_act_is_in_the_log_and_who_wanted_it(worked):
    events = [row["event"] for row in told(worked)]
    issuing = ["certificate about to be signed", "certificate issued", "status changed"]
    changing = ["status changed", "revocation list issued"]
    signing_in = ["admin enrolled", "admin enrolled", "admin sign-in counted", "admin signed in"]
    assert events == ["revocation list issued", *signing_in, *issuing * 3, *changing * 3]
    assert [row["by"] for row in told(worked) if row["event"] == "status changed"] == ["ca"] * 3 + ["admin ana"] * 3
    assert worked.admin.verify_audit().rows == len(events)


def test_an_act_that_was_refused_is_not_in_the_log(worked):
    before = told(worked)
    with pytest.raises(ReasonUnknown):
        worked.admin.revoke("5", "boredom")
    assert told(worked) == before


@pytest.mark.parametrize("row", [1, 2, 9, 20])
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE audit SET body = CAST(body || x'00' AS BLOB) WHERE id = {}", "altered"),
        ("UPDATE audit SET event = 'nothing happened' WHERE id = {}", "altered"),
        ("UPDATE audit SET at = at - 1 WHERE id = {}", "altered"),
        ("UPDATE audit SET link = zeroblob(32) WHERE id = {}", "altered"),
    ],
)
def test_the_first_altered_row_is_named(worked, row, statement, what):
    assert len(told(worked)) == 20
    change(worked, statement.format(row))
    with pytest.raises(AuditBroken, match=f"row {row}: {what}") as broken:
        worked.admin.verify_audit()
    assert broken.value.row == row


def test_the_first_missing_row_is_named(worked):
    change(worked, "DELETE FROM audit WHERE id = 7")
    with pytest.raises(AuditBroken, match="row 7: missing"):
        worked.admin.verify_audit()


def test_the_first_of_two_rows_in_each_others_place_is_named(worked):
    for statement in ("id = 99 WHERE id = 5", "id = 5 WHERE id = 6", "id = 6 WHERE id = 99"):
        change(worked, f"UPDATE audit SET {statement}")
    with pytest.raises(AuditBroken, match="row 5: altered"):
        worked.admin.verify_audit()


def test_rows_cut_off_at_the_end_are_noticed_because_the_record_knows_more(worked):
    change(worked, "DELETE FROM audit WHERE id >= 19")
    with pytest.raises(AuditBroken, match="row 19"):
        worked.admin.verify_audit()
    change(worked, "DELETE FROM audit WHERE id >= 7")
    with pytest.raises(AuditBroken, match="row 7: the record has another certificate"):
        worked.admin.verify_audit()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE certificates SET certificate = NULL WHERE row = 1", "row 7: the record lacks a certificate"),
        ("UPDATE certificates SET certificate = x'3000' WHERE row = 2", "row 10: the record has another certificate"),
        ("DELETE FROM statuses WHERE change = 4", "row 15: the record lacks change 4"),
        ("UPDATE crls SET digest = zeroblob(32) WHERE number = 4", "row 20: the record has another revocation list"),
        ("DELETE FROM crls WHERE number = 4", "row 20: the record has another revocation list"),
    ],
)
def test_a_record_that_says_otherwise_than_the_log_is_named(worked, statement, what):
    change(worked, statement)
    with pytest.raises(AuditBroken, match=what):
        worked.admin.verify_audit()


def test_an_old_copy_of_the_whole_database_is_found_out_by_a_checkpoint__attacks_d8_o2(worked, tmp_path):
    worked.authority.make_round()
    worked.database.close()
    path, copy = worked.settings.zone_dir("ca") / "db.sqlite", tmp_path / "copy"
    shutil.copy(path, copy)
    worked.clock.advance(hours=2)
    worked.issue()
    worked.authority.make_round()
    whole = worked.operator.verify_audit()
    assert (whole.checkpoints.checkpoints, whole.checkpoints.time_stamps) == (2, 0)
    worked.database.close()
    shutil.copy(copy, path)
    for log in path.parent.glob("db.sqlite-*"):
        log.unlink()
    worked.start()
    with pytest.raises(AuditBroken, match=f"row {whole.rows}: checkpoint 2: the log was cut or rewritten since"):
        worked.operator.verify_audit()


def test_a_checkpoint_is_part_of_the_verification(worked):
    worked.authority.make_round()
    path = worked.settings.zone_dir("ca") / CHECKPOINTS
    path.write_bytes(path.read_bytes().replace(b'"rows":1,', b'"rows":2,'))
    with pytest.raises(AuditBroken, match="row 2: checkpoint 1: its signature does not verify"):
        worked.operator.verify_audit()
