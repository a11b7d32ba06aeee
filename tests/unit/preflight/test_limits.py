"""The time for one document. The walls themselves are tested on real processes."""

import resource
import time
from contextlib import suppress
from functools import partial

import pytest

from core.errors import Unavailable
from preflight.check import guarded
from preflight.client import PreflightClient
from preflight.limits import deadline
from preflight.protocol import DocumentRefused, DocumentReport


def test_document_that_takes_too_long_is_refused():
    with pytest.raises(DocumentRefused) as refused, deadline(0.05):
        time.sleep(5)
    assert refused.value.reason == "too-heavy"


def test_library_that_calls_the_interruption_a_flaw_of_the_file_changes_nothing():
    for caught in (Exception, BaseException):
        with pytest.raises(DocumentRefused) as refused, deadline(0.05):
            guarded(partial(_read_with_tolerance, caught))
        assert refused.value.reason == "too-heavy"


def test_library_that_swallows_the_interruption_is_told_again_and_not_believed():
    start = time.monotonic()
    with pytest.raises(DocumentRefused) as refused, deadline(0.05):
        _swallow_twice()
    assert refused.value.reason == "too-heavy"
    assert time.monotonic() - start < 4


def _swallow_twice() -> None:
    for _ in range(2):
        with suppress(BaseException):
            time.sleep(5)


def _read_with_tolerance(caught: type[BaseException]) -> None:
    try:
        time.sleep(5)
    except caught as error:
        raise ValueError("not a number") from error


def test_time_over_once_is_over_no_more():
    with deadline(0.05):
        pass
    time.sleep(0.1)


def test_the_limit_of_processor_time_goes_with_the_document():
    before = resource.getrlimit(resource.RLIMIT_CPU)
    with deadline(1):
        assert resource.getrlimit(resource.RLIMIT_CPU) != before
    assert resource.getrlimit(resource.RLIMIT_CPU) == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "too-heavy"),
        (RecursionError(), "damaged"),
        (ZeroDivisionError(), "damaged"),
        (KeyError("/ID"), "damaged"),
        (AssertionError(), "damaged"),
        (DocumentRefused("password"), "password"),
    ],
)
def test_whatever_is_raised_becomes_a_refusal(error, reason):
    def work():
        raise error

    with pytest.raises(DocumentRefused) as refused:
        guarded(work)
    assert refused.value.reason == reason


class Line:
    """A channel whose zone dies over a document, and is or is not alive afterwards."""

    def __init__(self, *, alive: bool) -> None:
        self.alive = alive

    def call(self, request, reply):
        raise Unavailable("cut")

    def check(self):
        if not self.alive:
            raise Unavailable("down")


def test_worker_that_dies_over_a_document_makes_it_too_heavy():
    with pytest.raises(DocumentRefused) as refused:
        PreflightClient(Line(alive=True)).check(b"%PDF-")
    assert refused.value.reason == "too-heavy"


def test_zone_that_is_down_stays_unavailable():
    with pytest.raises(Unavailable):
        PreflightClient(Line(alive=False)).check(b"%PDF-")


def test_report_is_what_the_zone_says():
    report = DocumentReport(1, strict=True, earlier_signatures=0, earlier_signatures_broken=0, warnings=[])

    class Answering(Line):
        def call(self, request, reply):
            return report

    assert PreflightClient(Answering(alive=True)).check(b"%PDF-") is report
