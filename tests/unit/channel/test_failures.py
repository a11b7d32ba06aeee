"""A refusal crosses a socket under its name, with its detail and its facts."""

from __future__ import annotations

import pytest

from channel.protocol import Protocol, encode, failure_of, raise_failure
from core.errors import Unavailable
from core.factors import CodeWrong, SmsNotSent
from otp.delivery.ports import MessageQueued

PROTOCOL = Protocol("test", (), (CodeWrong, SmsNotSent))


@pytest.mark.parametrize(
    ("error", "arrives_as"),
    [
        (CodeWrong(2), CodeWrong),
        (SmsNotSent("refused", "2026-11-24T09:13:00+00:00"), SmsNotSent),
        (MessageQueued("later"), Unavailable),  # what the protocol does not list arrives as its nearest listed ancestor
    ],
)
def test_facts_that_are_numbers_texts_or_truths_arrive(error, arrives_as):
    with pytest.raises(arrives_as) as arrived:
        raise_failure(PROTOCOL, encode(failure_of(PROTOCOL, error)))
    assert type(arrived.value) is arrives_as
    assert vars(arrived.value) == vars(error)
