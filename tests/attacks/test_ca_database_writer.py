"""Who can write the authority's database, with SQL of their own, gets no act done that two people did not decide.

Rows of administrators and proposals are sealed, only ever newer, and held against the log (attacks §8: D1 to D6, D9).
Each attempt asserts the reason, that no key was used, and that the honest way works when the row is put right.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from ca import acts, control_tables, tables
from ca.admin_protocol import AdminLocked, ProposalClosed, SignInRefused
from ca.dual_control import DualControl
from ca.guarded import Guarded
from ca.protocol import AuditBroken
from core.errors import RecordTampered
from storage.seals import Seals
from tests.support.ca_bench import PASSWORDS, CaBench
from tests.support.software_hsm import SoftwareMacKey

ROTATE = acts.RotateIssuingKey(generation=2, name="TEST Natural Person CA G2", key="ec-p384", days=3650)
OTHER = acts.canonical(acts.RotateIssuingKey(generation=2, name="TEST Someone Else's CA", key="ec-p384", days=3650))
SEALED = (control_tables.admins, control_tables.proposals)
# Tables without a seal, and why each needs none.
UNSEALED = {
    "certificates": "a row tells nothing that the certificate, signed, does not tell; the log has its digest",
    "crls": "the list is signed, and its digest is in the log",
    "trusted_lists": "the list is signed, and its digest is in the log",
    "audit": "chained by keyed links, verified as a whole",
}
PROPOSAL_CHANGES = {
    "proposal": "p-another",
    "act": OTHER,
    "proposed_by": "bogdan",
    "proposed_at": 1,
    "expires_at": 9_000_000_000_000_000,
    "state": "done",
    "decided_by": "ana",
    "decided_at": 1,
    "outcome": "well done",
    "version": 9,
}
ADMIN_CHANGES = {
    "name": "anna",
    "state": "disabled",
    "invitation": "p-1",
    "invited_until": 1,
    "enrolment": b"0" * 16,
    "password_hash": "$argon2id$v=19$m=8,t=1,p=1$MTIzNDU2Nzg$MTIzNDU2Nzg5MDEyMzQ1Ng",
    "failures": 7,
    "locked_until": 1,
    "last_step": 9,
    "version": 9,
}


@pytest.fixture
def bench(tmp_path):
    bench = CaBench(tmp_path / "state")
    start(bench)
    return bench


def start(bench) -> None:
    bench.start()
    bench.opened.control.guard({acts.RotateIssuingKey: Guarded(lambda _connection, _act: None)})


def sql(bench, statement: str, *values: object) -> None:
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(statement, values)


def row_of(bench, table: str, key: str, value: str) -> dict:
    with bench.database.reading() as connection:
        return dict(connection.exec_driver_sql(f"SELECT * FROM {table} WHERE {key} = ?", (value,)).mappings().one())


def put(bench, table: str, row: dict) -> None:
    marks = ", ".join("?" for _ in row)
    sql(bench, f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())


def propose(bench):
    return bench.control.propose(bench.session("ana"), ROTATE).proposal


def approve(bench, proposal):
    return bench.control.approve(bench.session("bogdan"), proposal.proposal, proposal.digest)


def redeem(bench, proposal) -> acts.Act:
    with bench.database.transaction() as connection:
        approved = bench.opened.control.dual.approved(connection, proposal.proposal)
        return approved.redeem(connection, acts.RotateIssuingKey)


@pytest.mark.parametrize("column", PROPOSAL_CHANGES)
def test_a_proposal_changed_by_hand_is_not_approved__d1(bench, column):
    proposal = propose(bench)
    honest = row_of(bench, "proposals", "proposal", proposal.proposal)
    name = PROPOSAL_CHANGES["proposal"] if column == "proposal" else proposal.proposal
    sql(bench, f"UPDATE proposals SET {column} = ? WHERE proposal = ?", PROPOSAL_CHANGES[column], proposal.proposal)
    start(bench)
    with pytest.raises(RecordTampered):
        bench.control.approve(bench.session("bogdan"), name, proposal.digest)
    sql(bench, "DELETE FROM proposals WHERE proposal = ?", name)
    put(bench, "proposals", honest)
    assert approve(bench, proposal).proposal.state == "approved"
    assert redeem(bench, proposal) == ROTATE


@pytest.mark.parametrize("column", sorted(PROPOSAL_CHANGES.keys() - {"proposal"}))
def test_an_approved_act_changed_by_hand_is_not_carried_out__d1(bench, column):
    proposal = propose(bench)
    approve(bench, proposal)
    honest = row_of(bench, "proposals", "proposal", proposal.proposal)
    sql(bench, f"UPDATE proposals SET {column} = ?", PROPOSAL_CHANGES[column])
    with pytest.raises(RecordTampered):
        redeem(bench, proposal)
    put(bench, "proposals", honest)
    assert redeem(bench, proposal) == ROTATE


def test_an_approval_of_another_act_is_not_this_ones__d1(bench):
    """Everything of an approved proposal's row, seal included, under the name of one that waits."""
    approved, waiting = propose(bench), propose(bench)
    approve(bench, approved)
    foreign = row_of(bench, "proposals", "proposal", approved.proposal)
    put(bench, "proposals", {**foreign, "proposal": waiting.proposal})
    with pytest.raises(RecordTampered):
        redeem(bench, waiting)


