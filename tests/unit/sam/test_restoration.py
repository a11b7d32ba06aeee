"""A restored SAM: what was live is over, and it follows the authority's record (attack O1)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from cryptography.x509 import load_der_x509_certificate

from core.errors import DomainError, RecordTampered
from core.factors import ChallengeClosed
from hsm.errors import WrongWrappingKey
from signer.sam.errors import ApprovalNotOpen, TransactionClosed, TransactionUnknown
from signer.sam.protocol import Approve, BeginOwnRevocation, ConfirmOwnRevocation, MakeKey, SubmitCode
from tests.support.sam_bench import Workbench, digest
from tests.support.software_hsm import SoftwareVault

ONE = digest("one")


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path)


def back_up(bench) -> None:
    source = bench.folder / "sam.sqlite"
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(bench.folder / "backup")) as copy:
        live.backup(copy)


def restore(bench, status_of=lambda _serial: "good"):
    """Put the copy in place and start again, as a restore does."""
    bench.database.close()
    for path in bench.folder.glob("sam.sqlite*"):
        path.unlink()
    shutil.copy(bench.folder / "backup", bench.folder / "sam.sqlite")
    bench.sam = bench.start()
    return bench.sam.restore("0" * 64, "elena and mihai", status_of)


def serial_of(bench, account="ana") -> str:
    with bench.database.reading() as connection:
        record = bench.sam._parts.records.find(connection, bench.credentials[account])
    return f"{load_der_x509_certificate(record.certificate).serial_number:040x}"


def test_a_sad_that_was_used_after_the_backup_opens_nothing__attack_o1(bench):
    sad = bench.authorise(ONE).sad
    back_up(bench)
    assert bench.sign_hashes(sad, ONE)
    assert restore(bench).ended == 1
    uses = len(bench.uses)
    with pytest.raises(DomainError, match="cancelled"):
        bench.sign_hashes(sad, ONE)
    assert len(bench.uses) == uses
    assert bench.sign_hashes(bench.authorise(ONE).sad, ONE)


def test_a_code_that_was_on_its_way_opens_nothing__attack_o1(bench):
    opened = bench.open(ONE)
    code = bench.phone.code
    back_up(bench)
    assert restore(bench).ended == 1
    with pytest.raises(TransactionClosed):
        bench.ask(SubmitCode(opened.transaction, "portal-a", code))
    assert bench.authorise(ONE).sad


def test_a_sad_of_a_transaction_that_the_copy_does_not_know_opens_nothing__attack_o1(bench):
    back_up(bench)
    sad = bench.authorise(ONE).sad
    assert restore(bench).ended == 0
    uses = len(bench.uses)
    with pytest.raises(TransactionUnknown):
        bench.sign_hashes(sad, ONE)
    assert len(bench.uses) == uses


def test_a_credential_whose_certificate_the_authority_has_revoked_is_revoked_and_its_key_destroyed(bench):
    back_up(bench)
    revoked = serial_of(bench)
    done = restore(bench, lambda serial: "revoked" if serial == revoked else "good")
    assert (done.revoked, done.suspended) == ([bench.credentials["ana"]], [])
    with bench.database.reading() as connection:
        ana = bench.sam._parts.records.find(connection, bench.credentials["ana"])
        bogdan = bench.sam._parts.records.find(connection, bench.credentials["bogdan"])
    assert (ana.state, ana.wrapped_key, bogdan.state) == ("revoked", b"", "active")
    with pytest.raises(DomainError):
        bench.open(ONE)
    assert bench.open(ONE, client="portal-b", account="bogdan")


def test_an_approval_that_was_open_is_withdrawn_with_what_was_begun_on_it(bench):
    asked = Approve("Dan", "Pop", "PNORO-1850505400018", "+40722000333", "d@example.com", "portal-a", "dan")
    approval = bench.admin(asked).approval
    begun = bench.admin(MakeKey(approval, "ec-p256")).credential
    back_up(bench)
    assert restore(bench).withdrawn == 1
    with pytest.raises(ApprovalNotOpen, match="withdrawn"):
        bench.activate(approval)
    with bench.database.reading() as connection:
        assert bench.sam._parts.records.find(connection, begun).wrapped_key == b""


def test_a_request_for_revocation_that_was_open_is_gone(bench):
    begun = bench.ask(BeginOwnRevocation("PNORO-2900101400016", "+40722000111", "en"))
    back_up(bench)
    restore(bench)
    with pytest.raises(ChallengeClosed):
        bench.ask(ConfirmOwnRevocation(begun.request, "00000000"))


def test_a_credential_whose_certificate_is_suspended_is_suspended(bench):
    back_up(bench)
    suspended = serial_of(bench)
    done = restore(bench, lambda serial: "suspended" if serial == suspended else "good")
    assert (done.revoked, done.suspended) == ([], [bench.credentials["ana"]])
    assert restore(bench, lambda serial: "suspended" if serial == suspended else "good").ended == 0


def test_that_it_was_restored_and_by_whom_is_in_the_evidence(bench):
    back_up(bench)
    restore(bench)
    with bench.database.reading() as connection:
        (told,) = [row for _n, row in bench.sam._parts.evidence.rows(connection) if row["event"] == "restored"]
    assert (told["backup"], told["by"]) == ("0" * 64, "elena and mihai")


def test_a_copy_proves_itself_and_says_what_is_in_it(bench):
    found = bench.sam.inspect()
    assert (found.credentials, found.evidence_rows) == (2, 8)
    assert found.sealed_rows >= 4


def test_a_copy_with_another_tokens_wrapping_key_is_none(bench):
    bench.keys = replace(bench.keys, vault=SoftwareVault("wrap:another"))
    bench.sam = bench.start()
    with pytest.raises(WrongWrappingKey, match="wrap:software, not wrap:another"):
        bench.sam.inspect()


def test_a_copy_with_a_changed_record_is_none(bench):
    with bench.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE portals SET name = 'Another' WHERE client = 'portal-a'")
    with pytest.raises(RecordTampered):
        bench.sam.inspect()
