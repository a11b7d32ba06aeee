"""A disk that is really full: what was published stays served, nothing is half done, and room is all it takes (attack O11)."""

from __future__ import annotations

import pytest

from ca import crl
from ca.crl_issuer import CrlIssuer
from ca.status_web import create_pages
from core import addresses
from core.errors import Unavailable
from tests.support.ca_bench import CaBench
from tests.support.small_disk import small_disk


@pytest.fixture
def bench(tmp_path):
    return CaBench(tmp_path / "state")


class NothingToProve:
    def check(self, generations) -> None:
        assert generations == [1]


def first_list(bench) -> CrlIssuer:
    """Return who issues the lists of the first generation."""
    return bench.opened.lists.of(bench.opened.parts.generations.numbered(1))


def served(bench) -> bytes:
    """Return the list as the `status` zone serves it; it must be the authority's."""
    http = create_pages(bench.settings.published(), NothingToProve(), bench.clock).test_client()
    answer = http.get(addresses.issuing_crl(1))
    assert (answer.status_code, answer.mimetype) == (200, "application/pkix-crl")
    assert http.get("/health").status_code == 200
    crl.read(answer.data, bench.issuer)
    return answer.data


def on_list(bench, certificate) -> bool:
    entries = crl.read(served(bench), bench.issuer)
    return entries.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def revoke(admin, certificate):
    return admin.revoke(f"{certificate.serial_number:x}", "keyCompromise")


def test_the_old_list_stays_served_while_the_new_one_does_not_fit(bench):
    with small_disk(bench.settings.published(), 64) as disk:
        old = served(bench)
        first_list(bench)._issue(unless_fresh=False)  # it is on record, and then the disk is full
        disk.fill(True)
        for _ in range(2):
            with pytest.raises(Unavailable, match="could not be written"):
                bench.authority.make_round()
            assert served(bench) == old
        assert list(bench.settings.published().glob(".*")) == []
        disk.fill(False)
        bench.authority.make_round()
        assert crl.number_of(crl.read(served(bench), bench.issuer)) == 2


def test_a_revocation_whose_list_does_not_fit_holds_and_is_listed_when_there_is_room(bench):
    certificate, admin = bench.issue(), bench.admin
    with small_disk(bench.settings.published(), 64) as disk:
        old = served(bench)
        disk.fill(True)
        if disk.its_own:
            told = revoke(admin, certificate)
            assert (told.status, told.crl_number) == ("revoked", None)
        else:  # the record has no room either: nothing was done
            with pytest.raises(Unavailable):
                revoke(admin, certificate)
        assert served(bench) == old
        disk.fill(False)
        if not disk.its_own:
            revoke(admin, certificate)
        bench.authority.make_round()
        assert on_list(bench, certificate)


def test_without_room_for_the_record_nothing_is_issued_or_revoked_and_no_key_is_used(bench):
    certificate = bench.issue()
    bench.database.close()
    with small_disk(bench.settings.zone_dir("ca"), 400) as disk:
        bench.start()
        admin, rows = bench.admin, bench.operator.verify_audit().rows
        used = len(bench.signatures)
        disk.fill(True)
        for act in (bench.issue, lambda: revoke(admin, certificate)):
            with pytest.raises(Unavailable):
                act()
        bench.clock.advance(hours=13)
        with pytest.raises(Unavailable):
            bench.authority.make_round()
        assert len(bench.signatures) <= used + 1  # a list may have been signed; it was not published
        assert not on_list(bench, certificate)
        disk.fill(False)
        assert bench.operator.verify_audit().rows == rows
        bench.issue()
        revoke(bench.admin, certificate)
        bench.authority.make_round()
        assert on_list(bench, certificate)
        assert bench.operator.verify_audit().checkpoints.checkpoints == 2
        bench.database.close()
