"""Acts have one canonical form: what is approved is what was proposed, and no two acts share their bytes."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca import acts
from core.errors import Malformed

TEXT = st.text(max_size=30).filter(lambda text: unicodedata.normalize("NFC", text) == text)
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ACTS = st.one_of(
    st.builds(acts.RevokeMany, serials=st.lists(TEXT, max_size=5), reason=TEXT, invalid_since=st.none() | INSTANTS),
    st.builds(
        acts.RotateIssuingKey,
        generation=st.integers(1, 99),
        name=TEXT,
        key=st.sampled_from(["rsa-4096", "ec-p384"]),
        days=st.integers(1, 9999),
    ),
    st.builds(
        acts.UseRoot, purpose=st.sampled_from(["issue-root-list", "revoke-authority"]), subject=TEXT, reason=TEXT
    ),
    st.builds(acts.Restore, backup=TEXT, made_at=INSTANTS),
    st.builds(acts.AddAdmin, name=TEXT),
    st.builds(acts.ResetAdmin, name=TEXT),
    st.builds(acts.DisableAdmin, name=TEXT),
    st.just(acts.CloseAuthority()),
)


@given(ACTS)
def test_an_act_is_read_as_it_was_written(act):
    assert acts.read(acts.canonical(act)) == act


@given(ACTS, ACTS)
def test_two_acts_have_two_digests(one, other):
    assert (one == other) == (acts.canonical(one) == acts.canonical(other)) == (acts.digest(one) == acts.digest(other))


@given(ACTS, st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_bytes_that_are_no_act_are_malformed(act, position, junk):
    data = acts.canonical(act)
    cut = position % len(data)
    for broken in (data[:cut], data + junk, data[:cut] + junk + data[cut + len(junk) :]):
        if broken == data:
            continue
        try:
            assert acts.canonical(acts.read(broken)) == broken
        except Malformed:
            continue


def test_every_kind_of_act_is_tried_here():
    tried = {"RevokeMany", "RotateIssuingKey", "UseRoot", "Restore", "AddAdmin", "ResetAdmin", "DisableAdmin"}
    assert {kind.__name__ for kind in acts.Act.__subclasses__()} == tried | {"CloseAuthority"}


def test_every_act_says_what_it_is():
    assert all(kind.title for kind in acts.Act.__subclasses__())


def test_bytes_of_another_domain_are_no_act():
    from core.canonical import encode

    with pytest.raises(Malformed):
        acts.read(encode("paraph act v2", {"act": "close-authority"}))
