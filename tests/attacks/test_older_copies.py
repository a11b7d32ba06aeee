"""Old rows, and old copies of the whole database, are the SAM's own and not the newest: refused (attacks D2 to D4, D8, O1, O5, O7).

Each attempt asserts the reason, that no key was used, and that the honest request succeeds when the row is put right, or
the copy was put to use by two people.
"""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest
from sqlalchemy import Table, delete, insert, select

from core.errors import RecordStale
from core.factors import ChallengeClosed, CodeWrong, SigningStopped, ThrottledUntil
from otp.tables import allowances, challenges
from signer.sam.errors import ApprovalNotOpen, CredentialNotUsable, PortalUnknown, TransactionClosed, TransactionUnknown
from signer.sam.protocol import (
    AcknowledgeOrder,
    Approve,
    BeginOwnRevocation,
    ConfirmOwnRevocation,
    ListRevocationOrders,
    MakeKey,
    OpenTransaction,
    RegisterPortal,
    ResendCode,
    SetState,
    SubmitCode,
    VerifyEvidence,
    WithdrawApproval,
)
from signer.sam.tables import approvals, credentials, own_revocations, portals, results, transactions
from storage.chain import RolledBack
from tests.support.sam_bench import Workbench, digest

ONE = digest("one")
BOGDAN = {"client": "portal-b", "account": "bogdan"}


@pytest.fixture
def bench(tmp_path):
    """With keys in memory, which tell every digest that met one of them."""
    return Workbench(tmp_path)


def rows_of(bench: Workbench, table: Table, **where) -> list[dict]:
    with bench.database.reading() as connection:
        found = connection.execute(select(table).filter_by(**where)).mappings().all()
    return [dict(each) for each in found]


def put(bench: Workbench, table: Table, rows: list[dict]) -> None:
    """Have a table hold these rows instead of those with the same keys: with SQL, past the SAM."""
    (key,) = table.primary_key.columns
    with bench.database.transaction() as connection:
        connection.execute(delete(table).where(key.in_([each[key.name] for each in rows])))
        connection.execute(insert(table), rows)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


# -- §8: one row -------------------------------------------------------------------------------------------------------


def test_a_credential_that_was_suspended_is_not_made_active_by_its_older_row__d2(bench):
    sad = bench.authorise(ONE).sad
    was = rows_of(bench, credentials, account="ana")
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    put(bench, credentials, was)
    with pytest.raises(RecordStale, match="credentials, version 2"):
        bench.sign_hashes(sad, ONE)
    with pytest.raises(RecordStale):
        bench.open(ONE)
    with pytest.raises(RecordStale):  # nor does an operator build on it
        bench.admin(SetState(bench.credentials["ana"], "active"))
    assert bench.uses == []
    bench.clock.advance(days=1)
    assert bench.sign_hashes(bench.authorise(ONE, client="portal-b", account="bogdan").sad, ONE, **BOGDAN)


def test_a_key_that_was_destroyed_is_not_brought_back__d2(bench):
    was = rows_of(bench, credentials, account="ana")
    bench.admin(SetState(bench.credentials["ana"], "revoked"))
    revoked = rows_of(bench, credentials, account="ana")
    put(bench, credentials, was)
    with pytest.raises(RecordStale):
        bench.open(ONE)
    assert bench.phone.messages == []
    put(bench, credentials, revoked)
    with pytest.raises(CredentialNotUsable):
        bench.open(ONE)
    assert bench.uses == []
    assert bench.sign_hashes(bench.authorise(ONE, **BOGDAN).sad, ONE, **BOGDAN)


def test_the_earlier_key_of_a_portal_is_not_brought_back__d7(bench):
    was, earlier = rows_of(bench, portals, client="portal-a"), bench.request_keys["portal-a"]
    bench.request_keys["portal-a"] = later = bench.request_keys["portal-b"]
    jwk = json.dumps(later.as_dict(private=False))
    bench.admin(RegisterPortal("portal-a", "Primăria portal-a", "Primaria portal-a", jwk))
    now = rows_of(bench, portals, client="portal-a")
    put(bench, portals, was)
    with pytest.raises(RecordStale, match="portals, version 1"):
        bench.ask(OpenTransaction("portal-a", "ro", bench.request_object(digests=[ONE], signer=earlier)))
    assert bench.phone.messages == []
    put(bench, portals, now)
    assert bench.sign_hashes(bench.authorise(ONE).sad, ONE)


