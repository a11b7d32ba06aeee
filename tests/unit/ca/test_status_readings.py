"""What the `status` zone says to who watches it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ca import publication
from ca.status_parts import TSU_CERTIFICATE
from ca.status_readings import StatusReadings
from ca.time_service import TimeServiceState
from tests.support.status_bench import StatusBench


class World:
    """A zone on the workbench beside published lists of another authority, which is enough to read when they end."""

    def __init__(self, bench, status: StatusBench) -> None:
        self.bench, self.status = bench, status
        self.readings = StatusReadings(status.trusted, status.parts, bench.settings.published())

    def read(self) -> dict[str, float]:
        return {
            f"{reading.name}{{{reading.label}={label}}}" if label else reading.name: value
            for reading in self.readings.take()
            for label, value in reading.values.items()
        }


@pytest.fixture
def world(bench, tmp_path):
    return World(bench, StatusBench(tmp_path / "status", clock=bench.clock))


def test_the_drift_of_the_clock_is_told_in_doubt_and_out_of_it__tis_7_7_2(world):
    status = world.status
    read = world.read()
    assert (read["tsa_clock_drift_seconds"], read["tsa_clock_told"]) == (0, 1)
    status.advance(seconds=30)
    status.clock.advance(seconds=0.2)
    assert world.read()["tsa_clock_drift_seconds"] == pytest.approx(0.2)
    status.clock.advance(seconds=3)
    read = world.read()
    assert read["tsa_clock_drift_seconds"] == pytest.approx(3.2)
    assert read["tsa_clock_told"] == 0


def test_what_the_time_service_says_is_told(world):
    assert world.read()["tsa_clock_synchronised"] == 0
    world.status.time_service.said = TimeServiceState(synchronised=True, largest_error=timedelta(milliseconds=250))
    read = world.read()
    assert (read["tsa_clock_synchronised"], read["tsa_clock_largest_error_seconds"]) == (1, 0.25)


def test_what_ends_is_told_with_its_instant(world):
    read, now = world.read(), world.status.clock.now()
    for part in ("ocsp", "tsu"):
        ends = read[f"key_ends_timestamp_seconds{{part={part}}}"]
        assert ends == pytest.approx((now + timedelta(days=30)).timestamp(), abs=2)
    assert read["list_next_update_timestamp_seconds{list=issuing}"] == (now + timedelta(hours=48)).timestamp()
    assert read["list_next_update_timestamp_seconds{list=root}"] == (now + timedelta(days=365)).timestamp()


@pytest.mark.parametrize("damage", ["unlink", "write"])
def test_what_cannot_be_read_is_left_out_and_the_rest_is_told(world, damage):
    path = world.bench.settings.published() / publication.ROOT_CRL
    path.unlink() if damage == "unlink" else path.write_bytes(b"no list")
    (world.status.folder / TSU_CERTIFICATE).unlink()
    read = world.read()
    assert not [name for name in read if "list_next" in name or "key_ends" in name]
    assert read["tsa_clock_told"] == 1


def test_every_reading_says_what_it_is(world):
    assert all(reading.name and reading.words.endswith(".") for reading in world.readings.take())
