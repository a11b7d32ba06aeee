"""What is counted of each zone, for Prometheus: requests answered, and events logged (ADR 0021).

1. A label has one of few values, all from our own code: a zone, a route, a status, the constant text of a log line, the
   class of an error, the name of a gateway. Nobody's name, number, document, client or credential can be one.
2. Counting touches no network. Each process writes its numbers to a file of its own under `run/meters/<zone>`, and the
   zone `metrics` adds them up; so no zone with a key has a port for it.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, values

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def _label(value: object) -> str:
    return value if isinstance(value, str) and _LABEL.fullmatch(value) else ""