IOANA = ("Ioana", "Ene", "PNORO-6020304400027", "+40722000555", "ioana@example.com", "portal-a", "ioana")
MARIA = ("Maria", "Ene", "PNORO-6020304400019", "+40722000444", "maria@example.com", "portal-a", "maria")


@pytest.mark.parametrize("end", ["withdrawn", "used"])
def test_an_approval_that_is_over_gives_no_key_by_its_older_row__d2_w3(bench, end):
    approval = bench.admin(Approve(*MARIA)).approval
    was = rows_of(bench, approvals, approval=approval)
    if end == "withdrawn":
        bench.admin(WithdrawApproval(approval))
    else:
        bench.activate(approval)
    made = len(rows_of(bench, credentials))
    now = rows_of(bench, approvals, approval=approval)
    put(bench, approvals, was)
    with pytest.raises(RecordStale, match="approvals, version 1"):
        bench.admin(MakeKey(approval, "ec-p256"))
    assert len(rows_of(bench, credentials)) == made
    put(bench, approvals, now)
    with pytest.raises(ApprovalNotOpen, match=end):
        bench.admin(MakeKey(approval, "ec-p256"))
    assert bench.activate(bench.admin(Approve(*IOANA)).approval)


def test_a_request_for_ones_own_revocation_is_not_opened_by_its_older_row__d4(bench):
    begun = bench.ask(BeginOwnRevocation("PNORO-2900101400016", "+40722000111", "ro"))
    code = bench.phone.code
    were = [(table, rows_of(bench, table)) for table in (own_revocations, challenges, allowances)]
    with pytest.raises(CodeWrong):
        bench.ask(ConfirmOwnRevocation(begun.request, wrong(code)))
    now = [(table, rows_of(bench, table)) for table, _rows in were]
    for table, rows in were:
        put(bench, table, rows)
    with pytest.raises(RecordStale):
        bench.ask(ConfirmOwnRevocation(begun.request, code))
    assert rows_of(bench, credentials, account="ana")[0]["state"] == "active"
    for table, rows in now:
        put(bench, table, rows)
    bench.ask(ConfirmOwnRevocation(begun.request, code))
    assert rows_of(bench, credentials, account="ana")[0]["state"] == "revoked"


def test_a_used_authorisation_is_not_used_again_by_its_older_row__d4(bench):
    sad = bench.authorise(ONE).sad
    was = rows_of(bench, transactions)
    first = bench.sign_hashes(sad, ONE)
    now = rows_of(bench, transactions)
    kept = rows_of(bench, results)
    put(bench, transactions, was)
    with bench.database.transaction() as connection:
        connection.execute(delete(results))
    with pytest.raises(RecordStale, match="transactions"):
        bench.sign_hashes(sad, ONE)
    assert len(bench.uses) == 1
    put(bench, transactions, now)
    with bench.database.transaction() as connection:
        connection.execute(insert(results), kept)
    assert bench.sign_hashes(sad, ONE) == first
    assert len(bench.uses) == 1


def test_a_transaction_that_ended_is_not_opened_by_its_older_row__d4(bench):
    first = bench.open(ONE)
    code = bench.phone.code
    were = [(table, rows_of(bench, table)) for table in (transactions, challenges)]
    second = bench.open(digest("two"))
    for table, rows in were:
        put(bench, table, rows)
    with pytest.raises(RecordStale):
        bench.ask(SubmitCode(first.transaction, "portal-a", code))
    with pytest.raises(RecordStale):
        bench.ask(ResendCode(first.transaction, "portal-a"))
    assert bench.uses == []
    assert bench.ask(SubmitCode(second.transaction, "portal-a", bench.phone.code)).sad


def test_no_older_row_gives_attempts_back__d3(bench):
    view = bench.open(ONE)
    was = rows_of(bench, challenges)
    for _ in range(2):
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
    now = rows_of(bench, challenges)
    put(bench, challenges, was)
    with pytest.raises(RecordStale, match="challenges, version 1"):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    put(bench, challenges, now)
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


def test_older_rows_of_transaction_and_challenge_give_no_fourth_guess__d3(bench):
    view = bench.open(ONE)
    were = [(table, rows_of(bench, table)) for table in (transactions, challenges, allowances)]
    for expected in (CodeWrong, CodeWrong, SigningStopped):
        with pytest.raises(expected):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
    for table, rows in were:
        put(bench, table, rows)
    with pytest.raises(RecordStale):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    assert bench.uses == []
    assert bench.sign_hashes(bench.authorise(ONE, **BOGDAN).sad, ONE, **BOGDAN)


