"""The keys of the web zone: one for each purpose, nothing opens in another place."""

from __future__ import annotations

import pytest

from api.keys import Purpose, SealBroken, WebKeys
from core.secret import Secret
from tests.support.clocks import FakeEntropy


@pytest.fixture
def keys():
    return WebKeys(Secret(bytes(range(32))))


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        WebKeys(Secret(bytes(31)))


def test_purposes_share_no_key(keys):
    assert len({keys.mac(purpose, "x") for purpose in Purpose}) == len(Purpose)
    assert WebKeys(Secret(bytes(32))).mac(Purpose.TOKEN, "x") != keys.mac(Purpose.TOKEN, "x")


def test_what_was_sealed_opens_in_its_place_only(keys):
    sealed = keys.seal(Purpose.ACCOUNT_KEY, b"plain", "client-a", FakeEntropy())
    assert keys.open(Purpose.ACCOUNT_KEY, sealed, "client-a") == b"plain"
    for purpose, value, place in (
        (Purpose.ACCOUNT_KEY, sealed, "client-b"),
        (Purpose.CODE_SEAL, sealed, "client-a"),
        (Purpose.ACCOUNT_KEY, sealed[:-1] + bytes([sealed[-1] ^ 1]), "client-a"),
        (Purpose.ACCOUNT_KEY, b"", "client-a"),
        (Purpose.ACCOUNT_KEY, sealed[:12], "client-a"),
    ):
        with pytest.raises(SealBroken):
            keys.open(purpose, value, place)


def test_what_was_sealed_under_a_secret_needs_that_secret(keys):
    sealed = keys.seal_under(Purpose.CODE_SEAL, "code", b"sad", "a-1", FakeEntropy())
    assert keys.open_with(Purpose.CODE_SEAL, "code", sealed, "a-1") == b"sad"
    for purpose, secret, place in (
        (Purpose.CODE_SEAL, "other", "a-1"),
        (Purpose.CODE_SEAL, "code", "a-2"),
        (Purpose.BROWSER_SEAL, "code", "a-1"),
    ):
        with pytest.raises(SealBroken):
            keys.open_with(purpose, secret, sealed, place)