@pytest.mark.parametrize("restarted", [False, True])
def test_an_older_row_put_back_is_refused_or_found_out__d2(bench, restarted):
    """An act that was carried out comes back as approved. While the zone runs it is refused; after that the log knows."""
    proposal = propose(bench)
    approve(bench, proposal)
    older = row_of(bench, "proposals", "proposal", proposal.proposal)
    redeem(bench, proposal)
    with pytest.raises(ProposalClosed):
        redeem(bench, proposal)
    put(bench, "proposals", older)
    if restarted:
        start(bench)
        with pytest.raises(AuditBroken, match=f"another version of {proposal.proposal} in proposals"):
            bench.admin.verify_audit()
    else:
        with pytest.raises(RecordTampered, match="older than it was"):
            redeem(bench, proposal)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_row_taken_away_is_missed__d3(bench, restarted):
    proposal = propose(bench)
    approve(bench, proposal)
    sql(bench, "DELETE FROM proposals")
    if restarted:
        start(bench)
        with pytest.raises(AuditBroken, match=f"lacks {proposal.proposal} in proposals"):
            bench.admin.verify_audit()
    else:
        with pytest.raises(RecordTampered, match="is gone"):
            redeem(bench, proposal)


@pytest.mark.parametrize("column", ADMIN_CHANGES)
def test_an_administrator_changed_by_hand_neither_signs_in_nor_acts__d1(bench, column):
    bench.session("ana")
    honest = row_of(bench, "admins", "name", "ana")
    sql(bench, f"UPDATE admins SET {column} = ? WHERE name = 'ana'", ADMIN_CHANGES[column])
    start(bench)
    if column == "name":
        with pytest.raises(RecordTampered):
            bench.control.sign_in("anna", PASSWORDS["ana"], bench.code("ana"))
        sql(bench, "DELETE FROM admins WHERE name = 'anna'")
    else:
        for act in (lambda: propose(bench), lambda: bench.control.sign_in("ana", PASSWORDS["ana"], bench.code("ana"))):
            with pytest.raises(RecordTampered):
                act()
    put(bench, "admins", honest)
    assert propose(bench).state == "open"


def test_an_administrator_made_by_hand_is_nobody__d5(bench):
    bench.found()
    ana = row_of(bench, "admins", "name", "ana")
    put(bench, "admins", {**ana, "name": "mallory"})
    with pytest.raises(RecordTampered):
        bench.control.sign_in("mallory", PASSWORDS["ana"], bench.code("ana"))
    foreign = Seals(SoftwareMacKey("another").mac)
    made = control_tables.Admin(name="mallory", state="active", enrolment=b"0" * 16, version=1)
    put(bench, "admins", foreign.sealed(control_tables.admins, made))
    with pytest.raises(RecordTampered):
        bench.control.sign_in("mallory", PASSWORDS["ana"], bench.code("ana"))


