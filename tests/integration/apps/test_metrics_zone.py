"""Zones that count, on a port of their own; and one request's name in the answer and in the logs of all zones it reached."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import httpx
import pytest

from apps.ports import free_ports
from apps.run import zones_of
from signer.sam.protocol import SubmitCode
from tests.support.fake_web import FakeWeb, sha256
from tests.support.instance import make_instance, running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("metrics")]
ZONES = ("sam", "ca", "preflight", "status", "web", "metrics")


@pytest.fixture(scope="module")
def settings():
    (port,) = free_ports(1)
    instance = make_instance(start=False)
    installation = replace(
        instance.installation,
        settings_laid_over=(
            *instance.installation.settings_laid_over,
            f"metrics.listen=127.0.0.1:{port}",
            "web.workers=2",
        ),
    )
    with running(installation, *ZONES):
        yield installation.settings()
    instance.remove()


def counted(settings, measure: str, **labels: str) -> float:
    text = httpx.get(f"http://{settings.metrics.listen}/metrics", trust_env=False).text
    lines = [line for line in text.splitlines() if line.startswith(measure + "{")]
    wanted = [line for line in lines if all(f'{name}="{value}"' in line for name, value in labels.items())]
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted)


def test_what_every_process_of_every_zone_did_is_added_up(settings):
    web = FakeWeb(settings)
    before = counted(settings, "paraph_requests_total", zone="sam", call="OpenTransaction")
    view = web.open(sha256("one"))
    with pytest.raises(Exception, match="tries left"):
        web.ask(SubmitCode(view.transaction, web.home("ana"), "00000000"))
    for _ in range(20):
        assert httpx.post(f"{settings.service.public_origin}/csc/v2/info", json={}, trust_env=False).status_code == 200
    assert counted(settings, "paraph_requests_total", zone="sam", call="OpenTransaction", status="200") == before + 1
    assert counted(settings, "paraph_events_total", zone="sam", event="refused", error="CodeWrong") == 1
    assert counted(settings, "paraph_events_total", zone="sam", event="message accepted", gateway="outbox") >= 1
    assert counted(settings, "paraph_requests_total", zone="web", call="/csc/v2/info", status="200") == 20
    assert counted(settings, "paraph_request_seconds_count", zone="web", call="/csc/v2/info") == 20
    assert counted(settings, "paraph_unreadable") == 0
    assert "metrics" in zones_of(settings)


def test_the_clock_behind_time_stamps_is_told_and_what_ends_when__tis_7_7_2(settings):
    text = httpx.get(f"http://{settings.metrics.listen}/metrics", trust_env=False).text
    assert "# TYPE paraph_tsa_clock_drift_seconds gauge" in text
    assert abs(counted(settings, "paraph_tsa_clock_drift_seconds", zone="status")) < 0.25
    assert counted(settings, "paraph_tsa_clock_told", zone="status") == 1
    for part, days in (("ocsp", 30), ("tsu", 365)):
        ends = counted(settings, "paraph_key_ends_timestamp_seconds", zone="status", part=part)
        assert days - 1 < (ends - time.time()) / 86_400 <= days
    ends = counted(settings, "paraph_list_next_update_timestamp_seconds", zone="status", list="issuing")
    assert 47 < (ends - time.time()) / 3600 <= 48


def test_no_other_zone_answers_at_the_address_of_the_counts(settings):
    assert httpx.get(f"{settings.service.public_origin}/metrics", trust_env=False).status_code == 404
    assert httpx.get(f"http://{settings.metrics.listen}/", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/csc/v2/info", 200),
        ("POST", "/csc/v2/credentials/list", 401),
        ("GET", "/nowhere", 404),
        ("GET", "/health", 200),
    ],
)
def test_every_answer_names_its_request_and_nobody_outside_chooses_the_name(settings, method, path, status):
    chosen = "r-" + "a" * 26
    url = settings.service.public_origin + path
    answer = httpx.request(method, url, headers={"X-Request-Id": chosen}, json={}, trust_env=False)
    assert answer.status_code == status
    name = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"r-[a-z2-7]{26}", name)
    assert name != chosen


def test_one_request_has_one_name_in_the_logs_of_all_zones_it_reached(settings):
    """The health of `web` asks the SAM: two processes, one name."""
    name = httpx.get(f"{settings.service.public_origin}/health", trust_env=False).headers["X-Request-Id"]
    deadline = time.monotonic() + 10
    while not all(name in lines(settings, zone) for zone in ("web", "sam")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(settings, zone: str) -> set[str]:
    """Return the names of requests in a zone's log, each line of which is one JSON object."""
    text = (settings.state_dir / "logs" / f"{zone}.log").read_text(encoding="utf-8")
    return {json.loads(line).get("request", "") for line in text.splitlines()}
