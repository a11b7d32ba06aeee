"""What the `status` zone says to who watches it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import Client

from ca import publication
from ca.status_metrics import StatusMetrics
from ca.status_parts import TSU_CERTIFICATE
from ca.time_service import TimeServiceState
from tests.support.status_bench import StatusBench


class World:
    """A zone on the workbench beside published lists of another authority, which is enough to read when they end."""

    def __init__(self, bench, status: StatusBench) -> None:
        self.bench, self.status = bench, status
        self.http = Client(StatusMetrics(status.trusted, status.parts, bench.settings.published()))

    def read(self) -> dict[str, float]:
        text = self.http.get("/metrics").text
        return {name: float(value) for name, value in re.findall(r"^(paraph_\S+) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def world(bench, tmp_path):
    return World(bench, StatusBench(tmp_path / "status", clock=bench.clock))


def test_the_drift_of_the_clock_is_told_in_doubt_and_out_of_it__tis_7_7_2(world):
    status = world.status
    read = world.read()
    assert (read["paraph_tsa_clock_drift_seconds"], read["paraph_tsa_time_told"]) == (0, 1)
    status.advance(seconds=30)
    status.clock.advance(seconds=0.2)
    assert world.read()["paraph_tsa_clock_drift_seconds"] == pytest.approx(0.2)
    status.clock.advance(seconds=3)
    read = world.read()
    assert read["paraph_tsa_clock_drift_seconds"] == pytest.approx(3.2)
    assert read["paraph_tsa_time_told"] == 0


def test_what_the_time_service_says_is_told(world):
    assert world.read()["paraph_tsa_clock_synchronised"] == 0
    world.status.time_service.said = TimeServiceState(synchronised=True, largest_error=timedelta(milliseconds=250))
    read = world.read()
    assert (read["paraph_tsa_clock_synchronised"], read["paraph_tsa_clock_largest_error_seconds"]) == (1, 0.25)


def test_what_ends_is_told_with_its_instant(world):
    read, now = world.read(), world.status.clock.now()
    for part in ("ocsp", "tsu"):
        ends = read[f'paraph_key_ends_timestamp_seconds{{part="{part}"}}']
        assert ends == pytest.approx((now + timedelta(days=30)).timestamp(), abs=2)
    assert read['paraph_list_next_update_timestamp_seconds{list="issuing"}'] == (now + timedelta(hours=48)).timestamp()
    assert read['paraph_list_next_update_timestamp_seconds{list="root"}'] == (now + timedelta(days=365)).timestamp()


@pytest.mark.parametrize("damage", ["unlink", "write"])
def test_what_cannot_be_read_is_left_out_and_the_rest_is_told(world, damage):
    path = world.bench.settings.published() / publication.ROOT_CRL
    path.unlink() if damage == "unlink" else path.write_bytes(b"no list")
    (world.status.folder / TSU_CERTIFICATE).unlink()
    read = world.read()
    assert not [name for name in read if "list_next" in name or "key_ends" in name]
    assert read["paraph_tsa_time_told"] == 1


def test_nothing_else_is_answered(world):
    for path, method in (("/", "GET"), ("/health", "GET"), ("/metrics", "POST"), ("/tsa", "POST")):
        assert world.http.open(path, method=method).status_code == 404


def test_every_reading_says_what_it_is(world):
    text = world.http.get("/metrics").text
    names = set(re.findall(r"^(paraph_\w+)", text, re.MULTILINE))
    assert names == set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    assert names == set(re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE))
