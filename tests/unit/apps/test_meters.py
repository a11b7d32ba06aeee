"""Counts for Prometheus: what they say, and that nobody is in them."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from prometheus_client import values

from apps.meters import Gauges, Meters, fresh_folder, meters_dir
from apps.metrics import build
from apps.routes import name_calls
from ca.status_readings import Reading
from core.config import load
from core.factors import CodeWrong
from tests.support.web_bench import WebBench
from tests.support.wire import DIGESTS


@pytest.fixture
def settings(tmp_path):
    return load(Path("config/paraph.toml"), {"": {"state_dir": str(tmp_path)}})


@pytest.fixture
def meters(settings, monkeypatch):
    """Return what makes the meters of a zone; what the library keeps for a process is put back afterwards."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    made = []

    def make(zone: str) -> Meters:
        made.append(Meters(zone, fresh_folder(settings.state_dir, zone)))
        return made[-1]

    yield make
    for each in made:
        logging.getLogger().removeHandler(each)


def got(settings, path="/metrics", method="GET") -> tuple[str, str]:
    said = []
    body = build(settings)({"PATH_INFO": path, "REQUEST_METHOD": method}, lambda status, headers: said.append(status))
    return said[0], b"".join(body).decode()


def record(name, message, level=logging.INFO, **extra):
    return logging.getLogger(name).makeRecord(name, level, "f", 1, message, (), None, extra=extra)


def test_a_reading_is_told_as_the_newest_and_as_no_number_once_it_cannot_be_read(settings, meters):
    gauges = Gauges("status")
    meters("status")
    gauges.show([Reading("drift_seconds", "Drift.", "", {"": 0.5}), Reading("ends", "End.", "part", {"tsu": 7.0})])
    found = got(settings)[1]
    assert 'paraph_drift_seconds{zone="status"} 0.5' in found
    assert 'paraph_ends{part="tsu",zone="status"} 7.0' in found
    gauges.show([Reading("drift_seconds", "Drift.", "", {"": -0.25}), Reading("ends", "End.", "part", {})])
    found = got(settings)[1]
    assert 'paraph_drift_seconds{zone="status"} -0.25' in found
    assert 'paraph_ends{part="tsu",zone="status"} NaN' in found


def test_events_of_our_code_are_counted_by_their_constant_text(settings, meters):
    sam = meters("sam")
    for _ in range(3):
        sam.emit(record("otp.delivery.gateways", "message not taken", error="MessageQueued", gateway="first"))
    sam.emit(record("api.errors", "refused", error="CodeWrong", detail="2 tries left", client="client-x"))
    sam.emit(record("gunicorn.error", "Booting worker with pid: 1"))
    sam.emit(record("httpcore", "anything"))
    found = got(settings)[1]
    assert (
        'paraph_events_total{error="MessageQueued",event="message not taken",gateway="first",level="info",zone="sam"} 3.0'
        in found
    )
    assert 'error="CodeWrong",event="refused",gateway=""' in found
    for absent in ("client-x", "tries left", "Booting", "anything"):
        assert absent not in found


@pytest.mark.parametrize(
    "value", ["Ana Pop", "+40722000111", 'x"} 1\nparaph_evil 1', "x" * 61, None, 7, CodeWrong(1), "a@example.com"]
)
def test_what_is_no_name_of_ours_is_no_label(settings, meters, value):
    meters("sam").emit(record("api.errors", "refused", error=value, gateway=value))
    assert 'paraph_events_total{error="",event="refused",gateway="",level="info",zone="sam"} 1.0' in got(settings)[1]


def test_zones_are_added_up_and_a_broken_one_is_left_out(settings, meters):
    for zone in ("sam", "web"):
        application = meters(zone).around(
            lambda environ, start: (environ.update({"paraph.call": "Health"}), start("200 OK", []), [])[2]
        )
        application({}, lambda status, headers: None)
    assert got(settings)[1].count('call="Health",status="200"') == 2
    for path in (meters_dir(settings.state_dir) / "web").glob("*.db"):
        path.write_bytes((4000).to_bytes(4, "little") + b"\xff" * 5000)
    status, found = got(settings)
    assert status == "200 OK"
    assert 'paraph_unreadable{zone="web"} 1.0' in found
    assert 'paraph_unreadable{zone="sam"} 0.0' in found
    assert 'paraph_requests_total{call="Health",status="200",zone="sam"} 1.0' in found
    assert 'status="200",zone="web"' not in found


def test_a_start_begins_at_nought(settings, meters):
    meters("sam").emit(record("api.errors", "refused"))
    fresh_folder(settings.state_dir, "sam")
    assert "refused" not in got(settings)[1]


def test_an_application_that_fails_is_counted_as_500(settings, meters):
    def failing(environ, start):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        meters("web").around(failing)({}, lambda status, headers: None)
    assert 'paraph_requests_total{call="other",status="500",zone="web"} 1.0' in got(settings)[1]


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/metrics/", "GET"), ("/metrics", "POST"), ("/x", "HEAD")])
def test_there_is_nothing_else_at_this_port(settings, path, method):
    assert got(settings, path, method)[0] == "404 Not Found"
    assert got(settings, "/health")[1] == "ok\n"


def test_no_person_portal_or_document_is_in_the_counts_of_a_whole_signature(tmp_path, settings, meters):
    """Every label has one of few values, whatever was asked for (I12)."""
    (tmp_path / "web").mkdir()
    web = WebBench(tmp_path / "web")
    counting = meters("web")
    root = logging.getLogger()
    root.addHandler(counting)
    level = root.level
    root.setLevel(logging.INFO)
    name_calls(web.app).wsgi_app = counting.around(web.app.wsgi_app)
    try:
        token = web.authorise(web.a, DIGESTS)
        web.sign_hash(web.a, token, DIGESTS)
        web.sign_hash(web.a, token, [b"x" * 32])
        browser = web.browser().get(web.pushed(web.a, DIGESTS)).press("start")
        browser.press("authorise", code="00000000")
        for path in (
            "/oauth2/authorize/a-somebody",
            "/+40722000111",
            "/csc/v2/%3Cscript%3E",
            "/ana.popescu@example.com",
        ):
            web.http.get(path)
    finally:
        root.removeHandler(counting)
        root.setLevel(level)
        web.database.close()
    found = got(settings)[1]
    labels = set(re.findall(r'(\w+)="([^"]*)"', found))
    assert {name for name, _ in labels} == {"zone", "call", "status", "le", "level", "event", "error", "gateway"}
    assert {value for name, value in labels if name == "call"} == {
        "/csc/v2/signatures/signHash", "/oauth2/authorize", "/oauth2/authorize/<handle>", "/oauth2/pushed_authorize",
        "/oauth2/token", "other",
    }  # fmt: skip
    assert ("error", "DigestNotAuthorised") in labels
    for secret in (
        web.a.client,
        web.a.credential,
        "40722",
        "Ana",
        "popescu",
        "script",
        browser.address.split("/")[-1],
        token[:20],
    ):
        assert secret not in found
