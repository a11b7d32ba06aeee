"""A throw-away instance of Paraph: every zone as a real process, on free ports, in a short folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apps.health import check_all, wait_until_healthy
from apps.init import initialise
from apps.installation import DEFAULT_CONFIG, Installation
from apps.ports import own_ports
from apps.run import zones_of
from apps.supervisor import Supervisor
from core.config import Settings

START_SECONDS = 120.0


@dataclass
class Instance:
    """A running instance. `paraph()` runs the command on it; `stop()` ends it and removes its folder."""

    installation: Installation
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def settings(self) -> Settings:
        return self.installation.settings()

    @property
    def state(self) -> Path:
        return self.settings.state_dir

    def paraph(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `paraph` on this instance and return what it said."""
        done = subprocess.run(self._command(*arguments), capture_output=True, text=True, check=False, timeout=180)
        if check and done.returncode:
            raise AssertionError(f"paraph {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self) -> None:
        """Start all zones with `paraph run` and return when each has proved that it works."""
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command("run"), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        process = self.process
        wait_until_healthy(self.settings, zones_of(self.settings), START_SECONDS, lambda: process.poll() is None)
        self._wait_for_provisioning()

    def _wait_for_provisioning(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if "Demo account" in self.said():
                return
            time.sleep(0.1)
        raise AssertionError(self.said())

    def said(self) -> str:
        """Return what `paraph run` printed."""
        return (self.folder / "run.log").read_text(encoding="utf-8")

    def health(self) -> dict[str, str]:
        return check_all(self.settings, zones_of(self.settings))

    def zone_pid(self, zone: str) -> int | None:
        """Return the process id of a zone's gunicorn master; None while there is none."""
        found = (pid for pid, line in _processes(self.state) if f"apps.{zone}" in line and not _is_worker(pid))
        return next(found, None)

    def worker_pids(self, zone: str) -> list[int]:
        return [pid for pid, line in _processes(self.state) if f"apps.{zone}" in line and _is_worker(pid)]

    def processes(self) -> list[int]:
        """Return every process that belongs to this instance."""
        return [pid for pid, _line in _processes(self.state)]

    def demo_password(self) -> str:
        return str(json.loads((self.state / "portal" / "demo.json").read_bytes())["password"])

    def stop(self) -> float:
        """Stop all zones; return how many seconds it took."""
        process, self.process = self.process, None
        if process is None:
            return 0.0
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return time.monotonic() - began

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "apps.cli", *self.installation.arguments(), *arguments]


def make_instance(*laid_over: str, start: bool = True, initialised: bool = True) -> Instance:
    """Return a new instance, initialised with fast keys; `laid_over` are settings as `section.key=value`."""
    folder = Path(tempfile.mkdtemp(prefix="paraph-", dir="/tmp"))  # a unix socket's path must be short
    settings = (
        *own_ports(),
        "ca.key=ec-p384",  # RSA-4096 keys take seconds to make
        *laid_over,
    )
    instance = Instance(Installation(DEFAULT_CONFIG, folder / "s", settings), folder)
    try:
        if initialised:
            initialise(instance.settings, lambda _text: None)
        if start:
            instance.start()
    except BaseException:
        print(instance.said() if (folder / "run.log").exists() else "")  # noqa: T201  # pytest shows it
        instance.remove()
        raise
    return instance


@contextmanager
def running(installation: Installation, *zones: str) -> Iterator[None]:
    """Have some zones of an installation run, each healthy."""
    supervisor = Supervisor(installation, zones)
    supervisor.start()
    try:
        wait_until_healthy(installation.settings(), zones, START_SECONDS, lambda: supervisor.alive)
        yield
    finally:
        supervisor.stop()


def _processes(state: Path) -> list[tuple[int, str]]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(state) in line and int(path.name) != os.getpid():
                found.append((int(path.name), line))
    return sorted(found)


def _is_worker(pid: int) -> bool:
    """Return whether a process has the same command line as its parent: gunicorn's workers are forks."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return Path(f"/proc/{pid}/cmdline").read_bytes() == Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return False
