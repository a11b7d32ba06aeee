"""The root's own list: numbers, entries, what a crash leaves, and what stops it."""

from __future__ import annotations

import multiprocessing

import pytest
from cryptography import x509

from ca import audit, crl, publication
from ca.acts import UseRoot
from ca.admin_protocol import ProposalClosed
from ca.protocol import AlreadyRevoked, AuthorityRevoked, CertificateUnknown, ReasonUnknown
from ca.root_list import REASONS, RootLists
from core.errors import ClockInDoubt, Unavailable
from tests.support.ca_bench import CaBench

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def lists(bench):
    return lists_of(bench)


def lists_of(bench) -> RootLists:
    folder = bench.settings.zone_dir("root")
    folder.mkdir(exist_ok=True)
    root = x509.load_der_x509_certificate(bench.made.root)
    return RootLists(root, bench.root_key, folder, bench.settings.published(), bench.opened.parts)


def issuing(bench) -> x509.Certificate:
    return x509.load_der_x509_certificate(bench.made.issuing)


ANEW = UseRoot("issue-root-list")


def revocation(bench, reason="superseded") -> UseRoot:
    return UseRoot("revoke-authority", f"{issuing(bench).serial_number:040x}", reason)


def published(bench) -> x509.CertificateRevocationList:
    return crl.read((bench.settings.published() / publication.ROOT_CRL).read_bytes(), bench.root)


def test_a_list_follows_that_of_the_ceremony_and_lasts_a_year__css_6_3_9_12(bench, lists):
    bench.clock.advance(days=300)
    assert [lists.issue(bench.begun(ANEW)).number for _ in range(2)] == [2, 3]
    found = published(bench)
    assert (crl.number_of(found), found.last_update_utc) == (3, bench.clock.now())
    assert found.next_update_utc - found.last_update_utc == crl.ROOT_LIFE
    assert list(found) == []


@pytest.mark.parametrize("reason", REASONS)
def test_a_revoked_authority_is_on_every_list_from_then_on__css_6_3_9_13(bench, lists, reason):
    lists.issue(bench.begun(revocation(bench, reason)))
    bench.clock.advance(days=1)
    assert lists.issue(bench.begun(ANEW)).entries == 1
    (entry,) = published(bench)
    assert entry.serial_number == issuing(bench).serial_number
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason
    assert entry.revocation_date_utc < published(bench).last_update_utc


def test_what_cannot_be_revoked_is_a_clear_error_when_it_is_proposed(bench, lists):
    for act, refusal in (
        (UseRoot("revoke-authority", "5", "superseded"), CertificateUnknown),
        (UseRoot("revoke-authority", "no number", "superseded"), CertificateUnknown),
        (revocation(bench, "certificateHold"), ReasonUnknown),
    ):
        with pytest.raises(refusal):
            bench.approved(act)
    lists.issue(bench.begun(revocation(bench)))
    with pytest.raises(AlreadyRevoked):
        bench.approved(revocation(bench, "keyCompromise"))
    assert crl.number_of(published(bench)) == 2


def test_two_proposals_of_one_revocation_revoke_once(bench, lists):
    first, second = bench.begun(revocation(bench)), bench.begun(revocation(bench, "keyCompromise"))
    lists.issue(first)
    with pytest.raises(AlreadyRevoked):
        lists.issue(second)
    for done in (first, again := bench.begun(ANEW)):
        if done is again:
            lists.issue(again)
        uses = len(bench.root_signatures)
        with pytest.raises(ProposalClosed):
            lists.issue(done)
        assert len(bench.root_signatures) == uses


def test_a_revoked_issuing_ca_certifies_nobody_and_still_issues_lists(bench, lists):
    serial = f"{bench.issue().serial_number:040x}"
    lists.issue(bench.begun(revocation(bench)))
    uses = len(bench.signatures)
    for act in (bench.issue, lambda: bench.certify("ocsp"), lambda: bench.certify("tsu")):
        with pytest.raises(AuthorityRevoked):
            act()
    assert len(bench.signatures) == uses
    assert bench.admin.revoke(serial, "cessationOfOperation").crl_number == 2


def test_every_use_of_the_root_is_in_the_log_with_who_decided_it(bench, lists):
    lists.issue(bench.begun(ANEW))
    with bench.database.reading() as connection:
        told = [row for _number, row in bench.opened.parts.audit.rows(connection) if row["event"] == audit.ROOT_LIST]
    (der,) = [(bench.settings.published() / publication.ROOT_CRL).read_bytes()]
    assert [(row["number"], row["list"], row["by"]) for row in told] == [(2, audit.digest(der), "ana and bogdan")]


def test_a_clock_behind_the_last_list_is_in_doubt(bench, lists):
    begun = bench.begun(ANEW)
    bench.clock.advance(days=-1)
    with pytest.raises(ClockInDoubt):
        lists.issue(begun)


def test_a_list_that_a_full_disk_kept_from_the_public_is_followed_by_the_next_number(bench, lists, monkeypatch):
    honest = publication.publish

    def full(directory, name, data):
        if directory == bench.settings.published():
            raise OSError(28, "No space left on device")
        honest(directory, name, data)

    with monkeypatch.context() as patch:
        patch.setattr("ca.root_list.publish", full)
        begun = bench.begun(revocation(bench))
        with pytest.raises(Unavailable, match="No space left"):
            lists.issue(begun)
    assert crl.number_of(published(bench)) == 1
    assert lists.issue(bench.take_up(begun)).number == 3
    assert len(published(bench)) == 1


def test_an_old_copy_of_the_folder_issues_nothing__attack_o2(bench, lists):
    lists.issue(bench.begun(ANEW))
    own = bench.settings.zone_dir("root") / publication.ROOT_CRL
    old = own.read_bytes()
    lists.issue(bench.begun(ANEW))
    own.write_bytes(old)
    begun = bench.begun(ANEW)
    with pytest.raises(crl.RecordBehindPublication):
        lists.issue(bench.begun(ANEW))
    own.unlink()
    with pytest.raises(crl.RecordBehindPublication):
        lists.issue(begun)


def test_a_published_list_that_is_missing_or_foreign_stops_the_root(bench, lists, tmp_path):
    public = bench.settings.published() / publication.ROOT_CRL
    stranger = CaBench(tmp_path / "stranger").settings.published() / publication.ROOT_CRL
    begun = bench.begun(ANEW)
    for content in (b"junk", stranger.read_bytes()):
        public.write_bytes(content)
        with pytest.raises(crl.PublishedCrlBroken):
            lists.issue(begun)
    public.unlink()
    with pytest.raises(crl.PublishedCrlBroken):
        lists.issue(begun)


def test_several_at_once_use_a_number_each(bench):
    answers, begun = FORK.Queue(), [bench.begun(ANEW) for _ in range(9)]

    def issue(mine) -> None:
        bench.database._engine.dispose(close=False)  # connections do not cross a fork
        answers.put([lists_of(bench).issue(each).number for each in mine])

    processes = [FORK.Process(target=issue, args=(begun[part::3],)) for part in range(3)]
    for process in processes:
        process.start()
    numbers = [number for _ in processes for number in answers.get(timeout=30)]
    for process in processes:
        process.join(30)
    assert sorted(numbers) == list(range(2, 11))
    assert crl.number_of(published(bench)) == 10
