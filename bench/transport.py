"""How zones could talk: round trips a second of a small typed message over each candidate transport, in one run.

`python -m bench.transport` measures HTTP over a unix socket (the channel of Paraph, gunicorn sync workers) and a bare
length-prefixed socket as the bound; with grpcio installed also gRPC over a unix socket. See docs/adr/0002.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gunicorn.app.base import BaseApplication

from channel.client import Channel
from channel.protocol import Call, Done, Health, Message, Protocol
from channel.server import Server

ROUNDS = 3000


class Echo(Message, frozen=True):
    """A message of the size of a signing request."""

    sad: str
    digests: list[bytes]


ECHO = Protocol("echo", (Call(Echo, Echo, limit=100_000_000),))


class _Gunicorn(BaseApplication):
    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()

    def load_config(self) -> None:
        for name, value in {"bind": f"unix:{self._path}", "workers": 1, "loglevel": "critical"}.items():
            self.cfg.set(name, value)

    def load(self) -> Server:
        handlers = {Echo: lambda message: message, Health: lambda _message: Done()}
        return Server(ECHO, handlers, frozenset({os.getuid()}))


def _serve_http(path: Path) -> None:
    _Gunicorn(path).run()


def _serve_bare(path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    while True:
        peer, _ = listener.accept()
        with peer:
            (length,) = struct.unpack(">I", peer.recv(4, socket.MSG_WAITALL))
            body = peer.recv(length, socket.MSG_WAITALL)
            peer.sendall(struct.pack(">I", length) + body)


def _serve_grpc(path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    def handle(_self: object, details: object) -> object:
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: request)

    generic = type("Echo", (grpc.GenericRpcHandler,), {"service": handle})()
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(1), handlers=[generic], options=options)
    server.add_insecure_port(f"unix:{path}")
    server.start()
    server.wait_for_termination()


def _call_http(path: Path) -> Callable[[Echo], object]:
    channel = Channel(ECHO, path)
    return lambda message: channel.call(message, Echo)


def _call_bare(path: Path) -> Callable[[Echo], object]:
    from channel.protocol import decode, encode

    def call(message: Echo) -> object:
        body = encode(message)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            peer.sendall(struct.pack(">I", len(body)) + body)
            (length,) = struct.unpack(">I", peer.recv(4, socket.MSG_WAITALL))
            return decode(Echo, peer.recv(length, socket.MSG_WAITALL))

    return call


def _call_grpc(path: Path) -> Callable[[Echo], object]:
    import grpc

    from channel.protocol import decode, encode

    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    ask = grpc.insecure_channel(f"unix:{path}", options=options).unary_unary("/paraph/Echo")
    return lambda message: decode(Echo, ask(encode(message)))


CANDIDATES = {
    "HTTP over a unix socket (gunicorn sync)": (_serve_http, _call_http),
    "bare length-prefixed unix socket": (_serve_bare, _call_bare),
    "gRPC over a unix socket": (_serve_grpc, _call_grpc),
}


def _rate(call: Callable[[Echo], object], message: Echo, rounds: int) -> float:
    call(message)
    begin = time.perf_counter()
    for _ in range(rounds):
        call(message)
    return rounds / (time.perf_counter() - begin)


def measure(serve: Callable[[Path], None], connect: Callable[[Path], Callable[[Echo], object]]) -> dict[str, float]:
    """Return round trips a second for a signing request and for a document of 1 MB and 20 MB."""
    path = Path(tempfile.mkdtemp()) / "socket"
    server = multiprocessing.Process(target=serve, args=(path,))
    server.start()
    try:
        while not path.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        call = connect(path)
        return {
            "32 digests": _rate(call, Echo("s" * 300, [bytes(32)] * 32), ROUNDS),
            "1 MB": _rate(call, Echo("s" * 300, [bytes(10**6)]), 200),
            "20 MB": _rate(call, Echo("s" * 300, [bytes(20 * 10**6)]), 10),
        }
    finally:
        server.terminate()
        server.join()


def main() -> None:
    """Measure every candidate that is installed and print JSON."""
    results = {}
    for name, (serve, connect) in CANDIDATES.items():
        try:
            results[name] = {what: round(rate, 1) for what, rate in measure(serve, connect).items()}
        except ImportError:
            results[name] = {"not installed": 0.0}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
