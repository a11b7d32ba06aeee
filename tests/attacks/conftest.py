"""What the attackers meet: the real token, made once for the run."""

from __future__ import annotations

import pytest

from tests.support.sam_bench import Workbench
from tests.support.tokens import sam_keys, sam_token


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    return sam_token(tmp_path_factory.mktemp("sam-token") / "t")


@pytest.fixture
def bench(tmp_path, token):
    """A SAM on a real token; Ana at portal A, Bogdan at portal B."""
    return Workbench(tmp_path, keys=sam_keys(token))
