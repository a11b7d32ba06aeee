"""Whose time-stamps are believed on what is kept for years."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from core.config import BadSettings, load
from core.pinned_authorities import time_stamp_trust, time_stamp_url
from tests.support.clocks import FakeClock
from tests.support.small_pki import SmallCa

OWN, OTHER = (SmallCa(FakeClock().now(), f"TEST {name}").certificate for name in ("own", "other"))


def settings_with(**tsa):
    return load(Path("config/paraph.toml"), {"status": {"listen": "127.0.0.1:1234"}, "tsa": tsa})


def test_by_default_our_own_authority_is_asked_and_believed():
    settings = settings_with()
    assert time_stamp_url(settings) == "http://127.0.0.1:1234/tsa"
    trust = time_stamp_trust(settings, OWN)
    assert (trust.anchors, trust.policies) == ((OWN,), {settings.status.tsa_policy_oid})


def test_another_authority_is_believed_beside_our_own_whose_time_stamps_are_kept_still(tmp_path):
    root = tmp_path / "other.pem"
    root.write_bytes(OTHER.public_bytes(Encoding.PEM))
    settings = settings_with(url="https://tsa.example.com", root=str(root), policies=["1.2.3"])
    assert time_stamp_url(settings) == "https://tsa.example.com"
    trust = time_stamp_trust(settings, OWN)
    assert (trust.anchors, trust.policies) == ((OWN, OTHER), {settings.status.tsa_policy_oid, "1.2.3"})


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_an_authority_that_is_not_pinned_is_not_believed(tmp_path, content):
    root = tmp_path / "other.pem"
    if content is not None:
        root.write_bytes(content)
    settings = settings_with(url="https://tsa.example.com", root=str(root), policies=["1.2.3"])
    with pytest.raises(BadSettings, match=r"other\.pem"):
        time_stamp_trust(settings, OWN)
