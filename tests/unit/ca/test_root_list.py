"""The root's own list: numbers, entries, what a crash leaves, and what stops it."""

from __future__ import annotations

import multiprocessing

import pytest
from cryptography import x509

from ca import crl, publication
from ca.protocol import AlreadyRevoked, CertificateUnknown, ReasonUnknown
from ca.root_list import REASONS, RevokedAuthority, RootLists
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
    return RootLists(root, bench.root_key, folder, bench.settings.published(), bench.clock)


def issuing(bench) -> x509.Certificate:
    return x509.load_der_x509_certificate(bench.made.issuing)


def published(bench) -> x509.CertificateRevocationList:
    return crl.read((bench.settings.published() / publication.ROOT_CRL).read_bytes(), bench.root)


def test_a_list_follows_that_of_the_ceremony_and_lasts_a_year__css_6_3_9_12(bench, lists):
    bench.clock.advance(days=300)
    assert [lists.issue().number for _ in range(2)] == [2, 3]
    found = published(bench)
    assert (crl.number_of(found), found.last_update_utc) == (3, bench.clock.now())
    assert found.next_update_utc - found.last_update_utc == crl.ROOT_LIFE
    assert list(found) == []


@pytest.mark.parametrize("reason", REASONS)
def test_a_revoked_authority_is_on_every_list_from_then_on__css_6_3_9_13(bench, lists, reason):
    lists.issue(RevokedAuthority(issuing(bench), reason))
    bench.clock.advance(days=1)
    assert lists.issue().entries == 1
    (entry,) = published(bench)
    assert entry.serial_number == issuing(bench).serial_number
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason
    assert entry.revocation_date_utc < published(bench).last_update_utc


def test_what_cannot_be_revoked_is_a_clear_error(bench, lists, tmp_path):
    stranger = CaBench(tmp_path / "stranger")
    with pytest.raises(CertificateUnknown):
        lists.issue(RevokedAuthority(issuing(stranger), "superseded"))
    with pytest.raises(ReasonUnknown):
        lists.issue(RevokedAuthority(issuing(bench), "certificateHold"))
    lists.issue(RevokedAuthority(issuing(bench), "superseded"))
    with pytest.raises(AlreadyRevoked):
        lists.issue(RevokedAuthority(issuing(bench), "keyCompromise"))
    assert crl.number_of(published(bench)) == 2


def test_a_clock_behind_the_last_list_is_in_doubt(bench, lists):
    bench.clock.advance(days=-1)
    with pytest.raises(ClockInDoubt):
        lists.issue()


def test_a_list_that_a_full_disk_kept_from_the_public_is_followed_by_the_next_number(bench, lists, monkeypatch):
    honest = publication.publish

    def full(directory, name, data):
        if directory == bench.settings.published():
            raise OSError(28, "No space left on device")
        honest(directory, name, data)

    with monkeypatch.context() as patch:
        patch.setattr("ca.root_list.publish", full)
        with pytest.raises(Unavailable, match="No space left"):
            lists.issue(RevokedAuthority(issuing(bench), "superseded"))
    assert crl.number_of(published(bench)) == 1
    assert lists.issue().number == 3
    assert len(published(bench)) == 1


def test_an_old_copy_of_the_folder_issues_nothing__attack_o2(bench, lists):
    lists.issue()
    own = bench.settings.zone_dir("root") / publication.ROOT_CRL
    old = own.read_bytes()
    lists.issue()
    own.write_bytes(old)
    with pytest.raises(crl.RecordBehindPublication):
        lists.issue()
    own.unlink()
    with pytest.raises(crl.RecordBehindPublication):
        lists.issue()


def test_a_published_list_that_is_missing_or_foreign_stops_the_root(bench, lists, tmp_path):
    public = bench.settings.published() / publication.ROOT_CRL
    stranger = CaBench(tmp_path / "stranger").settings.published() / publication.ROOT_CRL
    for content in (b"junk", stranger.read_bytes()):
        public.write_bytes(content)
        with pytest.raises(crl.PublishedCrlBroken):
            lists.issue()
    public.unlink()
    with pytest.raises(crl.PublishedCrlBroken):
        lists.issue()


def test_several_at_once_use_a_number_each(bench):
    answers = FORK.Queue()

    def issue() -> None:
        answers.put([lists_of(bench).issue().number for _ in range(5)])

    processes = [FORK.Process(target=issue) for _ in range(3)]
    for process in processes:
        process.start()
    numbers = [number for _ in processes for number in answers.get(timeout=30)]
    for process in processes:
        process.join(30)
    assert sorted(numbers) == list(range(2, 17))
    assert crl.number_of(published(bench)) == 16