def test_a_challenge_that_was_taken_away_opens_nothing__d3(bench):
    view = bench.open(ONE)
    kept = rows_of(bench, challenges)
    with bench.database.transaction() as connection:
        connection.execute(delete(challenges))
    with pytest.raises(ChallengeClosed):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    put(bench, challenges, kept)
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


@pytest.mark.parametrize("how", ["older", "taken away"])
def test_no_allowance_is_given_back_by_its_older_row_or_by_none__d3(bench, how):
    bench.open(ONE)
    was = rows_of(bench, allowances)
    for _ in range(4):
        bench.open(ONE)
    now = rows_of(bench, allowances)
    put(bench, allowances, was)
    if how == "taken away":
        with bench.database.transaction() as connection:
            connection.execute(delete(allowances))
    sent = len(bench.phone.messages)
    with pytest.raises(RecordStale, match="allowances"):
        bench.open(ONE)
    put(bench, allowances, now)
    with pytest.raises(ThrottledUntil, match="codes a day"):
        bench.open(ONE)
    assert len(bench.phone.messages) == sent
    bench.clock.advance(days=1)
    assert bench.open(ONE).state == "open"


def test_what_only_reads_is_not_disturbed_by_who_writes_meanwhile(bench):
    """A reader sees the state of a moment ago, which is no older copy."""
    view = bench.open(ONE)
    with bench.database.reading() as connection:
        connection.execute(select(transactions)).all()  # from here on it sees this
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
        assert bench.sam._parts.transactions.find(connection, view.transaction).state == "open"
        assert bench.sam._parts.challenges.find(connection, view.transaction).state == "live"


# -- §14: the whole database ---------------------------------------------------------------------------------------------


def copied(bench: Workbench) -> None:
    """Make a consistent copy of the database."""
    source, copy = (sqlite3.connect(bench.folder / name) for name in ("sam.sqlite", "copy.sqlite"))
    source.backup(copy)
    source.close()
    copy.close()


def restored(bench: Workbench) -> None:
    """Put the copy in the database's place, and start the SAM on it."""
    bench.database.close()
    for name in ("sam.sqlite-wal", "sam.sqlite-shm"):
        (bench.folder / name).unlink(missing_ok=True)
    shutil.copy(bench.folder / "copy.sqlite", bench.folder / "sam.sqlite")
    bench.sam = bench.start()


def put_to_use(bench: Workbench):
    """What `paraph ca restore` does with the SAM, once two administrators have decided."""
    return bench.sam.restore("0" * 64, "elena and mihai", lambda _serial: "good")


def nothing_is_done(bench: Workbench, *attempts) -> None:
    uses, sent = len(bench.uses), len(bench.phone.messages)
    for attempt in (lambda: bench.open(ONE), *attempts):
        with pytest.raises((RolledBack, RecordStale)):
            attempt()
    assert len(bench.phone.messages) == sent
    assert len(bench.uses) == uses
    with pytest.raises(RolledBack):
        bench.sam.check()  # so health says it
    bench.keys.vault.uses.pop()  # of its probe


def test_a_restored_copy_signs_nothing_until_two_people_have_decided__o1_o5(bench):
    used, spent = bench.authorise(digest("used")).sad, bench.authorise(ONE, **BOGDAN)
    opened = bench.open(digest("open"))
    code = bench.phone.code
    approval = bench.admin(Approve(*MARIA)).approval
    copied(bench)
    kept = bench.admin(VerifyEvidence()).rows
    bench.sign_hashes(spent.sad, ONE, **BOGDAN)
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    bench.admin(WithdrawApproval(approval))
    later = bench.open(digest("later"), **BOGDAN)
    lost = bench.admin(VerifyEvidence()).rows - kept
    of_later = [(table, rows_of(bench, table)) for table in (transactions, challenges)]
    restored(bench)
    nothing_is_done(
        bench,
        lambda: bench.open(ONE, **BOGDAN),
        lambda: bench.sign_hashes(used, digest("used")),
        lambda: bench.sign_hashes(spent.sad, ONE, **BOGDAN),
        lambda: bench.ask(SubmitCode(opened.transaction, "portal-a", code)),
        lambda: bench.admin(SetState(bench.credentials["ana"], "active")),
    )
    with pytest.raises(RecordStale):
        bench.admin(MakeKey(approval, "ec-p256"))
    uses = len(bench.uses)
    told = put_to_use(bench)
    assert told.rows_lost == lost
    assert told.revoked == [bench.credentials["ana"]]
    assert told.withdrawn == 1
    assert told.portals == []
    assert told.ended == 2
    for sad, name, whose in ((used, "used", {}), (spent.sad, "one", BOGDAN)):
        with pytest.raises(TransactionClosed):
            bench.sign_hashes(sad, digest(name), **whose)
    with pytest.raises(TransactionUnknown):
        bench.ask(SubmitCode(later.transaction, "portal-b", bench.phone.code))
    with pytest.raises(CredentialNotUsable):
        bench.open(ONE)
    with pytest.raises(ApprovalNotOpen):
        bench.admin(MakeKey(approval, "ec-p256"))
    assert len(bench.uses) == uses
    assert bench.sign_hashes(bench.authorise(ONE, **BOGDAN).sad, ONE, **BOGDAN)
    for table, rows in of_later:
        put(bench, table, rows)
    with pytest.raises(RecordStale):  # nor when who has the database that was replaced puts its rows back
        bench.ask(SubmitCode(later.transaction, "portal-b", bench.phone.code))


