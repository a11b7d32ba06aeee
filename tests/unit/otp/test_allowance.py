"""What a signatory has used up, as one value. The limits themselves are tried in tests/attacks/test_code_guesser.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.canonical import NotCanonical
from otp.throttle import MONTH, YEAR, Allowance

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_it_is_written_and_read_back():
    used = Allowance().with_code(NOW).with_guess("portal-a", NOW).with_guess("portal-b", NOW)
    assert Allowance.from_bytes(used.to_bytes()) == used
    with pytest.raises(NotCanonical):
        Allowance.from_bytes(used.to_bytes() + b" ")


def test_what_is_over_is_forgotten_and_what_is_not_is_kept():
    used = Allowance().with_code(NOW).with_guess("portal-a", NOW)
    assert used.with_code(NOW + MONTH).codes == (NOW + MONTH,)
    assert len(used.with_code(NOW + MONTH - timedelta(seconds=1)).codes) == 2
    assert len(used.with_guess("portal-a", NOW + YEAR).wrong) == 1
    assert len(used.with_guess("portal-a", NOW + YEAR - timedelta(seconds=1)).wrong) == 2


def test_a_right_guess_is_no_wrong_one_and_ends_the_row_but_the_year_stays():
    later = NOW + timedelta(seconds=1)
    used = Allowance().with_guess("portal-a", NOW).with_guess("portal-b", later).with_right("portal-b", later)
    assert used.wrong == ((NOW, "portal-a"),)
    assert used.consecutive == 0


def test_one_of_two_codes_of_an_instant_is_given_back():
    used = Allowance().with_code(NOW).with_code(NOW)
    assert used.without_code(NOW).codes == (NOW,)
