"""The caretaker on running zones: time-stamps of both logs, the responder's renewal, and what is said when one is late."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from apps.caretaker import Caretaker
from apps.status_keys import certificate_of
from apps.upkeep import problems
from ca import publication
from tests.support.clocks import FakeClock
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]


def verified(instance) -> dict:
    return json.loads(instance.paraph("audit", "verify", "--json").stdout)


def test_both_logs_are_time_stamped_without_anybody_asking(instance):
    deadline = time.monotonic() + 60
    found = verified(instance)
    while not all(log["time_stamps"] for log in found.values()):
        assert time.monotonic() < deadline, (instance.state / "logs" / "caretaker.log").read_text()
        time.sleep(0.5)
        found = verified(instance)
    for log in found.values():
        assert log["checkpoints"] >= 1
        assert log["gaps"] == []
        age = datetime.now(UTC) - datetime.fromisoformat(log["stamped_until"])
        assert age < timedelta(hours=1)
    said = instance.paraph("audit", "verify").stdout
    assert said.count("all hold. Time-stamps: 1; the last time-stamp is of ") == 2


def at(instance, **later: float) -> Caretaker:
    """Return a caretaker of this process who thinks that it is later."""
    return Caretaker(instance.settings, FakeClock(datetime.now(UTC) + timedelta(**later)))


def responder(instance) -> x509.Certificate:
    """Return the certificate with which the zone answers."""
    settings = instance.settings
    issuer = x509.load_pem_x509_certificate(
        (settings.published() / publication.issuing_certificate_pem(1)).read_bytes()
    )
    unit = certificate_of("tsu", settings.zone_dir("status"))
    asked = ocsp.OCSPRequestBuilder().add_certificate(unit, issuer, hashes.SHA256()).build()
    url, kind = f"http://{settings.status.listen}/ocsp", {"Content-Type": "application/ocsp-request"}
    answer = httpx.post(url, content=asked.public_bytes(Encoding.DER), headers=kind, trust_env=False)
    return ocsp.load_der_ocsp_response(answer.content).certificates[0]


def test_the_responder_is_renewed_ten_days_before_its_end_and_not_sooner(instance):
    before = responder(instance)
    at(instance, days=19).make_round()
    assert responder(instance) == before
    at(instance, days=21).make_round()
    after = responder(instance)
    patience = time.monotonic() + 5  # an answer that was given is given again until the zone has asked for changes
    while after == before and time.monotonic() < patience:
        time.sleep(0.1)
        after = responder(instance)
    assert after.public_key() == before.public_key()  # another key is a person's business
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert instance.health() == dict.fromkeys(instance.health(), "")


def test_what_ends_soon_is_said_with_what_to_do(instance):
    now = datetime.now(UTC)
    assert problems(instance.settings, now) == []
    assert problems(instance.settings, now + timedelta(days=24)) == []
    (soon,) = problems(instance.settings, now + timedelta(days=26))
    assert "OCSP responder's certificate ends at" in soon
    said = " ".join(problems(instance.settings, now + timedelta(days=340)))
    assert "The time-stamping unit's key ends at" in said
    assert "paraph ca rotate tsa" in said
    assert "issuing CA" not in said
    assert "issuing CA" in " ".join(problems(instance.settings, now + timedelta(days=5479 - 260)))


def test_without_zones_the_caretaker_comes_again_ever_later():
    made = make_instance(start=False)
    try:
        caretaker = Caretaker(made.settings, FakeClock(datetime.now(UTC)))
        pauses = [caretaker.make_round() for _ in range(12)]
        assert pauses == [min(2.0 * 2**round_, 600.0) for round_ in range(1, 13)]
    finally:
        made.remove()
