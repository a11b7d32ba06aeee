"""Revoking, suspending and resuming: what is refused, what holds from when, and what relying parties are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from sqlalchemy import text

from ca import crl, protocol, publication, tables
from ca.acts import CloseAuthority
from ca.protocol import (
    REVOCATION_REASONS,
    AlreadyRevoked,
    AlreadySuspended,
    AuthorityClosed,
    CertificateEnded,
    CertificateUnknown,
    ClockInDoubt,
    InvalidSinceRefused,
    ListCertificates,
    NotSuspended,
    ReasonUnknown,
    StillInForce,
)
from core.errors import RecordTampered, Unavailable
from tests.support.ca_bench import DAN


@pytest.fixture
def serial(bench):
    return f"{bench.issue().serial_number:040x}"


def listed(bench, serial: str) -> x509.RevokedCertificate | None:
    der = (bench.settings.published() / publication.issuing_crl(1)).read_bytes()
    return crl.read(der, bench.issuer).get_revoked_certificate_by_serial_number(int(serial, 16))


def reason_of(entry) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


def crash(*_args, **_more):
    raise KeyboardInterrupt


def leave_unfinished(bench, monkeypatch) -> None:
    """Have the authority crash between signing a certificate and recording it."""
    with monkeypatch.context() as patch:
        patch.setattr(tables, "record", crash)
        with pytest.raises(KeyboardInterrupt):
            bench.issue()


@pytest.mark.parametrize("reason", REVOCATION_REASONS)
def test_a_revoked_certificate_is_on_a_new_list_at_once_with_its_reason__rfc5280_5_3_1(bench, serial, reason):
    bench.clock.advance(minutes=5)
    changed = bench.admin.revoke(serial, reason)
    assert (changed.status, changed.at, changed.crl_number) == ("revoked", bench.clock.now(), 2)
    entry = listed(bench, serial)
    assert (entry.revocation_date_utc, reason_of(entry)) == (bench.clock.now(), reason)
    assert len(entry.extensions) == (0 if reason == "unspecified" else 1)  # left out, never 0
    (line,) = bench.authority.list(ListCertificates()).certificates
    assert (line.status, line.reason, line.since) == ("revoked", reason, bench.clock.now())


@pytest.mark.parametrize(
    "reason", ["", "certificateHold", "removeFromCRL", "cACompromise", "KeyCompromise", "1", "x" * 99]
)
def test_reasons_that_do_not_exist_or_are_not_for_this_are_refused__rfc5280_5_3_1(bench, serial, reason):
    with pytest.raises(ReasonUnknown, match="keyCompromise, affiliationChanged"):
        bench.admin.revoke(serial, reason)
    assert listed(bench, serial) is None


@pytest.mark.parametrize("unknown", ["5", "", "zz", "f" * 40])
def test_an_unknown_serial_number_is_a_clear_error(bench, unknown):
    acts = (lambda: bench.admin.revoke(unknown, "superseded"), lambda: bench.admin.suspend(unknown))
    for act in (*acts, lambda: bench.admin.resume(unknown), lambda: bench.admin.describe(unknown)):
        with pytest.raises(CertificateUnknown):
            act()


def test_revoking_twice_is_a_clear_error_and_changes_nothing__rev_6_3_9_04(bench, serial):
    bench.admin.revoke(serial, "keyCompromise")
    first = listed(bench, serial).revocation_date_utc
    bench.clock.advance(hours=1)
    for act in (
        lambda: bench.admin.revoke(serial, "superseded"),
        lambda: bench.admin.suspend(serial),
        lambda: bench.admin.resume(serial),
    ):
        with pytest.raises(AlreadyRevoked, match=r"since 2026-11-24 08:43:00 UTC, keyCompromise"):
            act()
    bench.admin.publish_crl()
    assert (listed(bench, serial).revocation_date_utc, reason_of(listed(bench, serial))) == (first, "keyCompromise")


def test_a_suspension_is_on_the_list_and_leaves_it_when_it_ends__rfc5280_5_3_1(bench, serial):
    assert bench.admin.suspend(serial).status == "suspended"
    assert reason_of(listed(bench, serial)) == "certificateHold"
    with pytest.raises(AlreadySuspended):
        bench.admin.suspend(serial)
    bench.clock.advance(days=1)
    assert bench.admin.resume(serial).status == "good"
    assert listed(bench, serial) is None
    with pytest.raises(NotSuspended):
        bench.admin.resume(serial)


def test_a_suspension_can_become_a_revocation_from_then_on(bench, serial):
    bench.admin.suspend(serial)
    bench.clock.advance(days=1)
    bench.admin.revoke(serial, "keyCompromise")
    entry = listed(bench, serial)
    assert (entry.revocation_date_utc, reason_of(entry)) == (bench.clock.now(), "keyCompromise")


def test_a_revocation_is_never_retroactive_but_may_say_since_when_the_key_was_lost__rfc5280_5_3_2(bench, serial):
    bench.clock.advance(days=2)
    since = bench.clock.now() - timedelta(days=1)
    bench.admin.revoke(serial, "keyCompromise", since)
    entry = listed(bench, serial)
    assert entry.revocation_date_utc == bench.clock.now()
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == since


def test_an_invalidity_date_before_issuance_or_in_the_future_is_refused(bench, serial):
    for shift in (timedelta(days=-1), timedelta(seconds=1)):
        with pytest.raises(InvalidSinceRefused):
            bench.admin.revoke(serial, "keyCompromise", bench.clock.now() + shift)


def test_an_expired_certificate_keeps_its_status(bench, serial):
    bench.clock.advance(days=91)
    with pytest.raises(CertificateEnded):
        bench.admin.revoke(serial, "keyCompromise")


def test_a_clock_set_back_revokes_nothing(bench, serial):
    bench.clock.advance(hours=-1)
    with pytest.raises(ClockInDoubt):
        bench.admin.revoke(serial, "keyCompromise")


def test_a_rehearsal_says_what_would_happen_and_changes_nothing(bench, serial):
    assert bench.admin.revoke(serial, "superseded", rehearse=True).crl_number is None
    assert bench.admin.suspend(serial, rehearse=True).status == "suspended"
    with pytest.raises(ReasonUnknown):
        bench.admin.revoke(serial, "boredom", rehearse=True)
    assert bench.admin.describe(serial).status == "good"


def test_a_revocation_holds_though_no_list_can_be_written_and_the_next_round_writes_it(bench, serial, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication.os, "open", full)
        assert bench.admin.revoke(serial, "keyCompromise").crl_number is None
    assert listed(bench, serial) is None  # the old list is still served
    assert bench.status.changes(0)[-1].reason == "keyCompromise"
    bench.authority.make_round()
    assert reason_of(listed(bench, serial)) == "keyCompromise"


def test_a_crash_between_revocation_and_list_is_made_good_by_the_next_start(bench, serial, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(crl, "build", crash)
        with pytest.raises(KeyboardInterrupt):
            bench.admin.revoke(serial, "keyCompromise")
    bench.start()
    assert listed(bench, serial) is not None


def test_what_was_perhaps_signed_and_never_handed_out_is_found_and_can_be_revoked(bench, monkeypatch):
    leave_unfinished(bench, monkeypatch)
    assert bench.authority.list(ListCertificates()).certificates == []
    (lost,) = bench.authority.list(ListCertificates(unfinished=True)).certificates
    assert (lost.status, lost.credential) == ("unfinished", "c-1")
    assert "Brânză-Țuțea" in lost.subject
    assert bench.status.changes(0) == []
    for act in (bench.admin.suspend, bench.admin.resume):
        with pytest.raises(CertificateUnknown, match="never handed out"):
            act(lost.serial)
    bench.admin.revoke(lost.serial, "cessationOfOperation")
    assert reason_of(listed(bench, lost.serial)) == "cessationOfOperation"
    (state,) = bench.status.changes(0)
    assert (state.serial, state.not_after) == (lost.serial, lost.not_after)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statuses SET status = 'good', reason = '' WHERE change = 2",
        "UPDATE statuses SET at = at + 1000000 WHERE change = 2",
        "UPDATE statuses SET not_after = not_after + 1000000 WHERE change = 2",
    ],
)
def test_a_status_changed_in_the_database_is_not_believed__attack_d9(bench, serial, change):
    bench.admin.revoke(serial, "keyCompromise")
    with bench.database.transaction() as connection:
        connection.execute(text(change))
    with pytest.raises(RecordTampered):
        bench.admin.describe(serial)
    with pytest.raises(RecordTampered):
        bench.status.changes(0)


def test_a_deleted_revocation_stays_on_the_list_and_stops_the_authority__attack_d9(bench, serial):
    bench.admin.revoke(serial, "keyCompromise")
    with bench.database.transaction() as connection:
        connection.execute(text("DELETE FROM statuses WHERE change = 2"))
    with pytest.raises(Unavailable, match="changes that the record does not"):
        bench.admin.publish_crl()
    with pytest.raises(Unavailable, match="changes that the record does not"):
        bench.issue(**DAN)
    with pytest.raises(crl.RecordBehindPublication):
        bench.start()
    assert listed(bench, serial) is not None


def test_a_definitive_entry_leaves_no_list_even_if_a_later_row_says_good__attack_d9(bench, serial):
    bench.admin.revoke(serial, "keyCompromise")
    parts = bench.authority._parts
    with bench.database.transaction() as connection:  # by who holds the sealing key
        not_after, issuer = bench.clock.now() + timedelta(days=1), parts.generations.numbered(1).identifier
        parts.statuses.add(connection, serial, "good", "", bench.clock.now(), issuer=issuer, not_after=not_after)
    bench.admin.publish_crl()
    assert reason_of(listed(bench, serial)) == "keyCompromise"


# --- the last list -----------------------------------------------------------------------------------------------


def test_a_list_is_not_the_last_while_a_certificate_is_in_force__css_6_3_9_06(bench, serial):
    with pytest.raises(StillInForce, match="1 certificates"):
        bench.decide(CloseAuthority())
    bench.admin.suspend(serial)
    with pytest.raises(StillInForce):
        bench.decide(CloseAuthority())


def test_an_unfinished_certificate_is_in_force_too(bench, monkeypatch):
    leave_unfinished(bench, monkeypatch)
    with pytest.raises(StillInForce, match="never handed out"):
        bench.decide(CloseAuthority())
    bench.clock.advance(days=91)
    assert bench.decide(CloseAuthority()).outcome == "revocation list 2 is the last"


def test_after_the_last_list_the_authority_signs_nothing_any_more__css_6_3_9_06(bench, serial):
    bench.admin.revoke(serial, "cessationOfOperation")
    assert bench.decide(CloseAuthority(1)).outcome == "revocation list 3 is the last"
    der = (bench.settings.published() / publication.issuing_crl(1)).read_bytes()
    published = crl.read(der, bench.issuer)
    assert published.next_update_utc == protocol.NEVER
    assert b"\x18\x0f99991231235959Z" in der  # GeneralizedTime
    uses = len(bench.signatures)
    for act in (
        bench.issue,
        lambda: bench.certify("ocsp"),
        bench.admin.publish_crl,
        lambda: bench.decide(CloseAuthority()),
        lambda: bench.admin.suspend(serial),
    ):
        with pytest.raises(AuthorityClosed):
            act()
    bench.clock.advance(days=3)
    bench.authority.make_round()
    assert len(bench.signatures) == uses
    bench.start()
    assert (bench.settings.published() / publication.issuing_crl(1)).read_bytes() == der
    assert len(published) == 1
