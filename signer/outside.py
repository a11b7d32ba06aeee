"""Asking other services over HTTP: time-stamps and the status of certificates. Limits are hard, and nothing is followed.

Every address comes from the settings, none from a certificate or a document (attack Y7): who can write one of those
chooses nothing here. No redirect is followed, no proxy of the environment used, no name and password sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from core.errors import Unavailable

_TIMES: Final = httpx.Timeout(connect=2, read=5, write=5, pool=5)  # seconds for each step
_SECONDS: Final = 8.0  # for the whole answer, however slowly it drips


class OutsideFailed(Unavailable):
    """Another service does not answer, or not as it must."""


class Outside:
    """A client of other services."""

    def __init__(
        self, transport: httpx.BaseTransport | None = None, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = httpx.Client(
            timeout=_TIMES,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            headers={"Accept-Encoding": "identity", "User-Agent": "paraph"},
        )
        self._ticks = ticks

    def post(self, url: str, body: bytes, *, media_type: str, answer_type: str, limit: int) -> bytes:
        """Return the answer to a POST, of that media type and at most `limit` bytes.

        Raises:
            OutsideFailed: there is none.
        """
        return self._ask("POST", url, body, {"Content-Type": media_type}, answer_type, limit)

    def get(self, url: str, *, limit: int) -> bytes:
        """Return what is at an address, at most `limit` bytes.

        Raises:
            OutsideFailed: there is nothing.
        """
        return self._ask("GET", url, b"", {}, None, limit)

    def _ask(
        self, method: str, url: str, body: bytes, headers: dict[str, str], answer_type: str | None, limit: int
    ) -> bytes:
        with _translated(url), self._http.stream(method, url, content=body, headers=headers) as response:
            found = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if response.status_code != 200:
                raise OutsideFailed(f"{url}: status {response.status_code}")
            if answer_type is not None and found != answer_type:
                raise OutsideFailed(f"{url}: {found[:100]} instead of {answer_type}")
            return self._limited(response, url, limit)

    def _limited(self, response: httpx.Response, url: str, limit: int) -> bytes:
        deadline = self._ticks() + _SECONDS
        content = bytearray()
        for chunk in response.iter_raw():  # undecoded, so that nothing grows: compression was not asked for
            content += chunk
            if len(content) > limit:
                raise OutsideFailed(f"{url}: more than {limit} bytes")
            if self._ticks() > deadline:
                raise OutsideFailed(f"{url}: too slow")
        return bytes(content)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutsideFailed(f"{url}: {type(error).__name__}: {error}"[:300]) from error
