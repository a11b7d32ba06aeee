"""A telephone network that loses messages, keeps them back and delivers them twice, and a citizen who copes with it."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.errors import DomainError
from core.factors import CodeWrong, ResendExhausted, ResendTooEarly
from otp.delivery.ports import Sms
from signer.sam.protocol import ResendCode, SubmitCode
from tests.support.sam_bench import Workbench, digest

USUAL = timedelta(seconds=5)
TYPING = timedelta(seconds=20)  # from the message's arrival to the press
GIVES_UP = timedelta(minutes=14, seconds=59)  # the transaction ends after fifteen minutes


@dataclass
class LossyNetwork:
    """Takes every message and delivers what it likes, the same for the same seed. Shares are of all messages."""

    clock: object
    seed: int
    lost: float = 0.0
    late: float = 0.0
    late_by: timedelta = timedelta(minutes=5)
    doubled: float = 0.0
    taken: int = 0
    arrivals: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, sms: Sms) -> None:
        self.taken += 1
        lost, late, doubled = (self._random.random() for _ in range(3))
        if lost < self.lost:
            return
        at = self.clock.now() + (self.late_by if late < self.late else USUAL)
        for again in range(2 if doubled < self.doubled else 1):
            self.arrivals.append((at + again * timedelta(seconds=3), sms.text))

    def check(self) -> None:
        """It always says that it works."""

    def next_arrival(self) -> datetime | None:
        return min((at for at, _ in self.arrivals), default=None)

    def arrived(self, now: datetime) -> list[str]:
        """Return the codes that have come by now, the last one last; each is given once."""
        here = sorted(each for each in self.arrivals if each[0] <= now)
        self.arrivals = [each for each in self.arrivals if each[0] > now]
        return [re.search(r"#(\d{8})$", text)[1] for _, text in here]


@dataclass(frozen=True)
class Outcome:
    """How it went for one citizen."""

    signed: bool
    messages: int
    wrong: int  # codes typed that were wrong: old ones, come late
    minutes: float


def one_citizen(bench: Workbench, network: LossyNetwork, account: str) -> Outcome:
    """Open a transaction, and do what the page offers until it is authorised or its time is over.

    The citizen types whatever code comes last, asks for it again as soon as the page allows, and for a new one as soon as
    the old one has expired.
    """
    clock, began, before = bench.clock, bench.clock.now(), network.taken
    network.arrivals.clear()
    view = bench.open(digest(f"{account} {began}"), account=account)
    wrong, may_ask, tried = 0, view.resend_at, set()
    while clock.now() < began + GIVES_UP:
        arrival = network.next_arrival()
        until = min(at for at in (arrival, may_ask, began + GIVES_UP) if at is not None)
        clock.instant = max(clock.now(), until)
        for code in network.arrived(clock.now())[-1:]:
            if code in tried:
                continue
            tried.add(code)
            clock.instant += TYPING
            try:
                bench.ask(SubmitCode(view.transaction, "portal-a", code))
                return _outcome(network, before, clock, began, wrong, signed=True)
            except CodeWrong:
                wrong += 1
            except DomainError:
                pass
        if may_ask is not None and clock.now() >= may_ask:
            try:
                view = bench.ask(ResendCode(view.transaction, "portal-a"))
                may_ask = view.resend_at or view.code_expires_at
            except ResendTooEarly as error:
                may_ask = datetime.fromisoformat(error.after)
            except ResendExhausted:
                may_ask = view.code_expires_at
            except DomainError:
                break
    return _outcome(network, before, clock, began, wrong, signed=False)


def _outcome(network, before, clock, began, wrong, *, signed) -> Outcome:
    return Outcome(signed, network.taken - before, wrong, (clock.now() - began) / timedelta(minutes=1))


def many_citizens(bench: Workbench, citizens: int, **network) -> list[Outcome]:
    """Return how it went for each of many citizens, one a day."""
    sender = LossyNetwork(bench.clock, **network)
    bench.send_through(sender)
    outcomes = []
    for number in range(citizens):
        if number % 10 == 0:  # three codes at most each time: nobody comes to thirty a month
            account = f"citizen-{number}"
            bench.enrol("Ana", "Pop", f"PNORO-29001014{number:05d}", f"+40722{number:06d}", "portal-a", account)
        outcomes.append(one_citizen(bench, sender, account))
        bench.clock.advance(hours=24)
    return outcomes


def told(outcomes: list[Outcome]) -> dict[str, float]:
    """Return what a table says of outcomes."""
    signed = [each for each in outcomes if each.signed]
    minutes = sorted(each.minutes for each in signed)
    return {
        "signed": len(signed) / len(outcomes),
        "messages": sum(each.messages for each in outcomes) / len(outcomes),
        "most messages": max(each.messages for each in outcomes),
        "median minutes": minutes[len(minutes) // 2] if minutes else 0.0,
        "wrong": sum(each.wrong for each in outcomes),
        "by messages": dict(sorted(Counter(each.messages for each in signed).items())),
    }