def test_a_confirmed_request_for_ones_own_revocation_stands_in_a_restored_copy__o1(bench):
    begun = bench.ask(BeginOwnRevocation("PNORO-1900101400014", "+40722000222", "ro"))
    bench.ask(ConfirmOwnRevocation(begun.request, bench.phone.code))
    copied(bench)
    bench.admin(AcknowledgeOrder(begun.request))
    restored(bench)
    nothing_is_done(bench, lambda: bench.admin(AcknowledgeOrder(begun.request)))
    put_to_use(bench)
    assert [each.request for each in bench.admin(ListRevocationOrders()).orders] == [begun.request]
    bench.admin(AcknowledgeOrder(begun.request))
    assert bench.admin(ListRevocationOrders()).orders == []


def test_what_was_used_up_counts_from_the_copy_on_and_an_earlier_portal_is_registered_again__o1(bench):
    for _ in range(4):
        bench.open(ONE)
    copied(bench)
    bench.open(ONE)
    jwk = json.dumps(bench.request_keys["portal-b"].as_dict(private=False))
    again = RegisterPortal("portal-b", "Primăria portal-b", "Primaria portal-b", jwk)
    bench.admin(again)
    restored(bench)
    nothing_is_done(bench)
    assert put_to_use(bench).portals == ["portal-b"]
    with pytest.raises(PortalUnknown):
        bench.open(ONE, **BOGDAN)
    bench.admin(again)
    assert bench.open(ONE, **BOGDAN).state == "open"
    assert bench.open(ONE).state == "open"  # the fifth of the day, of which the copy does not know
    with pytest.raises(ThrottledUntil):
        bench.open(ONE)


def test_a_database_without_its_newest_commits_is_noticed__o7(bench):
    """What is left when only the main file was copied, or the log beside it was deleted."""
    view = bench.open(ONE)
    with bench.database.transaction():
        pass
    bench.database.close()  # which takes the log beside it in
    copied(bench)
    bench.sam = bench.start()
    for _ in range(2):
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
    restored(bench)
    nothing_is_done(bench, lambda: bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)))
    put_to_use(bench)
    assert bench.sign_hashes(bench.authorise(ONE).sad, ONE)


def test_marks_that_are_lost_are_noticed__o1(bench):
    sad = bench.authorise(ONE).sad
    bench.database.close()
    for path in bench.folder.glob("marks.sqlite*"):
        path.unlink()
    bench.sam = bench.start()
    nothing_is_done(bench, lambda: bench.sign_hashes(sad, ONE))
    put_to_use(bench)
    with pytest.raises(TransactionClosed):
        bench.sign_hashes(sad, ONE)
    assert bench.sign_hashes(bench.authorise(ONE).sad, ONE)


@pytest.mark.parametrize("kept", [0, 3])
def test_nothing_is_added_to_evidence_whose_end_was_cut__d8(bench, kept):
    sad = bench.authorise(ONE).sad
    with bench.database.transaction() as connection:
        whole = connection.exec_driver_sql("SELECT id, at, event, body, link FROM evidence").all()
        connection.exec_driver_sql("DELETE FROM evidence WHERE id > ?", (kept,))
    nothing_is_done(bench, lambda: bench.sign_hashes(sad, ONE))
    with bench.database.transaction() as connection:
        for row in whole[kept:]:
            connection.exec_driver_sql("INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", tuple(row))
    assert bench.sign_hashes(sad, ONE)
