"""One value, one encoding (X.690 §10)."""

from __future__ import annotations

import pytest

from portal.verification.der import check_der, encoded_length, members
from portal.verification.failures import CmsMalformed


@pytest.mark.parametrize(
    "good",
    [
        "0500",
        "020100",
        "02020080",
        "0201ff",
        "0101ff",
        "0303020780"[:8] + "80",
        "3003020105",
        "310602010102" + "0102",
        "0481" + "80" + "00" * 128,
        "a003020101",
    ],
)
def test_der_is_accepted(good):
    check_der(bytes.fromhex(good))


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("", "nothing"),
        ("05", "half a header"),
        ("050000", "bytes behind"),
        ("0201", "length past the end"),
        ("30800000", "indefinite length"),
        ("048105" + "00" * 5, "long length for a short value"),
        ("04820080" + "00" * 128, "leading zero in a length"),
        ("0485" + "00" * 9, "length of lengths"),
        ("02020001", "INTEGER not minimal"),
        ("0202ff80", "negative INTEGER not minimal"),
        ("0200", "empty INTEGER"),
        ("010101", "BOOLEAN that is neither"),
        ("0300", "empty BIT STRING"),
        ("030207ff", "unused bits that are not zero"),
        ("240404020000", "constructed OCTET STRING"),
        ("1000", "primitive SEQUENCE"),
        ("3106020102" + "020101", "SET OF out of order"),
        ("1f810100", "tag above 30"),
        ("0000", "end of contents"),
    ],
)
def test_ber_is_refused(bad, what):
    with pytest.raises(CmsMalformed):
        check_der(bytes.fromhex(bad))


def test_the_length_of_a_value_does_not_count_what_is_behind_it():
    assert encoded_length(bytes.fromhex("0201050000")) == 3


def test_members_come_with_their_headers():
    assert members(bytes.fromhex("3006020101040102")) == [b"\x02\x01\x01", b"\x04\x01\x02"]
