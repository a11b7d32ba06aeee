"""Revocation lists: numbers, times, what stays on them, and how they are published."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto.core import GeneralizedTime
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from ca import audit, crl, public_keys, publication, tables
from ca.extensions import EXPIRED_CERTS_ON_CRL
from ca.protocol import CrlPublished, IssuedCertificate
from ca.signing import SignatureUnusable
from core.algorithms import HashAlgorithm, KeyType
from core.errors import ClockInDoubt, Unavailable
from storage.engine import Database
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey


def file(bench):
    return bench.settings.published() / publication.issuing_crl(1)


def published(bench) -> x509.CertificateRevocationList:
    return crl.read(file(bench).read_bytes(), bench.issuer)


def publish(bench) -> CrlPublished:
    return bench.operator.publish_crl()


def revoked(serial: int, when) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
    return builder.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False).build()


def put_on_record(bench, number: int, *entries: x509.RevokedCertificate) -> bytes:
    """Record a list, as a process that then crashed would have done."""
    now = bench.clock.now()
    ends = now + crl.LIFE
    made = crl.build(bench.issuer, bench.issuing_key, number=number, this_update=now, next_update=ends, entries=entries)
    der = made.public_bytes(Encoding.DER)
    with bench.database.transaction() as connection:
        recorded = tables.RecordedCrl(
            public_keys.identifier(bench.issuer.public_key), number, now, ends, 0, len(entries), audit.digest(der)
        )
        tables.record_crl(connection, recorded, der)
    return der


def test_a_first_list_is_published_at_start__css_6_3_9_05(bench):
    assert crl.number_of(published(bench)) == 1


def test_a_list_has_key_number_and_word_on_expired_certificates__rfc5280_5_2(bench):
    found = published(bench)
    assert [each.critical for each in found.extensions] == [False, False, False]
    key = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert key.key_identifier == x509.SubjectKeyIdentifier.from_public_key(bench.issuer.public_key).digest
    since = found.extensions.get_extension_for_oid(EXPIRED_CERTS_ON_CRL).value.public_bytes()
    assert GeneralizedTime.load(since).native == bench.issuer.not_before
    assert found.next_update_utc - found.last_update_utc == timedelta(hours=48)


def test_numbers_rise_by_one(bench):
    assert [publish(bench).number for _ in range(3)] == [2, 3, 4]
    assert crl.number_of(published(bench)) == 4


def test_a_list_is_renewed_after_twelve_hours_and_not_before(bench):
    bench.clock.advance(hours=11, minutes=59)
    bench.authority.make_round()
    assert crl.number_of(published(bench)) == 1
    bench.clock.advance(minutes=1)
    bench.authority.make_round()
    assert crl.number_of(published(bench)) == 2


def test_a_start_renews_an_old_list_and_leaves_a_fresh_one(bench):
    bench.start()
    assert crl.number_of(published(bench)) == 1
    bench.clock.advance(days=3)
    bench.start()
    assert crl.number_of(published(bench)) == 2


def test_a_lost_file_is_put_back(bench):
    before = file(bench).read_bytes()
    file(bench).unlink()
    bench.authority.make_round()
    assert file(bench).read_bytes() == before


def test_a_list_recorded_before_a_crash_is_published_after_it(bench):
    der = put_on_record(bench, 2)
    bench.start()
    assert file(bench).read_bytes() == der


def test_an_entry_stays_on_every_later_list__attack_d9(bench):
    put_on_record(bench, 2, revoked(77, bench.clock.now()))
    assert publish(bench).entries == 1
    found = published(bench).get_revoked_certificate_by_serial_number(77)
    assert found is not None
    assert found.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise


def test_a_list_changed_in_the_database_stops_the_authority__attack_d9(bench):
    der = put_on_record(bench, 2, revoked(77, bench.clock.now()))
    with bench.database.transaction() as connection:
        connection.execute(text("UPDATE crls SET crl = :crl WHERE number = 2"), {"crl": der.replace(b"M", b"N")})
    with pytest.raises(Unavailable, match=r"parsing|not signed"):
        publish(bench)


def test_deleting_the_newest_row_stops_the_authority__attack_d9(bench):
    put_on_record(bench, 2, revoked(77, bench.clock.now()))
    bench.authority.make_round()
    with bench.database.transaction() as connection:
        connection.execute(text("DELETE FROM crls WHERE number = 2"))
    before = file(bench).read_bytes()
    with pytest.raises(Unavailable, match="is published"):
        publish(bench)
    assert file(bench).read_bytes() == before


def test_a_restored_database_issues_neither_list_nor_certificate__attack_o2(bench):
    path = bench.settings.zone_dir("ca") / "db.sqlite"
    bench.database.close()
    copy = path.read_bytes()
    bench.database = Database(path)
    bench.start()
    publish(bench)
    bench.database.close()
    for name in ("db.sqlite-wal", "db.sqlite-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(copy)
    uses = len(bench.signatures)
    with pytest.raises(Unavailable, match="is published"):
        publish(bench)
    with pytest.raises(Unavailable, match="is published"):
        bench.caller.call(bench.order(), IssuedCertificate)
    with pytest.raises(crl.RecordBehindPublication):
        bench.start()
    assert len(bench.signatures) == uses


def test_the_same_number_with_other_content_is_two_histories__attack_o2(bench):
    other = crl.build(
        bench.issuer, bench.issuing_key, number=1, this_update=bench.clock.now(), next_update=bench.clock.now()
    )
    file(bench).write_bytes(other.public_bytes(Encoding.DER))
    with pytest.raises(Unavailable, match="is published"):
        publish(bench)


def test_a_published_file_that_is_no_list_of_ours_stops_the_authority(bench):
    stranger = CaBench(bench.settings.state_dir / "stranger")
    for content in (b"", b"junk", file(stranger).read_bytes()):
        file(bench).write_bytes(content)
        with pytest.raises(Unavailable, match=r"parsing|not signed"):
            publish(bench)


def test_a_clock_behind_the_last_list_is_in_doubt(bench):
    bench.clock.advance(seconds=-1)
    with pytest.raises(ClockInDoubt):
        publish(bench)


def test_a_full_disk_leaves_the_old_list_in_place(bench, monkeypatch):
    before = file(bench).read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(Unavailable, match="No space left"):
            publish(bench)
    assert file(bench).read_bytes() == before
    assert [path.name for path in file(bench).parent.glob(".*")] == []
    bench.authority.make_round()
    assert crl.number_of(published(bench)) == 2


def test_a_list_signed_by_another_key_is_not_published(bench):
    with pytest.raises(SignatureUnusable):
        crl.build(
            bench.issuer,
            SoftwareSigningKey(KeyType.EC_P384),
            number=9,
            this_update=bench.clock.now(),
            next_update=bench.clock.now() + crl.LIFE,
            rsa_hash=HashAlgorithm.SHA256,
        )


def test_the_public_file_can_be_read_by_all(bench):
    assert file(bench).stat().st_mode & 0o777 == 0o644
