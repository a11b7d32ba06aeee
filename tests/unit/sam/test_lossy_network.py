"""Three in ten messages lost, the others five minutes late, all of them twice: signatories still sign (docs/sms.md)."""

from __future__ import annotations

import pytest

from tests.support.lossy_network import many_citizens, told

CITIZENS = 40


@pytest.mark.parametrize(
    ("network", "signed", "messages", "most"),
    [
        ({"lost": 0.3}, 0.97, 1.7, 6),
        ({"lost": 0.3, "late": 0.5, "doubled": 0.2}, 0.95, 2.6, 9),
        ({"lost": 0.3, "late": 1.0}, 0.95, 3.7, 9),
        ({"lost": 0.3, "late": 1.0, "doubled": 1.0}, 0.95, 3.7, 9),
    ],
)
def test_losses_delays_and_duplicates_are_survived(bench, network, signed, messages, most):
    found = told(many_citizens(bench, CITIZENS, seed=2026, **network))
    assert found["signed"] >= signed, found
    assert found["messages"] <= messages, found
    assert found["most messages"] <= most, found
    assert found["wrong"] <= CITIZENS * 0.05, found  # an old code that came late, typed as if it were the new one


def test_a_perfect_network_takes_one_message_each(bench):
    found = told(many_citizens(bench, 10, seed=2026))
    assert (found["signed"], found["messages"], found["wrong"]) == (1.0, 1.0, 0)


def test_a_network_that_loses_everything_is_given_up_and_nothing_is_signed(bench):
    found = many_citizens(bench, 3, seed=2026, lost=1.0)
    assert not any(each.signed for each in found)
    assert max(each.messages for each in found) <= 9  # three sendings of three codes
