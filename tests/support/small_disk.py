"""A disk that is soon full: a small file system of its own where this user may mount one, else a limit on file sizes."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path


@dataclass(frozen=True)
class SmallDisk:
    """Full or not, as `fill` says. Where it is no file system of its own, every file of this process is limited."""

    fill: Callable[[bool], None]
    its_own: bool


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[SmallDisk]:
    """Put a folder, with the files in it, on a small disk for the length of the block."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=755", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        try:
            yield SmallDisk(_limit, its_own=False)
        finally:
            _limit(full=False)
        return
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        yield SmallDisk(partial(_fill, folder / "filler"), its_own=True)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(filler: Path, full: bool) -> None:  # full or not
    if not full:
        filler.unlink()
        return
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def _limit(full: bool) -> None:  # full or not
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN if full else signal.SIG_DFL)
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 if full else hard, hard))
