"""What is counted of each zone, for Prometheus: requests answered and events logged; and readings of the moment (ADR 0021).

1. A label has one of few values, all from our own code: a zone, a route, a status, the constant text of a log line, the
   class of an error, the name of a gateway. Nobody's name, number, document, client or credential can be one.
2. Counting touches no network. Each process writes its numbers to a file of its own under `run/meters/<zone>`, and the
   zone `metrics` adds them up; so no zone with a key has a port for it.
"""

from __future__ import annotations

import logging
import math
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CALL: Final = "paraph.call"  # in the WSGI environment: the route of a request, set by the application that knows it
_OTHER: Final = "other"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_OURS: Final = frozenset(
    {"api", "apps", "ca", "channel", "hsm", "otp", "portal", "preflight", "ra", "signer", "storage"}
)
_LABEL: Final = re.compile(r"[A-Za-z0-9-]{1,60}")


def fresh_folder(state_dir: Path, zone: str) -> Path:
    """Return the empty folder of a zone's numbers; those of its processes before are dropped."""
    folder = meters_dir(state_dir) / zone
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def meters_dir(state_dir: Path) -> Path:
    """Return the folder under which every zone has one for its numbers."""
    return state_dir / "run" / "meters"


class Meters(logging.Handler):
    """Counts in one process: a log handler for events, and a layer round the application for requests."""

    def __init__(self, zone: str, folder: Path) -> None:
        super().__init__(logging.INFO)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # the library asks for it at each new number
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # the library has no types here
        registry = CollectorRegistry()
        self._zone = zone
        self._requests = Counter("paraph_requests", "Requests answered.", ("zone", "call", "status"), registry=registry)
        self._seconds = Histogram(
            "paraph_request_seconds", "Time to answer.", ("zone", "call"), buckets=_BUCKETS, registry=registry
        )
        self._events = Counter(
            "paraph_events", "Events logged.", ("zone", "level", "event", "error", "gateway"), registry=registry
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event of our own code: the text it is logged with, before any value is put in."""
        if record.name.partition(".")[0] in _OURS and isinstance(record.msg, str):
            error, gateway = (_label(getattr(record, name, "")) for name in ("error", "gateway"))
            self._events.labels(self._zone, record.levelname.lower(), record.msg, error, gateway).inc()

    def around(self, application: WSGIApplication) -> WSGIApplication:
        """Return the application with its requests counted."""

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            began, said = time.perf_counter(), "500"

            def heard(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                nonlocal said
                said = status[:3]
                return start(status, headers, *rest)

            try:
                return application(environ, heard)
            finally:
                call = environ.get(CALL, _OTHER)
                self._requests.labels(self._zone, call, said).inc()
                self._seconds.labels(self._zone, call).observe(time.perf_counter() - began)

        return answer


class Reading(Protocol):
    """One measure of the moment (`ca.status_readings.Reading`): a value, or one for each value of a label."""

    @property
    def name(self) -> str:
        """Of the measure."""
        ...

    @property
    def words(self) -> str:
        """What it says."""
        ...

    @property
    def label(self) -> str:
        """Of the values; empty where there is one."""
        ...

    @property
    def values(self) -> Mapping[str, float]:
        """By the value of the label."""
        ...


class Gauges:
    """Values of the moment, of one zone: the newest that any of its processes took is the one that is told.

    Make it before the process counts, show it when it does: the library asks at a number's first use where it goes.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._registry = CollectorRegistry()
        self._gauges: dict[str, tuple[Gauge, set[str]]] = {}

    def show(self, readings: Iterable[Reading]) -> None:
        """Tell these values; what was told before and cannot be read now is told as not a number."""
        for each in readings:
            gauge, known = self._gauges.get(each.name) or self._new(each)
            known.update(each.values)
            for value in known:
                labels = (self._zone, value) if each.label else (self._zone,)
                gauge.labels(*labels).set(each.values.get(value, math.nan))

    def _new(self, reading: Reading) -> tuple[Gauge, set[str]]:
        names = ("zone", reading.label) if reading.label else ("zone",)
        made = Gauge(
            f"paraph_{reading.name}", reading.words, names, multiprocess_mode="mostrecent", registry=self._registry
        )
        self._gauges[reading.name] = made, set()
        return self._gauges[reading.name]


def _label(value: object) -> str:
    return value if isinstance(value, str) and _LABEL.fullmatch(value) else ""
