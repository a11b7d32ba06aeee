"""The real `ca` zone is killed at random points of issuing and revoking: what it said stays true, and nothing is twice."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from sqlalchemy import text

from apps.supervisor import zone_command
from ca import crl, publication
from ca.client import CaAdmin, CaClient, CaStatus
from ca.draft import Issuer
from ca.protocol import CA, CA_STATUS, AlreadyRevoked
from ca.server import SAM_ATTESTATION_KEY
from channel.client import Channel
from core.algorithms import KeyType
from core.clock import SystemClock
from core.errors import DomainError, Unavailable
from storage.engine import Database
from tests.support.administrators import SignedIn
from tests.support.ca_bench import attestation, request_of
from tests.support.instance import Instance, make_instance
from tests.support.software_hsm import SoftwareSigningKey

POINTS = 100
LONGEST = 0.4  # seconds of work before it is killed: time for several issuances and revocations


class Zone:
    """The `ca` zone of a new installation, as the supervisor would run it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.settings = instance.settings
        self.sam_key = SoftwareSigningKey(KeyType.EC_P256)
        pinned = load_der_public_key(self.sam_key.public_key_der).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        (self.settings.zone_dir("ca") / SAM_ATTESTATION_KEY).write_bytes(pinned)
        self.process: subprocess.Popen[bytes] | None = None
        self.client = CaClient(Channel(CA, self.settings.socket("ca")))
        self.signed_in = SignedIn(self.settings, "elena")
        self.status = CaStatus(Channel(CA_STATUS, self.settings.socket("ca-status")))

    @property
    def admin(self) -> CaAdmin:
        return self.signed_in.authority

    def start(self) -> None:
        self.process = self.spawn()
        self.wait()

    def spawn(self) -> subprocess.Popen[bytes]:
        with (self.instance.folder / "ca.log").open("ab") as log:
            command = zone_command(self.instance.installation, "ca")
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.client.check()
            except Unavailable:
                assert time.monotonic() < deadline, (self.instance.folder / "ca.log").read_text()
                time.sleep(0.02)

    def kill(self, *, whole: bool) -> None:
        """Kill the worker, which has the token and the database; or the whole zone, which is then started again."""
        assert self.process is not None
        if whole:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.start()
        else:
            for pid in self.instance.worker_pids("ca"):
                os.kill(pid, signal.SIGKILL)
            self.wait()

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Load:
    """Issues and revokes without a pause; keeps what the zone said it had done, and every list that was published."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.issued: list[int] = []
        self.revoked: dict[int, str] = {}
        self.lists: dict[int, str] = {}
        self.numbers: list[int] = []
        self.failures: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._public = zone.settings.published() / publication.issuing_crl(1)
        self.issuer = Issuer.of(
            x509.load_pem_x509_certificate((zone.settings.published() / "issuing.pem").read_bytes())
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopped.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._act()
            except DomainError as error:
                self.failures[type(error).__name__] += 1
                time.sleep(0.01)

    def _act(self) -> None:
        key = SoftwareSigningKey(KeyType.EC_P256)
        now = SystemClock().now()
        word = attestation(self.zone.sam_key, key.public_key_der, proofed_at=now, approved_at=now)
        issued = self.zone.client.issue(word, request_of(key.private_key))
        serial = x509.load_der_x509_certificate(issued.certificate).serial_number
        self.issued.append(serial)
        name = f"{serial:040x}"
        if serial % 3 == 0:
            self.zone.admin.suspend(name)
        if serial % 3 != 1:
            self.zone.admin.revoke(name, "superseded")
            self.revoked[serial] = "superseded"
        self._look_at_the_list()

    def _look_at_the_list(self) -> None:
        der = self._public.read_bytes()
        number = crl.number_of(crl.read(der, self.issuer))
        found = hashlib.sha256(der).hexdigest()
        assert self.lists.setdefault(number, found) == found
        self.numbers.append(number)


@pytest.fixture
def zone():
    instance = make_instance(start=False)
    zone = Zone(instance)
    try:
        zone.start()
        assert zone.admin  # signed in before anything is killed
        yield zone
    finally:
        zone.stop()
        instance.remove()


@pytest.mark.slow
def test_a_zone_killed_at_a_hundred_points_keeps_its_word(zone):
    chance = random.Random(3)
    with Load(zone) as load:
        for point in range(POINTS):
            time.sleep(chance.uniform(0, LONGEST))
            zone.kill(whole=point % 10 == 9)
    zone.wait()
    assert load.failures.keys() <= {"Unavailable"}, load.failures
    assert min(load.failures["Unavailable"], len(load.issued), len(load.revoked)) > POINTS / 2  # it was hit at work
    check_serials(zone, load)
    check_revocations(zone, load)
    check_lists(zone, load)
    assert zone.admin.verify_audit().rows > len(load.issued) * 3


def rows(zone: Zone, statement: str) -> list:
    database = Database(zone.settings.zone_dir("ca") / "db.sqlite")
    try:
        with database.reading() as connection:
            return list(connection.execute(text(statement)).all())
    finally:
        database.close()


def check_serials(zone: Zone, load: Load) -> None:
    """Check that no serial number is there twice, and every certificate that was handed out is on record and in the feed."""
    assert len(set(load.issued)) == len(load.issued)
    serials = [int(serial, 16) for (serial,) in rows(zone, "SELECT serial FROM certificates")]
    assert len(set(serials)) == len(serials)
    followed, last = set(), 0
    while states := zone.status.changes(last):
        assert [each.change for each in states] == list(range(last + 1, last + 1 + len(states)))
        followed |= {int(each.serial, 16) for each in states}
        last = states[-1].change
    assert set(load.issued) <= followed <= set(serials)


def check_revocations(zone: Zone, load: Load) -> None:
    """Check that every revocation that was confirmed is on the list, and final; and that one asked again is refused."""
    published = zone.settings.published() / publication.issuing_crl(1)
    found = crl.read(published.read_bytes(), load.issuer)
    on_list = {entry.serial_number for entry in found}
    assert load.revoked.keys() <= on_list
    statuses = rows(zone, "SELECT serial FROM statuses WHERE status = 'revoked'")
    assert {int(serial, 16) for (serial,) in statuses} <= on_list  # those too whose answer was lost
    with pytest.raises(AlreadyRevoked):
        zone.admin.revoke(f"{next(iter(load.revoked)):x}", "superseded")


def check_lists(zone: Zone, load: Load) -> None:
    """Check that numbers only rose, without a gap, and that none stood for two lists."""
    assert load.numbers == sorted(load.numbers)
    recorded = rows(zone, "SELECT number, lower(hex(digest)) FROM crls ORDER BY number")
    assert [number for number, _digest in recorded] == list(range(1, len(recorded) + 1))
    assert load.lists.items() <= dict(recorded).items()


def test_two_zones_started_at_once_work_on_one_record(zone):
    """Whose sockets are which does not matter: numbers, lists and log have their order from the database."""
    zone.stop()
    both = [zone.spawn(), zone.spawn()]
    try:
        zone.wait()
        with Load(zone) as load:
            time.sleep(2)
        assert load.failures.keys() <= {"Unavailable"}, load.failures  # the first loses its sockets to the second
        assert load.issued
        check_serials(zone, load)
        check_revocations(zone, load)
        check_lists(zone, load)
        assert zone.admin.verify_audit().rows > len(load.issued) * 3
    finally:
        for process in both:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        zone.process = None


def test_the_sockets_of_the_zone_are_its_owners_alone(zone):
    for name in ("ca", "ca-admin", "ca-status"):
        path: Path = zone.settings.socket(name)
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
