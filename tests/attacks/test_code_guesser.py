"""Who guesses codes gets three, however many guess at once (attacks §3.3, §10: G1 to G7). Real processes, one database."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import DomainError
from core.factors import CodeMalformed, CodeWrong, SigningStopped, ThrottledUntil
from signer.sam.protocol import ResendCode, SubmitCode
from tests.support.sam_bench import Workbench, digest
from tests.support.tokens import MODULE, sam_keys

ONE = digest("one")
PROCESSES = 6
GUESSES_EACH = 5


def guess(home: Path, token_dir: Path, setup: dict, barrier, results, guesses: list[str]) -> None:
    """One guesser: a SAM process of its own on the shared database and token."""
    from hsm.session import Token

    bench = Workbench.__new__(Workbench)
    bench.__dict__.update(setup)
    bench.keys = sam_keys(Token(token_dir, MODULE, "paraph-sam"))
    bench.folder, bench.clock = home, SystemClock()
    from tests.support.clocks import FakeEntropy
    from tests.support.sam_bench import Phone

    bench.entropy, bench.phone = FakeEntropy(str(multiprocessing.current_process().pid)), Phone()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    bench.verdict_key = Ed25519PrivateKey.generate()
    bench.ca = type("Ca", (), {"certificate_der": setup["issuing"]})()
    bench.sam = bench.start()
    bench.keys.otp.mac(b"warm")
    outcomes = []
    barrier.wait()
    for code in guesses:
        try:
            bench.ask(SubmitCode(setup["transaction"], "portal-a", code))
            outcomes.append("authorised")
        except DomainError as error:
            outcomes.append(type(error).__name__)
    results.put(outcomes)


def race(bench, token, *, with_right: bool) -> list[str]:
    view = bench.open(ONE)
    right = bench.phone.code
    wrong = [f"{(int(right) + n) % 10**8:08}" for n in range(1, PROCESSES * GUESSES_EACH + 1)]
    guesses = [wrong[n * GUESSES_EACH : (n + 1) * GUESSES_EACH] for n in range(PROCESSES)]
    if with_right:
        guesses[2][1] = right
    setup = {"transaction": view.transaction, "issuing": bench.ca.certificate_der}
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    workers = [
        context.Process(target=guess, args=(bench.folder, token._directory, setup, barrier, results, each))
        for each in guesses
    ]
    for worker in workers:
        worker.start()
    outcomes = [outcome for _ in workers for outcome in results.get(timeout=60)]
    for worker in workers:
        worker.join()
    return outcomes


@pytest.fixture
def live_bench(tmp_path, token):
    return Workbench(tmp_path, keys=sam_keys(token), clock=SystemClock())


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(3))
def test_thirty_guesses_at_once_are_three_judged__g2(live_bench, token, round_):
    outcomes = race(live_bench, token, with_right=False)
    judged = outcomes.count("CodeWrong") + outcomes.count("SigningStopped")
    assert outcomes.count("CodeWrong") == 2
    assert judged == 3 + (outcomes.count("SigningStopped") - 1)  # SigningStopped also answers those that came too late
    assert "authorised" not in outcomes
    with live_bench.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM guesses").scalar() == 3
        assert connection.exec_driver_sql("SELECT attempts FROM challenges").scalar() == 3


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(3))
def test_with_the_right_code_among_them_at_most_one_is_let_in__g2(live_bench, token, round_):
    outcomes = race(live_bench, token, with_right=True)
    assert outcomes.count("authorised") <= 1
    with live_bench.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM guesses").scalar() <= 3


def test_guess_and_resend_in_a_loop_stops_at_three__g3(bench):
    view = bench.open(ONE)
    for expected in (CodeWrong, CodeWrong, SigningStopped):
        wrong = f"{(int(bench.phone.code) + 1) % 10**8:08}"
        with pytest.raises(expected):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong))
        if expected is CodeWrong:
            bench.clock.advance(seconds=60)
            bench.ask(ResendCode(view.transaction, "portal-a"))


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
    import otp.challenges

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


def test_one_portal_cannot_spend_the_whole_budget_of_a_citizen__g9(bench):
    from datetime import timedelta

    from otp import throttle

    with bench.database.transaction() as connection:
        for number in range(30):
            connection.exec_driver_sql(
                "INSERT INTO guesses (signatory, client, at, right) SELECT signatory, 'portal-a', ?, 0 FROM credentials WHERE account = 'ana'",
                (int((bench.clock.now() - timedelta(days=number + 1)).timestamp()) * 1_000_000,),
            )
        connection.exec_driver_sql(
            "INSERT INTO guesses (signatory, client, at, right) SELECT signatory, 'portal-b', ?, 1 FROM credentials WHERE account = 'ana'",
            (int(bench.clock.now().timestamp()) * 1_000_000,),
        )
        signatory = connection.exec_driver_sql("SELECT signatory FROM credentials WHERE account = 'ana'").scalar()
        with pytest.raises(ThrottledUntil, match="one client"):
            throttle.allow_guess(connection, signatory, "portal-a", bench.clock.now())
        throttle.allow_guess(connection, signatory, "portal-b", bench.clock.now())
