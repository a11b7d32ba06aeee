"""Several gateways as one: in order, the next when one fails, and a rest for those that keep failing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from otp.delivery.gateways import Gateways
from otp.delivery.ports import MessageQueued, MessageRefused, NotDelivered, OutcomeUnclear, Sms

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SMS = Sms("+40722000111", "Paraph", "Cod: 48291357", "t-1-0-1", NOW, NOW + timedelta(minutes=5))


@dataclass
class Gateway:
    """Takes messages, or raises what it is told to."""

    name: str
    problem: NotDelivered | None = None
    messages: list[Sms] = field(default_factory=list)
    asked: int = 0

    def send(self, sms: Sms) -> None:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        self.messages.append(sms)

    def check(self) -> None:
        if self.problem is not None:
            raise self.problem


def test_the_first_gateway_that_works_takes_the_message_and_no_other_is_asked():
    first, second = Gateway("first"), Gateway("second")
    Gateways([first, second]).send(SMS)
    assert (first.messages, second.asked) == ([SMS], 0)


@pytest.mark.parametrize("problem", [MessageRefused("no"), MessageQueued("later"), OutcomeUnclear("what?")])
def test_the_next_one_is_asked_whatever_is_wrong_with_the_first(problem):
    first, second = Gateway("first", problem), Gateway("second")
    Gateways([first, second]).send(SMS)
    assert (first.asked, second.messages) == (1, [SMS])


@pytest.mark.parametrize(
    ("problems", "may_arrive"),
    [
        ((MessageRefused("a"), MessageRefused("b")), False),
        ((MessageQueued("a"), MessageRefused("b")), True),
        ((MessageRefused("a"), OutcomeUnclear("b")), True),
    ],
)
def test_when_all_fail_all_reasons_are_said_and_whether_the_message_may_arrive(problems, may_arrive):
    with pytest.raises(NotDelivered, match="a; b") as refusal:
        Gateways([Gateway("x", problem) for problem in problems]).send(SMS)
    assert refusal.value.may_arrive is may_arrive


def test_after_three_failures_running_a_gateway_rests_for_half_a_minute():
    now = [100.0]
    first, second = Gateway("first", OutcomeUnclear("hangs")), Gateway("second")
    gateways = Gateways([first, second], lambda: now[0])
    for _ in range(5):
        gateways.send(SMS)
    assert (first.asked, len(second.messages)) == (3, 5)
    now[0] += 29.9
    gateways.send(SMS)
    assert first.asked == 3
    now[0] += 0.2
    gateways.send(SMS)
    assert first.asked == 4  # tried once more, and at rest again
    gateways.send(SMS)
    assert first.asked == 4
    now[0] += 31
    first.problem = None
    gateways.send(SMS)
    assert first.messages == [SMS]


def test_one_success_forgets_failures():
    gateway = Gateway("one")
    gateways = Gateways([gateway], lambda: 0.0)
    for problem in [MessageRefused("no"), MessageRefused("no"), None] * 3:
        gateway.problem = problem
        if problem is None:
            gateways.send(SMS)
        else:
            with pytest.raises(NotDelivered):
                gateways.send(SMS)
    assert gateway.asked == 9


def test_when_every_gateway_rests_the_message_is_refused_at_once():
    gateway = Gateway("one", OutcomeUnclear("hangs"))
    gateways = Gateways([gateway], lambda: 0.0)
    for _ in range(3):
        with pytest.raises(NotDelivered, match="hangs"):
            gateways.send(SMS)
    with pytest.raises(NotDelivered, match="every SMS gateway failed several times") as refusal:
        gateways.send(SMS)
    assert not refusal.value.may_arrive
    with pytest.raises(NotDelivered, match="every SMS gateway"):
        gateways.check()


def test_the_check_passes_while_one_gateway_works():
    first, second = Gateway("first", MessageRefused("refuses our user name or password")), Gateway("second")
    Gateways([first, second]).check()
    second.problem = MessageRefused("cannot be reached")
    with pytest.raises(NotDelivered, match="refuses our user name or password; cannot be reached"):
        Gateways([first, second]).check()
