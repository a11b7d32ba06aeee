"""A record that was restored from a backup: what it refuses, and what it learns from the lists (attack O2)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from cryptography import x509

from ca import crl, publication
from ca.acts import CloseAuthority, Restore
from ca.admin_protocol import ProposalClosed
from ca.reconciliation import Reconciled, Reconciliation, allow
from core.errors import Unavailable
from storage.engine import Database
from tests.support.ca_bench import DAN

ION = {"given_name": "Ion", "surname": "Ionescu", "subject_serial": "PNORO-1800101400015"}


def backed_up(bench) -> None:
    """Keep a copy of the record as it is."""
    bench.session("ana")
    source = bench.settings.zone_dir("ca") / "db.sqlite"
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(source.with_suffix(".backup"))) as copy:
        live.backup(copy)


def restored(bench) -> None:
    """Put the copy in the record's place; nobody is signed in any more."""
    bench.database.close()
    folder = bench.settings.zone_dir("ca")
    for path in folder.glob("db.sqlite*"):
        path.unlink()
    shutil.copy(folder / "db.backup", folder / "db.sqlite")
    bench.database = Database(folder / "db.sqlite")
    bench.sessions.clear()
    bench.clock.advance(minutes=20)


def inspected(bench) -> None:
    """Open the authority as a restore does: without a round, and two people may decide on it."""
    bench.opened = bench.inspect()
    allow(bench.opened.control)
    bench.connect()


def reconciled(bench) -> Reconciled:
    """Have the authority reconcile."""
    inspected(bench)
    made = Restore(backup="0" * 64, made_at=bench.clock.now())
    return Reconciliation(bench.opened.parts, bench.settings.published()).reconcile(bench.begun(made))


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:040x}"


def listed(bench) -> x509.CertificateRevocationList:
    return crl.read((bench.settings.published() / publication.issuing_crl(1)).read_bytes(), bench.issuer)


def reason_of(bench, certificate: x509.Certificate) -> str | None:
    entry = listed(bench).get_revoked_certificate_by_serial_number(certificate.serial_number)
    return None if entry is None else crl.reason_of(entry)


@pytest.fixture
def history(bench):
    """A backup, and then: Ana's certificate revoked, Dan's suspended, Ion's issued and revoked."""
    ana, dan = bench.issue(), bench.issue(**DAN)
    backed_up(bench)
    ion = bench.issue(**ION)
    bench.clock.advance(hours=1)
    bench.admin.revoke(serial_of(ana), "keyCompromise")
    bench.admin.revoke(serial_of(ion), "superseded")
    bench.admin.suspend(serial_of(dan))
    restored(bench)
    return ana, dan, ion


def test_a_restored_record_issues_nothing_until_it_is_reconciled__attack_o2(bench, history):
    uses = len(bench.signatures)
    with pytest.raises(crl.RecordBehindPublication):
        bench.start()
    inspected(bench)
    for act in (bench.issue, bench.admin.publish_crl, lambda: bench.admin.suspend(serial_of(history[0]))):
        with pytest.raises(Unavailable, match="on record"):
            act()
    assert len(bench.signatures) == uses
    reconciled(bench)
    bench.start()
    assert bench.issue(given_name="Eva", surname="Enescu", subject_serial="PNORO-2800101400016")


def test_revocations_made_after_the_backup_are_kept_with_their_dates__attack_o2(bench, history):
    ana, dan, ion = history
    before = listed(bench)
    found = reconciled(bench)
    assert found.lists == {1: crl.number_of(before)}
    assert set(found.certificates) == {serial_of(ana), serial_of(dan), serial_of(ion)}
    shown = bench.admin.describe(serial_of(ana))
    assert (shown.status, shown.reason) == ("revoked", "keyCompromise")
    assert shown.since == before.get_revoked_certificate_by_serial_number(ana.serial_number).revocation_date_utc
    assert bench.admin.describe(serial_of(dan)).status == "suspended"


def test_the_number_never_goes_back_and_every_entry_stays__attack_o2(bench, history):
    ana, dan, ion = history
    published = crl.number_of(listed(bench))
    reconciled(bench)
    bench.start()
    assert crl.number_of(listed(bench)) == published + 1
    assert [reason_of(bench, each) for each in (ana, dan, ion)] == ["keyCompromise", "certificateHold", "superseded"]
    bench.admin.resume(serial_of(dan))
    assert reason_of(bench, dan) is None
    assert bench.admin.verify_audit().rows > 0


