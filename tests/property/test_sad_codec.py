"""No SAD but those the SAM made (attack T15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import base64url
from core.canonical import encode
from signer.sam.errors import SadInvalid
from signer.sam.sad import SadClaims, SadCodec
from tests.support.software_hsm import SoftwareMacKey

CODEC = SadCodec(SoftwareMacKey("sad"))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
CLAIMS = st.builds(
    SadClaims,
    transaction=NAMES,
    binding_digest=st.binary(min_size=32, max_size=32),
    signatory=NAMES,
    credential=NAMES,
    client=NAMES,
    factors=st.lists(NAMES, max_size=2),
    issued_at=st.just(NOW),
    expires_at=st.just(NOW + timedelta(minutes=5)),
)


@given(CLAIMS)
def test_what_was_made_is_opened(claims):
    assert CODEC.open(CODEC.make(claims)) == claims


@given(CLAIMS, st.data())
def test_no_altered_sad_opens(claims, data):
    sad = CODEC.make(claims)
    position = data.draw(st.integers(0, len(sad) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != sad[position]))
    with pytest.raises(SadInvalid):
        CODEC.open(sad[:position] + letter + sad[position + 1 :])


@given(CLAIMS)
def test_another_keys_mac_and_other_values_of_ours_are_no_sad(claims):
    foreign = SadCodec(SoftwareMacKey("seal")).make(claims)
    with pytest.raises(SadInvalid):
        CODEC.open(foreign)
    mac = SoftwareMacKey("seal").mac(b"x")
    for body in (b"", encode("paraph record v1 credentials", {"a": 1})):
        with pytest.raises(SadInvalid):
            CODEC.open("sad_" + base64url.encode(mac + body))


@given(st.text(max_size=60))
def test_any_text_is_refused_and_never_crashes(text):
    with pytest.raises(SadInvalid):
        CODEC.open("sad_" + text)
