"""What the `status` zone says of itself to whoever watches it: the clock behind the time-stamps, and what ends when.

Text as Prometheus reads it, at an address of its own that relying parties need not reach. Every value is a reading of this
moment, by the worker that answers; nothing is counted up, so it does not matter which worker that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from ca.status_files import read
from ca.status_parts import StatusParts
from ca.trusted_clock import TrustedClock
from core import addresses
from core.errors import DomainError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


class _Reading(NamedTuple):
    name: str
    help: str
    values: Callable[[], dict[str, float]]  # by label, empty where there is none


class StatusMetrics:
    """Answers `GET /metrics`."""

    def __init__(self, clock: TrustedClock, parts: StatusParts, published: Path) -> None:
        self._clock = clock
        self._parts = parts
        self._published = published

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
            start("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        body = "".join(self._lines()).encode()
        kind = "text/plain; version=0.0.4; charset=utf-8"
        start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
        return [body]

    def _lines(self) -> Iterator[str]:
        for reading in self._readings():
            try:
                values = reading.values()
            except DomainError:  # what cannot be read now is left out; the log and the health check say why
                continue
            yield f"# HELP paraph_{reading.name} {reading.help}\n# TYPE paraph_{reading.name} gauge\n"
            for label, value in values.items():
                yield f"paraph_{reading.name}{label} {value:.6f}\n"

    def _readings(self) -> Iterator[_Reading]:
        state = self._clock.state()
        for name, words, value in (
            (
                "tsa_clock_drift_seconds",
                "Clock less running time, since this worker began.",
                state.drift.total_seconds(),
            ),
            (
                "tsa_clock_largest_error_seconds",
                "What the time service allows for.",
                state.largest_error.total_seconds(),
            ),
            ("tsa_clock_synchronised", "Whether the time service keeps the clock.", float(state.synchronised)),
            ("tsa_time_told", "Whether the time is above doubt, so that tokens are issued.", float(state.told)),
        ):
            yield _Reading(name, words, partial(dict, {"": value}))
        yield _Reading("key_ends_timestamp_seconds", "When the part's key may not be used any more.", self._ends)
        yield _Reading("list_next_update_timestamp_seconds", "When the published revocation list is over.", self._lists)

    def _ends(self) -> dict[str, float]:
        found = {"tsu": self._parts.unit.current().ends}
        for number in self._parts.issuers.numbers():
            name = addresses.issuing_name(number).replace("issuing", "ocsp")
            found[name] = self._parts.issuers.answered(number).delegation().key.ends
        return {f'{{part="{part}"}}': ends.timestamp() for part, ends in found.items()}

    def _lists(self) -> dict[str, float]:
        names = ["root", *(addresses.issuing_name(number) for number in self._parts.issuers.numbers())]
        return {f'{{list="{name}"}}': _next_update(read(self._published, f"{name}.crl")) for name in names}


def _next_update(der: bytes) -> float:
    try:
        ends: datetime | None = x509.load_der_x509_crl(der).next_update_utc
    except ValueError as error:
        raise Unavailable(str(error)) from error
    return ends.timestamp() if ends else 0.0
