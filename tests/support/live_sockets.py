"""The zones of a workbench behind their real sockets, for commands that know nothing of the workbench."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from channel.server import Server


class _Handler(WSGIRequestHandler):
    def log(self, *args, **more):
        pass

    def make_environ(self):
        return super().make_environ() | {"gunicorn.socket": self.connection}


@contextmanager
def served(servers: Mapping[Path, Server]) -> Iterator[None]:
    """Serve each protocol at its socket."""
    with ExitStack() as stack:
        for path, server in servers.items():
            stack.enter_context(_serving(path, server))
        yield


@contextmanager
def _serving(path: Path, server: Server) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    listening = make_server(f"unix://{path}", 0, server, request_handler=_Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
        path.unlink(missing_ok=True)
