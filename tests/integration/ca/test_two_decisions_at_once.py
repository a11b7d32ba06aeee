"""Several processes of the zone asked at the same moment: an act is decided once, carried out once, a code used once."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable

import pytest

from ca import acts
from ca.guarded import Guarded
from storage.engine import Database
from tests.support.ca_bench import PASSWORDS, CaBench
from tests.support.clocks import FakeEntropy

PROCESSES = 4
ROUNDS = 5
FORK = multiprocessing.get_context("fork")
ROTATE = acts.RotateIssuingKey(generation=2, name="TEST Natural Person CA G2", key="ec-p384", days=3650)


@pytest.fixture
def bench(tmp_path):
    bench = CaBench(tmp_path / "state")
    bench.found()
    for name in ("carmen", "doina"):
        bench.add(name)
    return bench


def start(bench: CaBench) -> None:
    bench.database = Database(bench.settings.zone_dir("ca") / "db.sqlite")
    bench.start()
    bench.opened.control.guard({acts.RotateIssuingKey: Guarded(lambda _connection, _act: None)})


def at_once(bench: CaBench, act: Callable[[int], object]) -> Counter[str]:
    """Have each process do `act` on a start of its own, all released together; count what came of it."""
    barrier, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    bench.database.close()

    def run(number: int) -> None:
        bench.entropy = FakeEntropy(f"process {number}")
        start(bench)
        barrier.wait(30)
        try:
            act(number)
        except Exception as error:  # noqa: BLE001  # what went wrong is the answer
            answers.put(type(error).__name__)
        else:
            answers.put("done")

    processes = [FORK.Process(target=run, args=(number,)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    found = Counter(answers.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    start(bench)
    return found


def redeem(bench: CaBench, proposal: str) -> None:
    with bench.database.transaction() as connection:
        bench.opened.control.dual.approved(connection, proposal).redeem(connection, acts.RotateIssuingKey)


def test_two_approvals_at_once_are_one(bench):
    start(bench)
    sessions = [bench.session(name) for name in ("bogdan", "carmen", "doina", "bogdan")]
    for _ in range(ROUNDS):
        proposal = bench.control.propose(bench.session("ana"), ROTATE).proposal

        def approve(number: int, proposal=proposal) -> None:
            bench.control.approve(sessions[number], proposal.proposal, proposal.digest)

        assert at_once(bench, approve) == {"done": 1, "ProposalClosed": PROCESSES - 1}
    assert bench.admin.verify_audit().rows


def test_an_approval_and_a_rejection_at_once_are_one_decision(bench):
    start(bench)
    sessions = [bench.session(name) for name in ("bogdan", "carmen")]
    for _ in range(ROUNDS):
        proposal = bench.control.propose(bench.session("ana"), ROTATE).proposal

        def decide(number: int, proposal=proposal) -> None:
            if number % 2:
                bench.control.reject(sessions[1], proposal.proposal, "no")
            else:
                bench.control.approve(sessions[0], proposal.proposal, proposal.digest)

        assert at_once(bench, decide)["done"] == 1


def test_an_approved_act_is_carried_out_by_one(bench):
    start(bench)
    for _ in range(ROUNDS):
        proposal = bench.decide(ROTATE).proposal
        assert at_once(bench, lambda _number, name=proposal: redeem(bench, name)) == {
            "done": 1,
            "ProposalClosed": PROCESSES - 1,
        }


def test_a_code_begins_one_session(bench):
    for _ in range(ROUNDS):
        bench.clock.advance(minutes=30)
        code = bench.code("ana")
        found = at_once(bench, lambda _number, code=code: bench.control.sign_in("ana", PASSWORDS["ana"], code))
        assert found == {"done": 1, "SignInRefused": PROCESSES - 1}


def test_wrong_guesses_at_once_are_all_counted(bench):
    def guess(_number: int) -> None:
        for _ in range(4):
            try:
                bench.control.sign_in("ana", "x" * 12, "000000")
            except Exception as error:
                if type(error).__name__ == "AdminLocked":
                    raise

    assert set(at_once(bench, guess)) <= {"AdminLocked", "done"}
    with bench.database.reading() as connection:
        judged = connection.exec_driver_sql("SELECT failures FROM admins WHERE name = 'ana'").scalar()
    assert judged == 5
