"""A revocation list with a hundred thousand entries: how long the next one takes, and in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = 100_000
SECONDS = 2.0  # of the processor: what else this machine does at the time does not count
MEGABYTES = 200


@pytest.mark.slow
def test_the_list_after_one_with_a_hundred_thousand_entries_takes_two_seconds_and_200_megabytes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench.long_list", str(tmp_path / "state"), str(ENTRIES)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["entries"] == ENTRIES + 3
    assert measured["numbers"] == [3, 4, 5]
    assert measured["seconds"] < SECONDS, measured
    assert measured["megabytes"] < MEGABYTES, measured
    assert measured["check"] < 0.005, measured  # what each issuance asks of the record, however long the list
