"""`paraph run`: every zone a process of its own, restarted when it dies, all gone within five seconds."""

import os
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest

from apps.health import check, wait_until_healthy
from apps.run import zones_of
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]
ZONES = ("sam", "ca", "preflight", "status", "web", "portal", "phone")


def test_every_zone_proves_that_it_works(instance):
    assert instance.health() == dict.fromkeys(ZONES, "")
    done = instance.paraph("health")
    assert done.stdout.count("works") == len(ZONES) + 1  # the caretaker, too


def test_each_zone_is_a_process_of_its_own_that_loaded_no_other_zone(instance):
    masters = {zone: instance.zone_pid(zone) for zone in ZONES}
    assert len(set(masters.values())) == len(ZONES)
    for zone in ("web", "portal", "preflight", "phone"):
        for pid in (masters[zone], *instance.worker_pids(zone)):
            maps = Path(f"/proc/{pid}/maps").read_text()
            assert "softhsm" not in maps, f"{zone} loaded the PKCS#11 module"


def test_only_workers_of_the_zones_with_a_token_hold_a_session(instance):
    for zone in ("sam", "ca", "status"):
        assert "softhsm" not in Path(f"/proc/{instance.zone_pid(zone)}/maps").read_text()
        assert any("softhsm" in Path(f"/proc/{pid}/maps").read_text() for pid in instance.worker_pids(zone))


def test_sockets_and_secrets_are_their_owners_alone(instance):
    for name in ("sam", "sam-admin", "ca", "preflight"):
        path = instance.settings.socket(name)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    for path in instance.state.rglob("*"):
        # The state folder itself is open because `public` is in it; what lies in it directly is no secret.
        if "public" not in path.parts and path.is_file() and path.parent != instance.state:
            assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("sent", [b"", b"POST /sam/1/Sub", b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
@pytest.mark.parametrize("zone", ["sam", "preflight", "status"])
def test_peers_that_send_nothing_or_half_a_request_keep_nobody_out__w11_n3(instance, zone, sent):
    """More of them than the zone has processes, and none hangs up."""
    held = [connected(instance.settings, zone) for _ in range(12)]
    try:
        for peer in held:
            peer.sendall(sent)
        time.sleep(0.2)
        for _ in range(3):
            began = time.monotonic()
            assert check(instance.settings, zone) == ""
            assert time.monotonic() - began < 4  # each worker used to wait a minute for each of them
    finally:
        for peer in held:
            peer.close()


def connected(settings, zone: str) -> socket.socket:
    if zone != "status":
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(settings.socket(zone)))
        return peer
    host, port = settings.status.listen.split(":")
    return socket.create_connection((host, int(port)))


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script_Name", "Script-Name"])
def test_no_header_says_what_the_path_is__z14_n2(instance, name):
    """A proxy in front may have let "/x/csc/…" pass for something else."""
    address = f"http://{instance.settings.web.listen}"
    asked = {"headers": {name: "/x", "X-Forwarded-Proto": "https"}, "json": {}, "trust_env": False}
    assert httpx.post(f"{address}/x/csc/v2/info", **asked).status_code == 404
    twin = httpx.post(f"{address}/csc/v2/info", **asked)
    assert twin.json()["logo"] == f"{address}/csc/logo.png"


@pytest.mark.parametrize("zone", ["sam", "preflight", "web"])
def test_a_dead_zone_is_started_again(instance, zone):
    before = instance.zone_pid(zone)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while instance.zone_pid(zone) in {before, None}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wait_until_healthy(instance.settings, zones_of(instance.settings), 60)


def test_a_dead_worker_is_started_again(instance):
    for pid in instance.worker_pids("sam"):
        os.kill(pid, signal.SIGKILL)
    wait_until_healthy(instance.settings, ("sam",), 60)


def test_a_second_run_of_the_same_installation_is_refused(instance):
    done = instance.paraph("run", check=False)
    assert done.returncode == 1
    assert "runs the zones of this installation already" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_addresses_and_the_demo_account_are_said(instance):
    said = instance.said()
    assert instance.settings.portal.public_origin in said
    assert f"http://{instance.settings.phone.listen}" in said
    assert instance.demo_password() in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_run_leaves_no_process(number):
    one = make_instance("web.workers=1", "sam.workers=1", "preflight.workers=1")
    try:
        process, one.process = one.process, None
        began = time.monotonic()
        process.send_signal(number)
        process.wait(15)
        while one.processes() and time.monotonic() - began < 15:
            time.sleep(0.05)
        assert one.processes() == []
        assert time.monotonic() - began < 5
    finally:
        one.remove()