def test_a_lock_and_a_used_code_put_back_by_hand_let_nobody_try_again__d3(bench):
    bench.found()
    fresh = row_of(bench, "admins", "name", "ana")
    code = bench.code("ana")
    bench.control.sign_in("ana", PASSWORDS["ana"], code)
    put(bench, "admins", fresh)
    with pytest.raises(RecordTampered, match="older than it was"):
        bench.control.sign_in("ana", PASSWORDS["ana"], code)


def test_a_disabled_administrator_put_back_by_hand_acts_no_more_and_is_found_out__d2(bench):
    bench.add("carmen")
    session = bench.session("carmen")
    active = row_of(bench, "admins", "name", "carmen")
    bench.decide(acts.DisableAdmin(name="carmen"))
    put(bench, "admins", active)
    with pytest.raises(RecordTampered):
        bench.control.propose(session, ROTATE)
    start(bench)
    with pytest.raises(AuditBroken, match="another version of carmen in admins"):
        bench.admin.verify_audit()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("admins", "failures = 'two'"),
        ("admins", "last_step = NULL"),
        ("admins", "failures = 9223372036854775807"),
        ("admins", "enrolment = x''"),
        ("admins", "state = 'ACTIVE'"),
        ("proposals", "version = '2'"),
        ("proposals", "version = 2.0"),
        ("proposals", "decided_at = NULL"),
        ("proposals", "outcome = x''"),
    ],
)
def test_values_of_another_type_are_refused_and_not_coerced__d5(bench, table, change):
    proposal = propose(bench)
    approve(bench, proposal)
    try:
        sql(bench, f"UPDATE {table} SET {change}")
    except IntegrityError:  # the STRICT table does not take it
        assert redeem(bench, proposal) == ROTATE
        return
    if change.startswith("version"):  # SQLite takes them for the number they are: nothing has changed
        assert redeem(bench, proposal) == ROTATE
        return
    with pytest.raises(RecordTampered):
        redeem(bench, proposal)


def test_a_count_lowered_by_hand_gives_no_more_tries__d3(bench):
    bench.found()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            bench.control.sign_in("ana", "x" * 12, "000000")
    sql(bench, "UPDATE admins SET failures = 0, locked_until = NULL WHERE name = 'ana'")
    with pytest.raises(RecordTampered):
        bench.control.sign_in("ana", PASSWORDS["ana"], bench.code("ana"))
    assert bench.control.sign_in("bogdan", PASSWORDS["bogdan"], bench.code("bogdan")).session


def test_a_lock_holds_when_nobody_touches_it(bench):
    bench.found()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            bench.control.sign_in("ana", "x" * 12, "000000")
    with pytest.raises(AdminLocked):
        bench.control.sign_in("ana", PASSWORDS["ana"], bench.code("ana"))


@pytest.mark.parametrize("table", [table.name for table in tables.metadata.sorted_tables])
def test_every_table_is_sealed_or_says_why_not__d6(table):
    sealed = {each.name for each in tables.metadata.sorted_tables if "seal" in each.c}
    assert (table in sealed) != (table in UNSEALED)


@pytest.mark.parametrize(("table", "column"), [(t, c.name) for t in SEALED for c in t.c if c.name != "seal"])
def test_the_seal_covers_every_column__d6(table: Table, column):
    seals = Seals(SoftwareMacKey("seal").mac)
    row = {c.name: None for c in table.c if c.name != "seal"}
    sealed = seals.sealed(table, SimpleNamespace(**row))
    with pytest.raises(RecordTampered):
        seals.opened(table, {**sealed, column: "changed"})
    assert seals.opened(table, sealed) == row


def test_the_log_of_what_was_honest_is_whole(bench):
    proposal = propose(bench)
    approve(bench, proposal)
    redeem(bench, proposal)
    with bench.database.transaction() as connection:
        control: DualControl = bench.opened.control.dual
        control.finish(connection, proposal.proposal, "done")
    assert bench.admin.verify_audit().rows
