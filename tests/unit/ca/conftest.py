"""An authority for each test."""

from __future__ import annotations

import pytest

from tests.support.ca_bench import CaBench


@pytest.fixture
def bench(tmp_path):
    return CaBench(tmp_path / "state")
