"""Judging codes: counted before compared, three tries, no reset by anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.factors import (
    ChallengeClosed,
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    ResendExhausted,
    ResendTooEarly,
    SigningStopped,
    ThrottledUntil,
)
from signer.sam.errors import CertificateExpired, TransactionClosed
from signer.sam.protocol import Approve, CancelTransaction, ResendCode, ShowTransaction, SubmitCode
from tests.support.sam_bench import digest

ONE = digest("one")


def submit(bench, view, code, client="portal-a"):
    return bench.ask(SubmitCode(view.transaction, client, code))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_three_wrong_codes_stop_the_transaction_and_the_right_one_comes_too_late__g1(bench):
    view = bench.open(ONE)
    for left in (2, 1):
        with pytest.raises(CodeWrong) as refusal:
            submit(bench, view, wrong(bench.phone.code))
        assert refusal.value.tries_left == left
    with pytest.raises(SigningStopped):
        submit(bench, view, wrong(bench.phone.code))
    with pytest.raises(ChallengeClosed):
        submit(bench, view, bench.phone.code)
    assert bench.ask(ShowTransaction(view.transaction, "portal-a")).state == "stopped"


def test_two_wrong_codes_and_the_right_one_authorise(bench):
    view = bench.open(ONE)
    for _ in range(2):
        with pytest.raises(CodeWrong):
            submit(bench, view, wrong(bench.phone.code))
    assert submit(bench, view, bench.phone.code).signatures == 1


def test_a_malformed_code_costs_no_try(bench):
    view = bench.open(ONE)
    for _ in range(10):
        with pytest.raises(CodeMalformed):
            submit(bench, view, "1234567")
    assert submit(bench, view, bench.phone.code).sad


def test_a_code_opens_once(bench):
    view = bench.open(ONE)
    submit(bench, view, bench.phone.code)
    with pytest.raises(TransactionClosed):
        submit(bench, view, bench.phone.code)


def test_the_code_of_one_transaction_is_wrong_in_another__z3(bench):
    mine = bench.open(ONE)
    other = bench.open(ONE, client="portal-b", account="bogdan")
    code_of_other = bench.phone.code
    with pytest.raises(CodeWrong):
        submit(bench, mine, code_of_other)
    assert submit(bench, other, code_of_other, client="portal-b").sad


def test_after_five_minutes_the_code_is_expired_and_a_new_one_can_be_sent(bench):
    view = bench.open(ONE)
    old = bench.phone.code
    bench.clock.advance(minutes=5)
    with pytest.raises(CodeExpired):
        submit(bench, view, old)
    resent = bench.ask(ResendCode(view.transaction, "portal-a"))
    assert bench.phone.code != old
    assert resent.fingerprint == view.fingerprint
    with pytest.raises(CodeWrong):
        submit(bench, view, old)
    assert submit(bench, view, bench.phone.code).sad


def test_a_tick_before_the_end_the_code_is_still_good(bench):
    view = bench.open(ONE)
    bench.clock.advance(minutes=4, seconds=59)
    assert submit(bench, view, bench.phone.code).sad


def test_the_same_code_is_sent_again_after_its_waits_and_three_times_at_most(bench):
    view = bench.open(ONE)
    code = bench.phone.code
    with pytest.raises(ResendTooEarly):
        bench.ask(ResendCode(view.transaction, "portal-a"))
    bench.clock.advance(seconds=30)
    assert bench.ask(ResendCode(view.transaction, "portal-a")).sends_left == 1
    with pytest.raises(ResendTooEarly):
        bench.ask(ResendCode(view.transaction, "portal-a"))
    bench.clock.advance(seconds=60)
    last = bench.ask(ResendCode(view.transaction, "portal-a"))
    assert last.resend_at is None
    assert bench.phone.code == code
    bench.clock.advance(seconds=90)
    with pytest.raises(ResendExhausted):
        bench.ask(ResendCode(view.transaction, "portal-a"))


def test_neither_resend_nor_a_new_code_gives_tries_back__g3(bench):
    view = bench.open(ONE)
    with pytest.raises(CodeWrong):
        submit(bench, view, wrong(bench.phone.code))
    bench.clock.advance(seconds=30)
    assert bench.ask(ResendCode(view.transaction, "portal-a")).tries_left == 2
    bench.clock.advance(minutes=6)
    assert bench.ask(ResendCode(view.transaction, "portal-a")).tries_left == 2
    for expected in (CodeWrong, SigningStopped):
        with pytest.raises(expected):
            submit(bench, view, wrong(bench.phone.code))


def test_a_certificate_that_ended_while_the_code_was_on_its_way_is_not_authorised(bench):
    approved = bench.admin(Approve("Dan", "Pop", "PNORO-4", "+40722000444", "d@example.com", "portal-a", "dan"))
    bench.activate(approved.approval, life=timedelta(minutes=3))
    view = bench.open(ONE, account="dan")
    bench.clock.advance(minutes=3, seconds=1)
    with pytest.raises(CertificateExpired):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    assert bench.ask(SubmitCode(bench.open(ONE).transaction, "portal-a", bench.phone.code)).sad


def test_cancelling_is_final__w6(bench):
    view = bench.open(ONE)
    bench.ask(CancelTransaction(view.transaction, "portal-a"))
    with pytest.raises(TransactionClosed):
        submit(bench, view, bench.phone.code)
    with pytest.raises(TransactionClosed):
        bench.ask(ResendCode(view.transaction, "portal-a"))


def test_a_transaction_ends_after_a_quarter_of_an_hour_whatever_is_sent_again(bench):
    view = bench.open(ONE)
    for _ in range(2):
        bench.clock.advance(minutes=6)
        bench.ask(ResendCode(view.transaction, "portal-a"))
    bench.clock.advance(minutes=3)
    with pytest.raises(TransactionClosed):
        submit(bench, view, bench.phone.code)


def test_fifteen_wrong_guesses_in_a_row_lock_until_re_identification(bench):
    guessed = 0
    while guessed < 15:
        view = bench.open(ONE)
        for _ in range(3):
            with pytest.raises((CodeWrong, SigningStopped)):
                submit(bench, view, wrong(bench.phone.code))
            guessed += 1
        bench.clock.advance(hours=7)
    with pytest.raises(ThrottledUntil) as refusal:
        bench.open(ONE)
    assert refusal.value.until == ""
    assert bench.open(ONE, client="portal-b", account="bogdan").state == "open"


def test_success_does_not_give_the_years_budget_back__g10(bench):
    """Two wrong and one right, again and again: after thirty wrong ones this portal may judge no more for Ana."""
    for _ in range(14):
        submit(bench, after_two_wrong(bench), bench.phone.code)
        bench.clock.advance(hours=30)
    view = after_two_wrong(bench)
    with pytest.raises(ThrottledUntil, match="one client"):
        submit(bench, view, bench.phone.code)


def after_two_wrong(bench):
    view = bench.open(ONE)
    for _ in range(2):
        with pytest.raises(CodeWrong):
            submit(bench, view, wrong(bench.phone.code))
    return view
