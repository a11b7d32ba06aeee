"""Who guesses codes gets three, however many guess at once (attacks §3.3, §10: G1 to G10). Real processes, one database.

What is counted in a race is what was *judged*: the comparisons that happened, not the counter read afterwards. The
settings that the bound of §3.2 rests on are tried by name at the end.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import insert, select

import otp.challenges
from core.clock import SystemClock
from core.errors import DomainError
from core.factors import (
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    ResendTooEarly,
    SigningStopped,
    ThrottledUntil,
)
from hsm.session import Token
from otp import codes, throttle
from otp.allowances import Allowances
from otp.tables import guesses
from signer.sam.errors import TransactionClosed
from signer.sam.protocol import ResendCode, SubmitCode
from signer.sam.tables import credentials
from tests.support.clocks import FakeEntropy
from tests.support.sam_bench import Workbench, digest
from tests.support.tokens import MODULE, sam_keys

ONE = digest("one")
PROCESSES = 6
GUESSES_EACH = 5
ROUNDS = 5
REFUSED = {"CodeWrong", "SigningStopped", "ChallengeClosed", "TransactionClosed"}


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**8:08}"


# -- §3.3: races -------------------------------------------------------------------------------------------------------


def guess(home: Path, token_dir: Path, issuing: bytes, barrier: Any, inbox: Any, results: Any) -> None:
    """One guesser: a SAM process of its own on the shared database and token. Tells outcomes and comparisons."""
    keys, entropy = sam_keys(Token(token_dir, MODULE, "paraph-sam")), FakeEntropy(str(os.getpid()))
    bench = Workbench.beside(home, keys, issuing, clock=SystemClock(), entropy=entropy)
    bench.keys.otp.mac(b"warm")
    judged, honest = [], otp.challenges.same_code
    otp.challenges.same_code = lambda one, other: judged.append(one) or honest(one, other)  # type: ignore[func-returns-value]
    for transaction, typed in iter(inbox.get, None):
        outcomes = []
        judged.clear()
        barrier.wait()
        for code in typed:
            try:
                bench.ask(SubmitCode(transaction, "portal-a", code))
                outcomes.append("authorised")
            except DomainError as error:
                outcomes.append(type(error).__name__)
        results.put((outcomes, len(judged)))


class Guessers:
    """Several processes that guess at the same moment, round after round."""

    def __init__(self, bench: Workbench, token_dir: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._results = context.Queue()
        self._inboxes = [context.Queue() for _ in range(PROCESSES)]
        self._barrier = context.Barrier(PROCESSES)  # kept here: it ends when nobody of this process holds it
        fixed = (bench.folder, token_dir, bench.ca.certificate_der, self._barrier)
        self._workers = [context.Process(target=guess, args=(*fixed, inbox, self._results)) for inbox in self._inboxes]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        for inbox in self._inboxes:
            inbox.put(None)
        for worker in self._workers:
            worker.join(20)
            worker.kill()

    def race(self, transaction: str, typed: list[str]) -> tuple[list[str], int]:
        """Return what became of each guess, and how many were judged."""
        for number, inbox in enumerate(self._inboxes):
            inbox.put((transaction, typed[number::PROCESSES]))
        answers = [self._results.get(timeout=60) for _ in self._workers]
        return [each for outcomes, _judged in answers for each in outcomes], sum(judged for _, judged in answers)


@pytest.fixture(scope="module")
def live(tmp_path_factory, token):
    """A SAM and several guessers at it, for all races: to start them takes longer than to race."""
    bench = Workbench(tmp_path_factory.mktemp("live"), keys=sam_keys(token), clock=SystemClock())
    with Guessers(bench, token._directory) as guessers:
        yield bench, guessers
    bench.database.close()


def citizen(bench: Workbench) -> str:
    """Enrol somebody new, whose allowance is untouched; return the account."""
    number = len(bench.credentials)
    account = f"citizen-{number}"
    bench.enrol("Ion", "Pop", f"PNORO-{1800101000000 + number}", f"+407330000{number:02}", "portal-a", account)
    return account


def told(bench: Workbench) -> Counter[str]:
    """Return how often each event is on record."""
    with bench.database.reading() as connection:
        return Counter(connection.exec_driver_sql("SELECT event FROM evidence").scalars())


@pytest.mark.slow
def test_thirty_guesses_at_once_are_three_judged__g2(live):
    bench, guessers = live
    before = told(bench)
    for _ in range(ROUNDS):
        view = bench.open(ONE, account=(account := citizen(bench)))
        typed = [wrong(bench.phone.code, by) for by in range(1, PROCESSES * GUESSES_EACH + 1)]
        outcomes, judged = guessers.race(view.transaction, typed)
        assert judged == throttle.TRIES
        assert outcomes.count("CodeWrong") == throttle.TRIES - 1
        assert set(outcomes) <= REFUSED
        with pytest.raises(DomainError):  # the right one comes too late
            bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
        sad = bench.authorise(ONE, account=account).sad  # the twin: the right code, at first
        assert bench.sign_hashes(sad, ONE, account=account)
    after = told(bench) - before
    assert after["code refused"] >= ROUNDS * throttle.TRIES  # also those that came while the last was being judged
    assert after["authorised"] == after["signing intended"] == ROUNDS  # the twins


@pytest.mark.slow
def test_with_the_right_code_among_them_at_most_one_is_let_in__g2(live):
    bench, guessers = live
    before, let_in = told(bench), 0
    for number in range(ROUNDS):
        view = bench.open(ONE, account=citizen(bench))
        typed = [wrong(bench.phone.code, by) for by in range(1, PROCESSES * GUESSES_EACH)]
        typed.insert(number * 7, bench.phone.code)
        outcomes, judged = guessers.race(view.transaction, typed)
        assert judged <= throttle.TRIES
        assert outcomes.count("authorised") <= 1
        assert set(outcomes) <= {*REFUSED, "authorised"}
        let_in += outcomes.count("authorised")
    after = told(bench) - before
    assert after["authorised"] == let_in
    assert after["signing intended"] == 0


@pytest.mark.slow
def test_the_right_code_typed_thirty_times_at_once_lets_one_in__g2(live):
    bench, guessers = live
    before = told(bench)
    view = bench.open(ONE, account=citizen(bench))
    outcomes, judged = guessers.race(view.transaction, [bench.phone.code] * PROCESSES * GUESSES_EACH)
    assert outcomes.count("authorised") == 1
    assert set(outcomes) <= {*REFUSED, "authorised"}
    assert judged <= throttle.TRIES
    assert (told(bench) - before)["authorised"] == 1


# -- §10, one after the other --------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_guess_uses_a_key(request):
    """Checked after every test with a SAM of its own."""
    bench = request.getfixturevalue("bench") if "bench" in request.fixturenames else None
    yield
    assert bench is None or told(bench)["signing intended"] == 0


def test_guess_and_resend_in_a_loop_stops_at_three__g3(bench):
    view = bench.open(ONE)
    for expected in (CodeWrong, CodeWrong, SigningStopped):
        wrong = f"{(int(bench.phone.code) + 1) % 10**8:08}"
        with pytest.raises(expected):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong))
        if expected is CodeWrong:
            bench.clock.advance(seconds=60)
            bench.ask(ResendCode(view.transaction, "portal-a"))
    assert bench.authorise(ONE).sad


def test_identical_transactions_have_different_codes__g4(bench):
    codes = set()
    for number in range(20):
        account, client = ("ana", "portal-a") if number % 2 else ("bogdan", "portal-b")
        bench.open(ONE, client=client, account=account)
        codes.add(bench.phone.code)
        bench.clock.advance(hours=6)
    assert len(codes) == 20


@pytest.mark.parametrize("typed", ["", "1", "٠١٢٣٤٥٦٧", "+1234567", "9" * 10**6, "1234 567"])
def test_malformed_guesses_are_not_judged__g5(bench, typed):
    view = bench.open(ONE)
    with pytest.raises(CodeMalformed):
        bench.ask(SubmitCode(view.transaction, "portal-a", typed))
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


def test_codes_of_neighbouring_counters_are_wrong__g6(bench):
    from sqlalchemy import select

    from otp.codes import one_time_code
    from signer.sam.tables import transactions

    view = bench.open(ONE)
    with bench.database.reading() as connection:
        binding = connection.scalar(
            select(transactions.c.binding).where(transactions.c.transaction == view.transaction)
        )
    for counter in (1, 2):
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", one_time_code(bench.keys.otp, binding, counter)))
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


def test_a_crash_between_counting_and_comparing_leaves_the_guess_counted__g7(bench, monkeypatch):
    view = bench.open(ONE)

    def crash(*_args):
        raise RuntimeError("power")

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(otp.challenges, "same_code", crash)
            with pytest.raises(RuntimeError):
                bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    with pytest.raises(SigningStopped):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    assert bench.authorise(ONE).sad


# -- §3.2: the settings the bound rests on, by name ------------------------------------------------------------------------


def test_the_settings_keep_a_forgery_below_one_in_a_million_signatory_years():
    assert (8, 3, timedelta(minutes=5)) == (codes.DIGITS, throttle.TRIES, throttle.LIFE)
    assert (throttle.CODES_A_DAY, throttle.CODES_A_MONTH) == (5, 30)
    assert (throttle.CONSECUTIVE_WRONG, throttle.WRONG_A_YEAR, throttle.WRONG_A_YEAR_PER_CLIENT) == (15, 90, 30)
    assert tuple(timedelta(days=n) for n in (1, 30, 365)) == (throttle.DAY, throttle.MONTH, throttle.YEAR)
    likeliest = (2**31 // 10**8 + 1) / 2**31  # of all codes: HOTP takes 31 bits modulo 10^8
    assert throttle.WRONG_A_YEAR * likeliest < 1e-6 < 100 * likeliest


def signatory_of(bench: Workbench, account: str) -> str:
    with bench.database.reading() as connection:
        return connection.scalar(select(credentials.c.signatory).where(credentials.c.account == account))


def guessed(
    bench: Workbench, count: int, at: datetime, *, account: str = "ana", client: str, right: bool = False
) -> None:
    """Put guesses of the past on record, a second apart, the newest `at`."""
    allowances = Allowances(bench.seals())
    with bench.database.transaction() as connection:
        standing = allowances.of(connection, signatory_of(bench, account))
        used = standing.allowance
        for number in reversed(range(count)):
            when = at - timedelta(seconds=number)
            used = used.with_guess(client, when)
            used = used.with_right(client, when) if right else used
            connection.execute(insert(guesses).values(at=when, right=int(right)))
        allowances.store(connection, standing, used)


def refused_everywhere(bench: Workbench, why: str) -> None:
    """No code is sent any more, and the one that was sent is not judged."""
    sent = len(bench.phone.messages)
    with pytest.raises(ThrottledUntil, match=why) as refusal:
        bench.open(ONE)
    assert refusal.value.until == ""  # only a new identification helps
    assert len(bench.phone.messages) == sent


def test_ninety_wrong_guesses_a_year_whatever_the_portal_and_success_does_not_reset_them(bench):
    """The last of them one tick before a year has passed, and one tick after."""
    earliest = bench.clock.now() - throttle.YEAR + timedelta(minutes=3)
    for number in range(4):
        guessed(bench, 22, earliest + timedelta(days=number), client=f"portal-{number}")
    guessed(bench, 1, earliest + timedelta(days=9), client="portal-a", right=True)
    assert bench.open(ONE).state == "open"  # 88
    view = bench.open(ONE)
    for _ in range(2):
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
    with pytest.raises(ThrottledUntil, match=r"wrong guesses a year$"):  # 90: not even the right one is judged
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    refused_everywhere(bench, "wrong guesses a year$")
    bench.clock.advance(minutes=3)  # the first twenty-two are a year old
    assert bench.open(ONE).state == "open"


def test_one_portal_cannot_spend_the_whole_budget_of_a_citizen__g9(bench):
    guessed(bench, 30, bench.clock.now() - timedelta(days=2), client="portal-a")
    guessed(bench, 1, bench.clock.now() - timedelta(days=1), client="portal-x", right=True)
    refused_everywhere(bench, "through one client")
    with bench.database.transaction() as connection:
        standing = Allowances(bench.seals()).of(connection, signatory_of(bench, "ana"))
    standing.allowance.allow_guess("portal-b", bench.clock.now())
    assert bench.open(ONE, client="portal-b", account="bogdan").state == "open"


def test_fifteen_wrong_ones_in_a_row_lock_over_any_number_of_codes(bench):
    guessed(bench, 14, bench.clock.now() - timedelta(days=200), client="portal-b")
    view = bench.open(ONE)
    with pytest.raises(CodeWrong):
        bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
    with pytest.raises(ThrottledUntil, match="consecutive"):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    refused_everywhere(bench, "consecutive")
    guessed(bench, 1, bench.clock.now(), client="portal-b", right=True)  # the twin: a right one ends the row
    assert bench.ask(SubmitCode(bench.open(ONE).transaction, "portal-a", bench.phone.code)).sad


@pytest.mark.parametrize(
    ("limit", "days", "why"), [(throttle.CODES_A_DAY, 1, "codes a day"), (throttle.CODES_A_MONTH, 30, "codes a month")]
)
def test_five_codes_a_day_and_thirty_a_month(bench, limit, days, why):
    pause = timedelta(days=days) / (limit + 1)
    for _ in range(limit):
        bench.open(ONE)
        bench.clock.advance(seconds=pause.total_seconds())
    with pytest.raises(ThrottledUntil, match=why) as refusal:
        bench.open(ONE)
    assert len(bench.phone.messages) == limit
    until = datetime.fromisoformat(refusal.value.until)
    bench.clock.advance(seconds=(until - bench.clock.now()).total_seconds())
    assert bench.open(ONE).state == "open"


def test_a_code_lives_five_minutes_from_its_last_sending_to_the_second_and_a_resend_gives_no_try_back(bench):
    view = bench.open(ONE)
    first = bench.phone.code
    with pytest.raises(CodeWrong):
        bench.ask(SubmitCode(view.transaction, "portal-a", wrong(first)))
    bench.clock.advance(seconds=29)
    with pytest.raises(ResendTooEarly):
        bench.ask(ResendCode(view.transaction, "portal-a"))
    bench.clock.advance(seconds=1)
    assert bench.ask(ResendCode(view.transaction, "portal-a")).tries_left == 2
    assert bench.phone.code == first  # it repeats the code
    bench.clock.advance(minutes=4, seconds=59)
    with pytest.raises(CodeWrong) as refusal:
        bench.ask(SubmitCode(view.transaction, "portal-a", wrong(first)))
    assert refusal.value.tries_left == 1
    bench.clock.advance(seconds=1)
    with pytest.raises(CodeExpired):
        bench.ask(SubmitCode(view.transaction, "portal-a", first))
    assert bench.ask(ResendCode(view.transaction, "portal-a")).tries_left == 1  # or raises the counter
    assert bench.phone.code != first
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


def test_one_open_transaction_for_a_credential(bench):
    first = bench.open(ONE)
    kept = bench.phone.code
    second = bench.open(digest("two"))
    with pytest.raises(TransactionClosed, match="replaced"):
        bench.ask(SubmitCode(first.transaction, "portal-a", kept))
    assert bench.ask(SubmitCode(second.transaction, "portal-a", bench.phone.code)).sad


def test_wrong_guesses_beyond_honest_error_in_an_hour_raise_an_alarm__g8(bench, caplog):
    """One wrong guess at each of many citizens: nobody is locked, and the service notices."""
    caplog.set_level(logging.WARNING)

    def one_wrong() -> bool:
        caplog.clear()
        view = bench.open(ONE)
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong(bench.phone.code)))
        return any("wrong codes beyond honest error" in each.message for each in caplog.records)

    hour = throttle.ALARM_SPAN
    guessed(bench, 200, bench.clock.now() - timedelta(minutes=10), account="bogdan", client="portal-b", right=True)
    guessed(bench, 20, bench.clock.now() - timedelta(minutes=10), account="bogdan", client="portal-b")
    assert not one_wrong()  # 21 of 221: honest error explains 11, and four deviations are 13
    guessed(bench, 10, bench.clock.now() - timedelta(minutes=10), account="bogdan", client="portal-b")
    assert one_wrong()
    bench.clock.advance(seconds=hour.total_seconds())
    assert not one_wrong()
