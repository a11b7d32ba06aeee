"""JSON from outside: read strictly, or refused; never a crash (attacks P8, N4)."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base64url import decode_any, encode
from core.errors import Malformed
from core.strict_json import loads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=4))
def test_an_ordinary_object_is_read_as_it_is(value):
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(Malformed):
        assert isinstance(loads(data), dict)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": "\\ud800"}',
        '{"a": ' + "9" * 4301 + "}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "[]",
        "true",
        '"text"',
        "",
        '{"a": 1',
        "\ufeff{}",
    ],
)
def test_every_liberty_is_refused__p8(text):
    with pytest.raises(Malformed):
        loads(text.encode())


@pytest.mark.parametrize("values", [b"[],", b"0,", b'"",', b"{},"])
def test_millions_of_values_are_refused_before_they_take_memory__n5(values):
    with pytest.raises(Malformed, match="too many values"):
        loads(b'{"a":[' + values * 200_000 + b"0]}")
    assert len(loads(b'{"a":[' + values * 50_000 + b"0]}")["a"]) == 50_001


@given(st.binary(max_size=40))
def test_both_base64_alphabets_padded_or_not_give_the_bytes(data):
    import base64

    for text in (encode(data), base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        assert decode_any(text) == data


@pytest.mark.parametrize("text", ["QQ=", "QR==", "Q", "QQ==\n", "Q Q=", "é"])
def test_other_forms_of_base64_are_refused__t9(text):
    if text == "QQ=":  # padding is not judged, only the bits that carry data
        assert decode_any(text) == b"A"
        return
    with pytest.raises(Malformed):
        decode_any(text)
