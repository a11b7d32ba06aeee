"""A real Kannel, configured as docs/sms.md says, with its fake message centre, and a phone at that centre."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from apps.ports import free_ports

DOCUMENTED = re.search(
    r"<!-- tests/interop/test_kannel.py[^\n]*\n```text\n(.*?)```",
    Path("docs/sms.md").read_text(encoding="utf-8"),
    re.DOTALL,
)[1]
PASSWORD = "sendsms-password-of-this-test"
CENTRE = """
group = smsc
smsc = fake
smsc-id = FAKE
host = 127.0.0.1
port = {centre}
connect-allow-ip = 127.0.0.1
"""


class Kannel:
    """Bearerbox and smsbox on free ports, everything they write in one folder."""

    def __init__(self, folder: Path) -> None:
        for name in ("bearerbox", "smsbox"):
            assert shutil.which(name), "Kannel is not installed: tools/bootstrap dev"
        self.folder = folder
        (folder / "spool").mkdir(parents=True)
        admin, boxes, self.port, self.centre = free_ports(4)
        self._boxes = boxes
        self._config = folder / "kannel.conf"
        changes = {
            "= 13000": f"= {admin}", "= 13001": f"= {boxes}", "= 13013": f"= {self.port}",
            "/var/spool/kannel": str(folder / "spool"), "/var/log/kannel": str(folder), "CHANGE-SENDSMS": PASSWORD,
        }  # fmt: skip
        text = DOCUMENTED
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        self._config.write_text(text + CENTRE.format(centre=self.centre))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def start(self) -> None:
        for name, port in (("bearerbox", self._boxes), ("smsbox", self.port)):
            with (self.folder / f"{name}.out").open("ab") as out:
                self._processes.append(
                    subprocess.Popen(
                        [name, "-v", "4", str(self._config)],
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=out,
                        cwd=self.folder,
                    )
                )
            _until_listening(port).close()

    def stop(self) -> None:
        processes, self._processes = self._processes[::-1], []
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def written(self) -> str:
        """Return all that Kannel wrote to logs and output: its configuration and its message store are no logs."""
        files = [path for path in self.folder.iterdir() if path.is_file() and path != self._config]
        assert len(files) >= 4
        return "\n".join(path.read_text(encoding="latin-1") for path in files)


class PhoneAtCentre:
    """A phone connected to the fake message centre; while there is none, the centre is away."""

    def __init__(self, kannel: Kannel) -> None:
        self._socket = _until_listening(kannel.centre)
        self._socket.settimeout(None)
        self._received = b""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(65_536):
                self._received += data

    def messages(self, count: int, seconds: float = 20.0) -> list[tuple[str, str, str]]:
        """Return sender, receiver and text of each message that ends with a code, once so many have come."""
        deadline = time.monotonic() + seconds
        while True:
            pieces = re.split(r"^(\S+) (\+\d+) text ", self._received.decode(), flags=re.MULTILINE)[1:]
            every = zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
            found = [(sender, to, text[:-1]) for sender, to, text in every if re.search(r"#\d{8}\n$", text)]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, self._received
            time.sleep(0.02)

    def hang_up(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


def _until_listening(port: int) -> socket.socket:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            assert time.monotonic() < deadline, port
            time.sleep(0.05)
