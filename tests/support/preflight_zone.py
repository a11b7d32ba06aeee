"""A real `preflight` zone: its own processes behind their socket, with the limits asked for."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from channel.client import Channel
from core.entropy import SystemEntropy
from core.errors import DomainError
from preflight.client import PreflightClient
from preflight.protocol import PREFLIGHT
from preflight.verdict import generate_verdict_key


@dataclass(frozen=True)
class RunningZone:
    """The zone's client, its public key, its log, and the processes that work now."""

    client: PreflightClient
    public_pem: bytes
    log: Path
    master: int

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(number) for number in children.split()]


@contextmanager
def preflight_zone(*, seconds: int = 4, memory_bytes: int = 1_200_000_000, workers: int = 1) -> Iterator[RunningZone]:
    """Run the zone for the length of a block."""
    folder = Path(tempfile.mkdtemp(prefix="pf-"))
    (folder / "preflight").mkdir(mode=0o700)
    public = generate_verdict_key(folder / "preflight" / "verdict.key", SystemEntropy())
    limits = {"seconds": seconds, "memory_bytes": memory_bytes, "workers": workers}
    options = [part for key, value in limits.items() for part in ("--set", f"preflight.{key}={value}")]
    command = [sys.executable, "-m", "apps.preflight", "--state-dir", str(folder), *options]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        client = PreflightClient(Channel(PREFLIGHT, folder / "run" / "preflight" / "socket"))
        _wait(client, process, log)
        yield RunningZone(client, public, log, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _wait(client: PreflightClient, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            client.prove()
        except DomainError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
