"""A workbench for each test."""

from __future__ import annotations

import pytest

from tests.support.sam_bench import Workbench


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path)
