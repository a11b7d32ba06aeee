"""The one encoding that seals, bindings, SADs and evidence are made of (attack W9)."""

from __future__ import annotations

import contextlib
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import decode, encode
from core.errors import NotCanonical

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    TEXT,
    st.binary(max_size=40),
    st.timedeltas(timedelta(0), timedelta(days=100_000)).map(lambda span: EPOCH + span),
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
RECORDS = st.dictionaries(TEXT, VALUES, max_size=5)


def same(one: object, other: object) -> bool:
    """Equality that tells True from 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(TEXT, RECORDS)
def test_what_was_encoded_is_decoded(domain, record):
    decoded = decode(domain, encode(domain, record))
    assert list(decoded) == list(record)
    assert all(same(decoded[name], record[name]) for name in record)


@given(RECORDS, RECORDS)
def test_distinct_records_have_distinct_bytes(one, other):
    alike = list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    assert (encode("d", one) == encode("d", other)) == alike


@given(RECORDS)
def test_another_domain_has_other_bytes_and_is_refused(record):
    data = encode("paraph one v1", record)
    assert data != encode("paraph two v1", record)
    with pytest.raises(NotCanonical):
        decode("paraph two v1", data)


@given(RECORDS, st.data())
def test_no_changed_byte_decodes_to_the_same_record(record, data):
    encoded = encode("d", record)
    position = data.draw(st.integers(0, len(encoded) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = encoded[:position] + bytes([encoded[position] ^ flip]) + encoded[position + 1 :]
    try:
        decoded = decode("d", changed)
    except NotCanonical:
        return
    assert encode("d", decoded) == changed != encoded


@given(RECORDS, st.data())
def test_every_cut_is_refused(record, data):
    encoded = encode("d", record)
    with pytest.raises(NotCanonical):
        decode("d", encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_refused_and_never_crash(data):
    with contextlib.suppress(NotCanonical):
        assert encode("d", decode("d", data)) == data


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["a", "bc"]}, {"a": ["ab", "c"]}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": ""}),
        ({"a": None}, {}),
        ({"a": "b", "c": "d"}, {"c": "d", "a": "b"}),
        ({"a": b"x"}, {"a": "x"}),
    ],
)
def test_look_alikes_differ(one, other):
    assert encode("d", one) != encode("d", other)


def test_two_spellings_of_one_letter_are_one_text():
    assert encode("d", {"a": "s\u0326"}) == encode("d", {"a": "\u0219"})


@pytest.mark.parametrize("value", [1.5, {"a": 1}, ("a",), "\ud800", datetime(2026, 1, 1)])  # noqa: DTZ001  # naive on purpose
def test_what_has_no_encoding_is_refused(value):
    with pytest.raises(NotCanonical):
        encode("d", {"a": value})


def test_nesting_has_an_end():
    nested: list = []
    for _ in range(20):
        nested = [nested]
    with pytest.raises(NotCanonical):
        encode("d", {"a": nested})
