"""A bench for each test: these change things."""

from __future__ import annotations

import pytest

from tests.support.web_bench import WebBench


@pytest.fixture
def web(tmp_path):
    bench = WebBench(tmp_path)
    yield bench
    bench.database.close()