def test_who_is_told_of_statuses_hears_of_what_was_learnt(bench, history):
    _ana, _dan, ion = history
    reconciled(bench)
    bench.start()
    states = {each.serial: each for each in bench.status.changes(0)}
    assert states[serial_of(ion)].revoked_at is not None  # issued after the backup: unknown to the record otherwise


def test_serial_numbers_of_lost_certificates_do_not_come_again(bench, history):
    reconciled(bench)
    bench.start()
    known = {serial_of(each) for each in history}
    made = {serial_of(bench.issue(given_name="E" * n, surname="Enescu")) for n in range(2, 8)}
    assert len(made) == 6
    assert not made & known


def test_a_certificate_that_was_suspended_and_is_lost_is_revoked(bench):
    backed_up(bench)
    lost = bench.issue()
    bench.admin.suspend(serial_of(lost))
    restored(bench)
    reconciled(bench)
    bench.start()
    assert reason_of(bench, lost) == "unspecified"
    bench.admin.publish_crl()
    assert bench.decide(CloseAuthority(1)).state == "done"  # nothing is left that nobody could end


def test_a_suspension_that_ended_after_the_backup_stays(bench):
    ana = bench.issue()
    bench.admin.suspend(serial_of(ana))
    backed_up(bench)
    bench.admin.resume(serial_of(ana))
    assert reason_of(bench, ana) is None
    restored(bench)
    reconciled(bench)
    bench.start()
    assert reason_of(bench, ana) == "certificateHold"
    bench.admin.resume(serial_of(ana))
    assert reason_of(bench, ana) is None


def test_another_list_with_the_same_number_is_another_history_and_is_adopted(bench):
    ana = bench.issue()
    backed_up(bench)
    bench.admin.revoke(serial_of(ana), "superseded")
    theirs = (bench.settings.published() / publication.issuing_crl(1)).read_bytes()
    restored(bench)
    (bench.settings.published() / publication.issuing_crl(1)).unlink()
    bench.start()
    bench.admin.publish_crl()  # the restored record went on without knowing of the other list
    assert crl.number_of(listed(bench)) == crl.number_of(crl.read(theirs, bench.issuer))
    (bench.settings.published() / publication.issuing_crl(1)).write_bytes(theirs)
    with pytest.raises(crl.RecordBehindPublication):
        bench.start()
    assert reconciled(bench).certificates == [serial_of(ana)]
    bench.start()
    assert reason_of(bench, ana) == "superseded"


def test_a_record_that_knows_everything_learns_nothing(bench):
    bench.issue()
    bench.admin.publish_crl()
    assert reconciled(bench) == Reconciled({}, [], None)


def test_a_published_list_that_is_not_the_issuers_stops_it_and_nothing_is_learnt(bench, history, tmp_path):
    path = bench.settings.published() / publication.issuing_crl(1)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    inspected(bench)
    begun = bench.begun(Restore(backup="0" * 64, made_at=bench.clock.now()))
    with pytest.raises(crl.PublishedCrlBroken):
        Reconciliation(bench.opened.parts, bench.settings.published()).reconcile(begun)
    assert bench.admin.describe(serial_of(history[0])).status == "good"
    path.write_bytes(good)
    found = Reconciliation(bench.opened.parts, bench.settings.published()).reconcile(bench.take_up(begun))
    assert len(found.certificates) == 3


def test_what_is_done_is_not_done_again(bench, history):
    inspected(bench)
    begun = bench.begun(Restore(backup="0" * 64, made_at=bench.clock.now()))
    with bench.database.transaction() as connection:
        begun.finish(connection, "done")
    with pytest.raises(ProposalClosed):
        Reconciliation(bench.opened.parts, bench.settings.published()).reconcile(begun)


def test_the_trusted_list_goes_on_with_a_higher_number(bench):
    bench.certify_list_signer()
    bench.admin.publish_trusted_list()
    backed_up(bench)
    number = bench.admin.publish_trusted_list().number
    restored(bench)
    assert reconciled(bench).trusted_list == number
    bench.clock.advance(days=50)
    bench.start()
    bench.opened.trusted_list.publish_if_due()
    assert bench.admin.publish_trusted_list().number > number
