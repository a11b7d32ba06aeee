"""What counts as a time-stamp, and what does not (attack Y6). The authority is a workbench's; its answers are bent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import tsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.algorithms import KeyType
from core.certificate_path import NotCertified
from core.der import SEQUENCE, tlv
from core.errors import DomainError
from core.time_stamp import LONGEST_RESPONSE, Asked, TimeStampAuthority, TimeStampRefused, received, request, verified
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.stamping import StampingAuthority

ASKED = Asked(bytes(range(32)), 7_000_000_000_000_000_000_000)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    found = StampingAuthority(CaBench(tmp_path_factory.mktemp("tsa") / "state", clock=FakeClock()))
    found.clock.advance(hours=1)
    return found


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Return an authority with the same names and another root."""
    return StampingAuthority(CaBench(tmp_path_factory.mktemp("other") / "state", clock=FakeClock()))


def judge(world, response: bytes):
    return received(response, ASKED, world.trusted, world.clock.now())


def asked(world) -> bytes:
    return request(ASKED, world.trusted)


def test_what_was_asked_for_counts_and_says_its_time(world):
    stamp = judge(world, world.respond(asked(world)))
    assert stamp.at == world.clock.now()
    assert verified(stamp.token, ASKED, world.trusted) == stamp


def test_a_request_has_imprint_nonce_and_policy_and_wants_certificates__rfc3161_2_4_1(world):
    read = tsp.TimeStampReq.load(asked(world), strict=True)
    assert read["message_imprint"]["hashed_message"].native == ASKED.imprint
    assert (read["nonce"].native, read["req_policy"].native) == (ASKED.nonce, world.trusted.policy)
    assert read["cert_req"].native is True


IMPRINT = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
SHA1 = {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}
CRITICAL = [{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}]


@pytest.mark.parametrize(
    ("bent", "what"),
    [
        ({"message_imprint": IMPRINT}, "another imprint"),
        ({"message_imprint": SHA1}, "an imprint of another hash"),
        ({"nonce": 8}, "another nonce"),
        ({"nonce": None}, "another nonce, or none"),
        ({"policy": "1.3.6.1.4.1.99999.9"}, "policy 1.3.6.1.4.1.99999.9"),
        ({"extensions": CRITICAL}, "a critical extension"),
        ({"signed": bytes(32)}, "the attributes are of another TSTInfo"),
        ({"late": timedelta(minutes=6)}, "it says"),
        ({"late": timedelta(minutes=-6)}, "it says"),
        ({"key": SoftwareSigningKey(KeyType.EC_P256)}, "the signature does not verify"),
    ],
)
def test_a_token_that_says_otherwise_is_refused__attack_y6(world, bent, what):
    with pytest.raises(TimeStampRefused, match=what):
        judge(world, world.respond(asked(world), **bent))


def test_a_certificate_for_another_purpose_is_refused__attack_y6(world):
    key = SoftwareSigningKey(KeyType.EC_P256)
    certificate = world.bench.certify("ocsp", key=key)
    with pytest.raises(NotCertified):
        judge(world, world.respond(asked(world), certificate=certificate, key=key))


def test_another_authoritys_unit_is_refused_whatever_it_sends_along__attack_y6(world, stranger):
    for chain in ([stranger.issuing], [stranger.issuing, stranger.root], [world.issuing, world.root]):
        with pytest.raises(NotCertified):
            judge(world, stranger.respond(asked(world), chain=chain))
    judge(stranger, stranger.respond(asked(stranger)))


def test_certificates_beside_the_needed_ones_change_nothing_and_missing_ones_refuse(world, stranger):
    judge(world, world.respond(asked(world), chain=[stranger.root, world.issuing, stranger.issuing, world.root]))
    with pytest.raises(NotCertified):
        judge(world, world.respond(asked(world), chain=[]))
    more = [world.bench.certify("ocsp", f"TEST OCSP Responder {number}") for number in range(15)]
    with pytest.raises(TimeStampRefused, match="17 certificates"):
        judge(world, world.respond(asked(world), chain=[world.issuing, *more]))


def test_no_root_is_trusted_by_default(world):
    with pytest.raises(NotCertified):
        received(world.respond(asked(world)), ASKED, TimeStampAuthority((), world.trusted.policy), world.clock.now())


@pytest.mark.parametrize(("days", "what"), [(364, None), (366, "time of use"), (1830, "time of use")])
def test_the_key_of_a_unit_counts_for_a_year__en_319_422_6_4(world, days, what):
    response, now = world.respond(asked(world), late=timedelta(days=days)), world.clock.now() + timedelta(days=days)
    if what is None:
        assert received(response, ASKED, world.trusted, now).at == now
        return
    with pytest.raises(TimeStampRefused, match=what):
        received(response, ASKED, world.trusted, now)


def test_a_refusal_is_told_with_its_reason(world):
    with pytest.raises(TimeStampRefused, match="time_not_available"):
        judge(world, world.refuse())


def test_a_grant_without_a_token_and_endless_answers_are_refused(world):
    granted = tlv(SEQUENCE, tsp.PKIStatusInfo({"status": "granted"}).dump())
    for response in (granted, b"", bytes(LONGEST_RESPONSE + 1)):
        with pytest.raises(TimeStampRefused):
            judge(world, response)


def test_whatever_is_cut_or_changed_in_a_response_is_refused_or_changes_nothing(world):
    response = world.respond(asked(world))
    for length in range(0, len(response), 37):
        with pytest.raises(DomainError):
            judge(world, response[:length])

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(response) - 1), st.integers(1, 255))
    def bent(place: int, by: int) -> None:
        changed = bytearray(response)
        changed[place] ^= by
        try:
            stamp = judge(world, bytes(changed))
        except DomainError:
            return
        assert stamp.at == world.clock.now()

    bent()
