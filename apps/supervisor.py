"""Starts and stops the zones through supervisord, which restarts a zone that died.

supervisord runs as our child, in a session of its own (so that Ctrl-C reaches us alone and we stop the rest in order),
and is told by the kernel when we are gone. It has no control socket: nobody manages the zones but the process that
started them. Its configuration holds no secret.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps.installation import CARETAKER, Installation
from apps.serving import die_with_parent
from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Sequence

_STOP_SECONDS: Final = 2  # a zone that has not ended by itself after so long is killed
_GIVE_UP_SECONDS: Final = 3.5

_GENERAL: Final = """\
[supervisord]
nodaemon=true
silent=true
umask=077
user={user}
logfile={logs}/supervisor.log
logfile_maxbytes=10MB
logfile_backups=2
pidfile={run}/supervisord.pid
childlogdir={logs}

[group:paraph]
programs={programs}
"""
_PROGRAM: Final = """
[program:{name}]
command={command}
autorestart=true
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs={stop}
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


class NotRunning(DomainError):
    """The supervisor ended by itself."""


class AlreadyRunning(DomainError):
    """The zones of this installation run already, under another supervisor."""


class Supervisor:
    """The running zones of one installation, and its caretaker."""

    def __init__(self, installation: Installation, zones: Sequence[str]) -> None:
        self._installation = installation
        self._programs = (*zones, CARETAKER)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start all zones; they are not ready yet when this returns.

        Raises:
            AlreadyRunning: they run already.
        """
        state = self._installation.settings().state_dir.absolute()
        refuse_a_second(state / "run" / "supervisord.pid")
        for folder in (state / "run", state / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = state / "run" / "supervisord.conf"
        config.write_text(self.configuration(state))
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, our own file
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509  # no thread runs here yet
        )

    def configuration(self, state: Path) -> str:
        """Return supervisord's configuration file."""
        values = {"logs": _text(state / "logs"), "run": _text(state / "run"), "stop": _STOP_SECONDS}
        parts = [
            _GENERAL.format(
                user=os.getuid(),
                programs=",".join(self._programs),
                **values,
            )
        ]
        for name in self._programs:
            command = zone_command(self._installation, name)
            parts.append(_PROGRAM.format(name=name, command=_text(shlex.join(command)), **values))
        return "".join(parts)

    def wait(self) -> None:
        """Return only when the supervisor has ended by itself.

        Raises:
            NotRunning: it has.
        """
        if self._process is not None:
            self._process.wait()
            raise NotRunning(f"the supervisor ended with code {self._process.returncode}; see logs/supervisor.log")

    @property
    def alive(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop all zones, within five seconds; none is left when this returns."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # the kernel then ends the zones, and their workers with them
            process.wait()


def zone_command(installation: Installation, name: str) -> list[str]:
    """Return the command line of one zone's process: its module alone, so that it loads nothing of the others."""
    return [sys.executable, "-m", f"apps.{name}", *installation.arguments()]


def _text(value: object) -> str:
    """Return a value as supervisord's configuration takes it, which expands percent signs."""
    return str(value).replace("%", "%%")


def refuse_a_second(pidfile: Path) -> None:
    """Check that no supervisor runs under this pid file.

    Raises:
        AlreadyRunning: one does.
    """
    try:
        pid = int(pidfile.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"supervisord" in command and str(pidfile.parent).encode() in command:
        raise AlreadyRunning(f"process {pid} runs the zones of this installation already")
