"""One bench for all rows of a table: a refused call changes nothing, which is part of what the rows show."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.web_bench import WebBench
from tests.support.wire import DIGESTS, DOCUMENT


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    bench = WebBench(tmp_path_factory.mktemp("web"))
    yield bench
    bench.database.close()


@pytest.fixture(scope="module")
def service(web):
    """A service token of portal A."""
    return web.service_token(web.a)


@pytest.fixture(scope="module")
def sad(web):
    """A credential token of Ana for three hashes."""
    return web.authorise(web.a, DIGESTS)


@pytest.fixture(scope="module")
def document_sad(web):
    """A credential token of Bogdan for one document."""
    return web.authorise(web.b, [hashlib.sha256(DOCUMENT).digest()], "sodr")
