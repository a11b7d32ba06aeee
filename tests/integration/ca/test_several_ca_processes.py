"""Several processes on one record: numbers and keys stay unique, whatever they do at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import pytest
from cryptography import x509
from sqlalchemy import text

from ca import crl, public_keys, publication
from ca.protocol import IssuedCertificate, KeyAlreadyCertified, ListCertificates
from storage.engine import Database
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeEntropy

PROCESSES = 4
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def bench(tmp_path):
    bench = CaBench(tmp_path / "state")
    bench.database.close()
    return bench


def at_once(bench: CaBench, act: Callable[[CaBench, int], object]) -> list:
    """Have each process do `act` on a start of its own, all released together; return what each one said."""
    barrier, answers = FORK.Barrier(PROCESSES), FORK.Queue()

    def run(number: int) -> None:
        bench.entropy = FakeEntropy(f"process {number}")
        bench.database = Database(bench.settings.zone_dir("ca") / "db.sqlite")
        bench.start()
        barrier.wait(30)
        try:
            answers.put(act(bench, number))
        except Exception as error:  # noqa: BLE001  # what went wrong is the answer
            answers.put(type(error).__name__)

    processes = [FORK.Process(target=run, args=(number,)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    bench.database = Database(bench.settings.zone_dir("ca") / "db.sqlite")
    bench.start()
    return found


def test_list_numbers_are_unique_and_the_highest_is_published__rfc5280_5_2_3(bench):
    def publish(bench: CaBench, _number: int) -> list[int]:
        return [bench.operator.publish_crl().number for _ in range(10)]

    at_once(bench, publish)
    with bench.database.reading() as connection:
        numbers = connection.scalars(text("SELECT number FROM crls ORDER BY number")).all()
    assert numbers == list(range(1, 10 * PROCESSES + 2))
    public = bench.settings.published() / publication.issuing_crl(1)
    assert crl.number_of(crl.read(public.read_bytes(), bench.issuer)) == numbers[-1]


def test_starts_at_once_make_one_list(bench):
    bench.clock.advance(days=2)
    at_once(bench, lambda _bench, _number: None)
    with bench.database.reading() as connection:
        assert connection.scalar(text("SELECT max(number) FROM crls")) == 2


def test_certificates_issued_at_once_have_serials_of_their_own(bench):
    def issue(bench: CaBench, _number: int) -> list[int]:
        return [bench.issue().serial_number for _ in range(10)]

    serials = [serial for found in at_once(bench, issue) for serial in found]
    assert len(set(serials)) == 10 * PROCESSES
    listed = bench.authority.list(ListCertificates(limit=1000)).certificates
    assert {int(line.serial, 16) for line in listed} == set(serials)


def test_one_key_asked_for_at_once_gets_one_certificate(bench):
    orders = [bench.order() for _ in range(10)]

    def issue(bench: CaBench, _number: int) -> list[bytes]:
        issued = []
        for order in orders:
            try:
                issued.append(bench.caller.call(order, IssuedCertificate).certificate)
            except KeyAlreadyCertified:
                continue
        return issued

    certificates = [der for found in at_once(bench, issue) for der in found]
    keys = {public_keys.encoded(x509.load_der_x509_certificate(der).public_key()) for der in certificates}
    assert len(certificates) == len(keys) == len(orders)
