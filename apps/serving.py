"""How a zone is served: a gunicorn master whose workers build the application after the fork.

The master holds nothing: no token, no database, no application. Unix sockets are made under a umask that gives them to
their owner alone, in folders that nobody else may enter (attack W12). The environment and configuration files that
gunicorn would read on its own are not looked at.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from apps.installation import from_arguments
from apps.meters import Meters, fresh_folder
from apps.one_thread import OneThread
from core.entropy import Entropy, SystemEntropy, new_id
from core.errors import DomainError
from core.logs import configure, request_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from core.config import Settings

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_FAILED_TO_START: Final = 3  # gunicorn's own code for a worker that cannot boot: the master stops and says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What distinguishes one zone's processes from another's.

    `threads` above 1 is for zones without a token: they wait for slow browsers (a plain worker would be blocked by a
    connection that a browser opened in advance). A process that holds a token session calls it from one thread.
    """

    name: str
    build: Callable[[], WSGIApplication]  # runs in each worker, after the fork
    listen: tuple[str, ...] = ()  # host:port
    sockets: tuple[Path, ...] = ()
    workers: int = 1
    threads: int = 1
    seconds: int = 60  # a worker silent for so long is ended
    prepare: Callable[[], None] | None = None  # limits of a worker, set once its application stands
    beat: Callable[[], None] | None = None  # done about once a minute between requests, by zones with one thread


def main(make: Callable[[Settings], Zone]) -> None:
    """Serve the zone that `make` describes, for the installation named on the command line."""
    configure(Path(sys.argv[0]).stem, sys.stderr)
    try:
        settings = from_arguments(sys.argv[1:]).settings()
        zone = make(settings)
    except DomainError as error:
        log.critical("cannot start", extra={"error": type(error).__name__, "detail": error.detail})
        sys.exit(_FAILED_TO_START)
    die_with_parent(signal.SIGTERM)
    configure(zone.name, sys.stderr)
    harden()
    serve(zone, fresh_folder(settings.state_dir, zone.name) if settings.metrics.listen else None)


def serve(zone: Zone, meters: Path | None) -> None:
    """Serve until told to stop; does not return before. `meters`: where the processes write their counts, if they count."""
    for path in zone.sockets:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    try:
        _Server(zone, meters).run()
    except SystemExit as end:  # of a worker too: it runs in a copy of this very call
        _leave_at_once(end)


def harden() -> None:
    """Close what a process with secrets leaves open by default: memory to its neighbours, core files, its files."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent is gone, however that happened."""
    prctl(_PR_SET_PDEATHSIG, number)


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; a kernel that does not know it is no reason to stop."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, zone: Zone, meters: Path | None) -> None:
        self.zone = zone
        self._meters = meters
        super().__init__()

    def load_config(self) -> None:
        zone = self.zone
        settings: dict[str, Any] = {
            "bind": [*zone.listen, *(f"unix:{path}" for path in zone.sockets)],
            "workers": zone.workers,
            "worker_class": "gthread" if zone.threads > 1 else OneThread,
            "threads": zone.threads,
            "timeout": zone.seconds,
            "graceful_timeout": 1,  # `paraph run` promises to stop within five seconds
            "keepalive": 5,
            "umask": 0o077,
            "proc_name": f"paraph-{zone.name}",
            "control_socket_disable": True,  # nobody manages a zone but its supervisor
            "logger_class": _Log,
            "post_fork": lambda _master, _worker: die_with_parent(signal.SIGKILL),
            "post_worker_init": lambda _worker: zone.prepare() if zone.prepare else None,
            "forwarder_headers": "",  # a path and scheme are those of the request line and of the settings: a header
            "forwarded_allow_ips": "",  # that says otherwise may come from anybody, through a proxy too (attack Z14)
            "secure_scheme_headers": {},
            "limit_request_line": 8190,
            "limit_request_fields": 60,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        try:
            application = self.zone.build()
            if self._meters is not None:
                meters = Meters(self.zone.name, self._meters)
                logging.getLogger().addHandler(meters)
                application = meters.around(application)
            return _with_request_id(application, SystemEntropy())
        except Exception:
            log.critical("cannot start", exc_info=True)
            sys.exit(_FAILED_TO_START)


def _leave_at_once(end: SystemExit) -> NoReturn:
    """End this process, without the second that Python takes to tidy its memory up."""
    logging.shutdown()
    os._exit(end.code if isinstance(end.code, int) else 0)


def _with_request_id(application: WSGIApplication, entropy: Entropy) -> WSGIApplication:
    """Return the application with every request under a name of its own, which its log lines and answer carry."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request_id = _inherited(environ) or new_id(entropy, "r")
        environ["paraph.request"] = request_id

        def named(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, [*headers, ("X-Request-Id", request_id)], *rest)

        with request_scope(request_id):
            return application(environ, named)

    return answer


def _inherited(environ: WSGIEnvironment) -> str:
    """Return the name under which a neighbouring zone knows this request; the internet cannot choose one."""
    offered: str = "" if environ.get("REMOTE_ADDR") else environ.get("HTTP_X_REQUEST_ID", "")  # unix sockets have none
    return offered if offered.startswith("r-") and len(offered) == 28 and offered[2:].isalnum() else ""


class _Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's messages and one line a request, in our form."""

    def __init__(self, cfg: Any) -> None:
        super().__init__(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)

    def setup(self, cfg: Any) -> None:
        """Leave handlers alone: `core.logs` has set them."""
        self.cfg = cfg

    def access(self, resp: Any, _req: Any, environ: WSGIEnvironment, request_time: Any) -> None:
        """Log a request: never its query, its headers or its body."""
        with request_scope(environ.get("paraph.request", "")):
            log.info(
                "answered",
                extra={
                    "method": environ.get("REQUEST_METHOD", "-"),
                    "path": environ.get("PATH_INFO", "-"),
                    "status": str(resp.status).split(" ", maxsplit=1)[0],
                    "milliseconds": int(request_time.total_seconds() * 1000),
                },
            )

    def reopen_files(self) -> None:
        """Have no files to reopen."""

    def close_on_exec(self) -> None:
        """Have no files to close."""
