"""What the attackers meet: the real token, made once for the run."""

from __future__ import annotations

import pytest

from tests.support.counting import counted_keys
from tests.support.sam_bench import Workbench
from tests.support.thief import Thief
from tests.support.tokens import sam_keys, sam_token
from tests.support.web_bench import WebBench


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    return sam_token(tmp_path_factory.mktemp("sam-token") / "t")


@pytest.fixture
def bench(tmp_path, token):
    """A SAM on a real token; Ana at portal A, Bogdan at portal B."""
    return Workbench(tmp_path, keys=sam_keys(token))


@pytest.fixture
def web(tmp_path, token):
    """The application on a real token, with a counter at its signatories' keys."""
    bench = WebBench(tmp_path, keys=counted_keys(token))
    yield bench
    bench.database.close()


@pytest.fixture
def light(tmp_path):
    """The same on keys in memory, where the token has no part in the question."""
    bench = WebBench(tmp_path)
    yield bench
    bench.database.close()


@pytest.fixture
def thief(web, caplog):
    return Thief(web, caplog)
