"""Delivery reports over HTTP: a GET at an address that we gave to the gateway, with the state that Kannel writes into it.

Everything that is not such a report is answered alike, with 404: another peer, another method, an address of nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from core.clock import Clock
from core.errors import Unavailable
from otp.delivery.report_addresses import ReportAddresses, ReportForged
from otp.delivery.reports import Reports, State

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

_STATES: Final[dict[str, State | None]] = {  # Kannel user guide, delivery reports
    "1": "delivered",
    "2": "failed",
    "4": None,  # on its way: nothing to count yet
    "8": None,
    "16": "failed",
}
_TOLD: Final[dict[State, str]] = {"delivered": "message delivered", "failed": "message failed"}


class ReportWire:
    """Takes reports from peers that may give them."""

    def __init__(
        self, addresses: ReportAddresses, reports: Reports, peers: Iterable[IPv4Network | IPv6Network], clock: Clock
    ) -> None:
        self._addresses = addresses
        self._reports = reports
        self._peers = tuple(peers)
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        status = self._health() if environ["PATH_INFO"] == "/health" else self._report(environ)
        body = f"{status}\n".encode()
        start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _health(self) -> str:
        try:
            self._reports.check()
        except Unavailable as error:
            log.warning("cannot keep reports", extra={"detail": error.detail})
            return "503 Service Unavailable"
        return "200 OK"

    def _report(self, environ: WSGIEnvironment) -> str:
        try:
            self._check_peer(environ.get("REMOTE_ADDR", ""))
            sent, state = self._addresses.read(environ["PATH_INFO"]), _state(environ)
            environ["paraph.call"] = "report"
            if state is not None:
                self._reports.record(sent, state, self._clock.now())
                log.info(_TOLD[state], extra={"gateway": sent.gateway})
        except ReportForged as error:
            log.info("report refused", extra={"detail": error.detail})
            return "404 Not Found"
        except Unavailable as error:
            log.warning("report not kept", extra={"detail": error.detail})
            return "503 Service Unavailable"
        return "200 OK"

    def _check_peer(self, address: str) -> None:
        try:
            peer = ip_address(address)
        except ValueError:
            raise ReportForged("peer") from None
        if not any(peer in network for network in self._peers):
            raise ReportForged("peer")


def _state(environ: WSGIEnvironment) -> State | None:
    states = parse_qs(environ.get("QUERY_STRING", "")[:100]).get("state", [])
    if environ["REQUEST_METHOD"] != "GET" or len(states) != 1 or states[0] not in _STATES:
        raise ReportForged("method or state")
    return _STATES[states[0]]
