"""The `web` zone of the workbench behind a real socket, for a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.web_bench import WebBench


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args, **more):
        pass


@contextmanager
def live_web(folder: Path) -> Iterator[WebBench]:
    """Serve a bench at a free port of 127.0.0.1; `bench.elsewhere` is the origin of a portal page that just says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    bench = WebBench(folder, origin=f"http://127.0.0.1:{port}")
    with _serving(bench.app, port), _serving(_portal, 0) as portal_port:
        bench.elsewhere = f"http://localhost:{portal_port}"
        bench.c = bench.register("Primăria Sectorului 3", f"{bench.elsewhere}/back", "ioana")
        yield bench
    bench.database.close()


@contextmanager
def _serving(application, port: int) -> Iterator[int]:
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _portal(environ, start):
    start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    body = "<!doctype html><html lang=ro><title>portal</title><main><h1>Portal</h1></main></html>"
    return [body.encode()]
