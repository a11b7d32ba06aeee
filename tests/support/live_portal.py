"""A portal on a loopback port of its own, beside a stand-in service: for tests that need a real browser."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from werkzeug.serving import make_server

from portal import accounts
from portal.app import create_app
from portal.entropy import SystemEntropy
from portal.keys import make_secrets
from tests.support.portal_browser import EMAIL, NAME, PASSWORD, connect, settings
from tests.support.standin_service import StandinService


class LivePortal:
    """The portal's server in a thread."""

    def __init__(self, state_dir: Path, service: StandinService) -> None:
        make_secrets(state_dir / "portal", SystemEntropy())
        connect(state_dir, service)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.origin = f"http://localhost:{port}"
        self.app = create_app(settings(state_dir, service.url, public_origin=self.origin))
        accounts.add(state_dir, EMAIL, PASSWORD, NAME)
        self._server = make_server("127.0.0.1", port, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
