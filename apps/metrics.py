"""The `metrics` zone: every zone's numbers on a port of their own, for Prometheus. It reads files, and nothing else."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.meters import CALL, meters_dir
from apps.serving import Zone, main
from core.config import BadSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PATH: Final = "/metrics"
_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def zone(settings: Settings) -> Zone:
    """Return what the `metrics` zone runs.

    Raises:
        BadSettings: nothing is counted in these settings.
    """
    if not settings.metrics.listen:
        raise BadSettings("metrics.listen: empty, so nothing is counted")
    return Zone(name="metrics", build=lambda: build(settings), listen=(settings.metrics.listen,), threads=2)


def build(settings: Settings) -> WSGIApplication:
    """Return the application."""
    registry = CollectorRegistry()
    registry.register(ZonesCollector(meters_dir(settings.state_dir)))

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path, known = environ["PATH_INFO"], environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if not known or path not in {PATH, "/health"}:
            status, body = "404 Not Found", b"not found\n"
        else:
            environ[CALL] = path
            status, body = "200 OK", generate_latest(registry) if path == PATH else b"ok\n"
        start(status, [("Content-Type", _CONTENT_TYPE), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


class ZonesCollector(Collector):
    """Adds up what the processes of all zones wrote. A zone whose files are no numbers is left out, and said to be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Any]:
        """Return the sums, one family for each measure, and for each zone whether it could be read."""
        unreadable = GaugeMetricFamily("paraph_unreadable", "Zones whose numbers cannot be read.", labels=["zone"])
        files: list[str] = []
        for folder in sorted(path for path in self._folder.glob("*") if path.is_dir()):
            own = [str(path) for path in sorted(folder.glob("*.db"))]
            broken = not _are_numbers(own)
            unreadable.add_metric([folder.name], float(broken))
            files += [] if broken else own
        yield unreadable
        yield from _sums(files)


def _sums(files: list[str]) -> Iterator[Any]:
    yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]  # the library has no types here


def _are_numbers(files: list[str]) -> bool:
    try:
        list(_sums(files))
    except Exception:  # whatever a broken file makes the library raise
        log.exception("numbers cannot be read")
        return False
    return True


if __name__ == "__main__":
    main(zone)
